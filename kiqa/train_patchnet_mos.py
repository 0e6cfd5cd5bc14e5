"""Train Patchnet on photographs' MOS: ``python -m kiqa.train_patchnet_mos``.

This is how ``weights/patchnet.h5`` was made; its card in ``docs/`` gives the
command, the time and the scores. Exit status: 0 done; 2 usage or input
error; 130 interrupted by Ctrl-C.
"""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from kiqa.startup import start_keras
from kiqa.training.patchnet_mos.settings import LossWeights, MosSettings
from kiqa.training.runs.commands import (
    add_data,
    add_run,
    add_settings,
    given_settings,
    run_training,
)
from kiqa.training.runs.options import PRECISIONS

# Settings that have an option of the same name; the defaults are the
# shipped network's.
_NUMBERS = {
    "seed": (int, "seed of initial weights, pieces and distortions"),
    "photographs": (int, "rated photographs a step"),
    "pieces": (int, "pieces a rated photograph"),
    "side": (int, "side of a piece in pixels, 64 plus a multiple of 8"),
    "copies": (int, "distorted copies a step"),
    "unrated_pieces": (int, "pieces of unrated photographs a step, without --unrated none"),
    "unrated_quality": (float, "pseudo-score of unrated photographs, 0 to 1"),
    "epochs": (int, "epochs; the learning rate falls to zero over them"),
    "warmup_steps": (int, "steps over which the learning rate rises"),
    "learning_rate": (float, "highest learning rate"),
    "weight_decay": (float, "AdamW's decoupled weight decay"),
}
_LOSSES = ("image", "cell", "correlation", "distortion")


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
        prog="python -m kiqa.train_patchnet_mos",
        description="Train Patchnet on whole photographs with MOS, and on locally distorted "
        "copies of them.",
        argument_default=argparse.SUPPRESS,  # only what was given overrides the settings
        epilog="Exit status: 0 done, 2 usage or input error, 130 interrupted.",
    )
    add_data(parser)
    parser.add_argument(
        "--unrated", type=Path, metavar="FOLDER", default=None,
        help="photographs without scores, as pristine as can be had",
    )  # fmt: skip
    parser.add_argument(
        "--unrated-split", metavar="FILE|NAME", default=None,
        help="split of --unrated, of which only train is used (default: the folder's split.csv; "
        "without one, all its photographs)",
    )  # fmt: skip
    add_run(parser)
    shipped = MosSettings()
    add_settings(parser, shipped, numbers=_NUMBERS)
    for name in _LOSSES:
        parser.add_argument(
            f"--{name}-loss", type=float, metavar="WEIGHT",
            help=f"weight of the {name} term (default: {getattr(shipped.losses, name)})",
        )  # fmt: skip
    parser.add_argument("--precision", choices=PRECISIONS, help="default: float32")
    return parser


def _run(arguments):
    from kiqa.data.chosen import scored_parts
    from kiqa.data.folders import photographs_in

    train, validation = scored_parts(
        arguments.dataset, arguments.data, ("train", "val"), split=arguments.split
    )
    folder, split = arguments.unrated, arguments.unrated_split
    if folder is None and split is not None:
        raise ValueError("Expected --unrated-split together with --unrated. Received: it alone.")
    unrated = [] if folder is None else photographs_in(folder, chosen="train", split=split)

    # Keras is loaded here, not for --help or wrong data.
    start_keras()
    from kiqa.training.patchnet_mos.train import train_patchnet_mos

    given = given_settings(arguments, MosSettings)
    if folder is None:
        given.setdefault("unrated_pieces", 0)
    weights = {
        name: getattr(arguments, f"{name}_loss")
        for name in _LOSSES
        if hasattr(arguments, f"{name}_loss")
    }
    settings = MosSettings(**given, losses=dataclasses.replace(LossWeights(), **weights))
    return train_patchnet_mos(
        train,
        validation,
        settings,
        unrated=unrated,
        workdir=arguments.workdir,
        resume=arguments.resume,
        progress=True,
        report=_say,
    )


def _say(text):
    sys.stderr.write(f"train_patchnet_mos: {' '.join(text.split())}\n")


if __name__ == "__main__":
    sys.exit(main())
