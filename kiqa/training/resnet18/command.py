"""The command line of the distillation of a ResNet-18.

Public names: `COMMAND`.
"""

from pathlib import Path

from kiqa.arguments import Output, add_output, add_text
from kiqa.training.resnet18.settings import DistillationSettings
from kiqa.training.runs.command import TrainingCommand
from kiqa.training.runs.parts import chosen_parts


def _add_options(parser):
    group = parser.add_argument_group("distillation")
    add_text(group, "--teacher", "NAME|FILE", "DIQaM or WaDIQaM without reference, or lite",
        default="wadiqam_nr")  # fmt: skip
    add_output(
        group, "--packed", Output.SHARED, "DIR", "folder for the decoded images, which runs can "
        "share (default: packed in --workdir)", type=Path, default=None,
    )  # fmt: skip


def _train(parts, settings, run, arguments):
    from kiqa.training.resnet18.train import distil_resnet18

    train, validation, test = parts
    return distil_resnet18(
        train, validation, settings, test=test, teacher=arguments.teacher,
        packed=arguments.packed, initial=arguments.initial, **run,
    )  # fmt: skip


COMMAND = TrainingCommand(
    name="train_resnet18", settings=DistillationSettings,
    prepare=chosen_parts, train=_train, add_options=_add_options,
    summary="Train a ResNet-18 on the features of another network, to start PaQ-2-PiQ from.",
    initial="ResNet-18 to start from, such as resnet18.h5 of an earlier run (default: random "
    "weights)",
)  # fmt: skip
