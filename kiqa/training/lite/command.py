"""The command line of the training of `lite`.

Public names: `COMMAND`.
"""

import argparse
from pathlib import Path

from kiqa.data.folders import photographs_in
from kiqa.training.lite.settings import LiteSettings
from kiqa.training.runs.command import TrainingCommand, chosen_parts


def _add_options(parser):
    data = parser.add_argument_group("images without scores")
    data.add_argument(
        "--unrated", type=Path, metavar="FOLDER", default=None,
        help="undistorted images without scores, to be degraded",
    )  # fmt: skip
    data.add_argument(
        "--unrated-split", metavar="FILE|NAME", default=None,
        help="split of --unrated, of which only train is used (default: the folder's split.csv; "
        "without one, all its images)",
    )  # fmt: skip


def _prepare(arguments: argparse.Namespace, settings: LiteSettings):
    """Images of train, val and test, and those without a score."""
    folder, split = arguments.unrated, arguments.unrated_split
    if folder is None and split is not None:
        raise ValueError("Expected --unrated-split together with --unrated. Received: it alone.")
    parts = chosen_parts(arguments, settings)
    return *parts, [] if folder is None else photographs_in(folder, chosen="train", split=split)


def _train(prepared, settings, run, arguments):
    from kiqa.training.lite.train import train_lite

    train, validation, test, unrated = prepared
    initial = "imagenet" if arguments.initial is None else arguments.initial
    return train_lite(
        train, validation, settings, test=test, unrated=unrated, initial=initial, **run
    )


COMMAND = TrainingCommand(
    name="train_lite",
    summary="Train the scorer lite: EfficientNet-Lite with ImageNet's weights, its later stages "
    "tuned to mean opinion scores beside the frozen ones.",
    settings=LiteSettings,
    presets={"shipped": {}},
    preset=lambda arguments: "shipped",
    prepare=_prepare,
    train=_train,
    add_options=_add_options,
    initial="imagenet, or random (default: imagenet)",
)
