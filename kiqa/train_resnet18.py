"""Train a ResNet-18 to start PaQ-2-PiQ from: ``python -m kiqa.train_resnet18``.

For those without ImageNet's weights: the network learns the features of a
trained WaDIQaM on pictures (`kiqa.training.resnet18.train`). Then
``python -m kiqa.train_paq2piq --initial WORKDIR/resnet18.h5``. Exit status: 0
done; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kiqa.data.chosen import scored_parts
from kiqa.startup import start_keras
from kiqa.training.resnet18.settings import DistillationSettings
from kiqa.training.runs.commands import (
    add_data,
    add_run,
    add_settings,
    given_settings,
    run_training,
)
from kiqa.training.runs.options import PRECISIONS

_NUMBERS = {
    "seed": (int, "seed of initial weights and crops"),
    "side": (int, "pixels a side of the crops"),
    "batch_size": (int, "crops a step"),
    "epochs": (int, "epochs, one crop of each picture in each"),
    "learning_rate": (float, "Adam's at first; it falls along a cosine"),
    "quality_weight": (float, "weight of the quality's error beside the features'"),
}
_CHOICES = {"precision": (PRECISIONS, "Keras dtype policy")}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; ``None`` takes
            `sys.argv`.

    Returns:
        The exit status.
    """
    return run_training(_run, _parser().parse_args(argv), say=_say)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m kiqa.train_resnet18",
        description="Train a ResNet-18 on the features of a WaDIQaM, to start PaQ-2-PiQ from.",
        argument_default=argparse.SUPPRESS,
        epilog="Exit status: 0 done, 2 usage or input error, 130 interrupted.",
    )
    add_data(parser)
    parser.add_argument(
        "--teacher", metavar="NAME|FILE", default="wadiqam_nr",
        help="DIQaM or WaDIQaM without reference (default: %(default)s)",
    )  # fmt: skip
    add_run(parser)
    parser.add_argument(
        "--packed", type=Path, metavar="FOLDER", default=None,
        help="folder for the decoded pictures, which runs can share (default: in --workdir)",
    )  # fmt: skip
    add_settings(parser, DistillationSettings(), numbers=_NUMBERS, choices=_CHOICES)
    return parser


def _run(arguments):
    settings = DistillationSettings(**given_settings(arguments, DistillationSettings))
    train, validation = scored_parts(
        arguments.dataset, arguments.data, ("train", "val"), split=arguments.split
    )
    # Keras is loaded here, not for --help or wrong data.
    start_keras()
    from kiqa.training.resnet18.train import distil_resnet18

    return distil_resnet18(
        train,
        validation,
        settings,
        teacher=arguments.teacher,
        workdir=arguments.workdir,
        packed=arguments.packed,
        resume=arguments.resume,
        progress=True,
        report=_say,
    )


def _say(text):
    sys.stderr.write(f"train_resnet18: {' '.join(text.split())}\n")


if __name__ == "__main__":
    sys.exit(main())
