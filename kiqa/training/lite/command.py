"""The command line of the training of `lite`.

Loads no Keras, so that ``--help`` and wrong options answer at once.

Public names: `main`.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from kiqa.data import DATASETS
from kiqa.data.chosen import scored_parts
from kiqa.scoring.quiet import start_keras
from kiqa.training.commands import run_training
from kiqa.training.lite.settings import LiteSettings


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; ``None`` takes
            `sys.argv`.

    Returns:
        The exit status: 0 done, 2 usage or input error, 130 interrupted.
    """
    return run_training(_run, _parser().parse_args(argv), say=_say)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m kiqa.train_lite",
        description="Train the scorer lite: EfficientNet-Lite with ImageNet's weights, its later "
        "stages tuned to mean opinion scores beside the frozen ones.",
        epilog="Exit status: 0 done, 2 usage or input error, 130 interrupted.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--dataset", choices=sorted(DATASETS), required=True, help="which one")
    parser.add_argument(
        "--split", metavar="FILE|NAME", help="split with train and val (default: the data set's)"
    )
    parser.add_argument(
        "--unrated", type=Path, metavar="DIR",
        help="folder of undistorted images without a MOS, to be degraded",
    )  # fmt: skip
    parser.add_argument(
        "--unrated-split", metavar="FILE|NAME",
        help="split of that folder, whose train part is taken (default: its split.csv, else all)",
    )  # fmt: skip
    parser.add_argument("--workdir", type=Path, required=True, help="folder of the run")
    parser.add_argument("--resume", action="store_true", help="continue the run in --workdir")
    for each in fields(LiteSettings):
        choices = each.metadata["choices"]
        parser.add_argument(
            f"--{each.name.replace('_', '-')}",
            type=type(each.default),
            default=each.default,
            choices=choices,
            metavar=None if choices else "N",
            help=f"{each.metadata['help']} (default: %(default)s)",
        )
    return parser


def _run(arguments):
    settings = LiteSettings(
        **{each.name: getattr(arguments, each.name) for each in fields(LiteSettings)}
    )
    train, validation = scored_parts(
        arguments.dataset, arguments.data, ("train", "val"), split=arguments.split
    )
    unrated = _unrated(arguments.unrated, arguments.unrated_split)
    # Keras is loaded here, not for --help or wrong data.
    start_keras()
    from kiqa.training.lite.train import train_lite

    return train_lite(
        train,
        validation,
        settings,
        workdir=arguments.workdir,
        unrated=unrated,
        resume=arguments.resume,
        progress=True,
        report=_say,
    )


def _unrated(folder, split):
    """Files of undistorted images, or none."""
    if folder is None:
        if split is not None:
            raise ValueError("Expected --unrated DIR with --unrated-split.")
        return []
    from kiqa.data.folders import photographs_in

    return photographs_in(folder, split=split, chosen="train")


def _say(text):
    sys.stderr.write(f"train_lite: {' '.join(text.split())}\n")
