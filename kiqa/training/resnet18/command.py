"""The command line of the distillation of a ResNet-18.

Public names: `COMMAND`.
"""

from pathlib import Path

from kiqa.training.resnet18.settings import DistillationSettings
from kiqa.training.runs.command import TrainingCommand, chosen_parts


def _add_options(parser):
    group = parser.add_argument_group("distillation")
    group.add_argument(
        "--teacher", metavar="NAME|FILE", default="wadiqam_nr",
        help="DIQaM or WaDIQaM without reference (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--packed", type=Path, metavar="FOLDER", default=None,
        help="folder for the decoded images, which runs can share (default: in --workdir)",
    )  # fmt: skip


def _train(parts, settings, run, arguments):
    from kiqa.training.resnet18.train import distil_resnet18

    train, validation, test = parts
    return distil_resnet18(
        train,
        validation,
        settings,
        teacher=arguments.teacher,
        test=test,
        packed=arguments.packed,
        initial=arguments.initial,
        **run,
    )


COMMAND = TrainingCommand(
    name="train_resnet18",
    summary="Train a ResNet-18 on the features of a WaDIQaM, to start PaQ-2-PiQ from.",
    settings=DistillationSettings,
    prepare=chosen_parts,
    train=_train,
    add_options=_add_options,
    initial="ResNet-18 to start from, such as resnet18.h5 of an earlier run (default: random "
    "weights)",
)
