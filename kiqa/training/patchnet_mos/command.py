"""The command line of Patchnet's training from MOS.

Public names: `COMMAND`.
"""

import argparse

from kiqa.arguments import add_path, add_text
from kiqa.data.folders import photographs_in
from kiqa.training.patchnet_mos.settings import PRESETS, MosSettings
from kiqa.training.runs.command import TrainingCommand, chosen_parts


def _add_options(parser):
    data = parser.add_argument_group("images without scores")
    add_path(data, "--unrated", "FOLDER", "images without scores, as pristine as can be had "
        "(without it: --preset rated)")  # fmt: skip
    add_text(data, "--unrated-split", "FILE|NAME", "split of --unrated, of which only train is "
        "used (default: the folder's split.csv; without one, all its images)")  # fmt: skip


def _prepare(arguments: argparse.Namespace, settings: MosSettings):
    """Images of train, val and test, and those without a score."""
    folder, split = arguments.unrated, arguments.unrated_split
    if folder is None and split is not None:
        raise ValueError("Expected --unrated-split together with --unrated. Received: it alone.")
    parts = chosen_parts(arguments, settings)
    return *parts, [] if folder is None else photographs_in(folder, chosen="train", split=split)


def _train(prepared, settings, run, arguments):
    from kiqa.training.patchnet_mos.train import train_patchnet_mos

    train, validation, test, unrated = prepared
    return train_patchnet_mos(
        train, validation, settings, test=test, unrated=unrated, initial=arguments.initial, **run
    )


COMMAND = TrainingCommand(
    name="train_patchnet_mos", settings=MosSettings, presets=PRESETS,
    preset=lambda arguments: "rated" if arguments.unrated is None else "paper",
    prepare=_prepare, train=_train, add_options=_add_options,
    summary="Train Patchnet on whole images with MOS, and on locally distorted copies of them.",
    initial="Patchnet to start from (default: random weights)",
)  # fmt: skip
