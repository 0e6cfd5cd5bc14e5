"""Train a ResNet-18 to start PaQ-2-PiQ from: ``python -m kiqa.train_resnet18``.

For those without ImageNet's weights: the network learns the features of a
trained WaDIQaM on pictures (`kiqa.training.distillation`). Then
``python -m kiqa.train_paq2piq --initial WORKDIR/resnet18.h5``. Exit status: 0
done; 2 usage or input error; 130 interrupted by Ctrl-C.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kiqa.data import DATASETS
from kiqa.data.chosen import scored_parts
from kiqa.scoring.quiet import start_keras
from kiqa.training.commands import run_training
from kiqa.training.settings import PRECISIONS

_NUMBERS = {
    "seed": (int, "seed of initial weights and crops"),
    "side": (int, "pixels a side of the crops"),
    "batch_size": (int, "crops a step"),
    "epochs": (int, "epochs, one crop of each picture in each"),
    "learning_rate": (float, "Adam's at first; it falls along a cosine"),
    "quality_weight": (float, "weight of the quality's error beside the features'"),
}


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
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--dataset", choices=sorted(DATASETS), required=True, help="which one")
    parser.add_argument(
        "--split", metavar="FILE|NAME", default=None,
        help="split with train and val (default: the data set's own)",
    )  # fmt: skip
    parser.add_argument(
        "--teacher", metavar="NAME|FILE", default="wadiqam_nr",
        help="DIQaM or WaDIQaM without reference (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--workdir", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--packed", type=Path, metavar="FOLDER", default=None,
        help="folder for the decoded pictures, which runs can share (default: in --workdir)",
    )  # fmt: skip
    parser.add_argument("--resume", action="store_true", default=False, help="continue the run")
    for name, (kind, meaning) in _NUMBERS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N", help=meaning)
    parser.add_argument("--precision", choices=PRECISIONS, help="Keras dtype policy")
    return parser


def _run(arguments):
    train, validation = scored_parts(
        arguments.dataset, arguments.data, ("train", "val"), split=arguments.split
    )
    # Keras is loaded here, not for --help or wrong data.
    start_keras()
    from kiqa.training.distillation import DistillationSettings, distil_resnet18

    names = (*_NUMBERS, "precision")
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return distil_resnet18(
        train,
        validation,
        DistillationSettings(**given),
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
