"""The command line of Patchnet's training from MOS.

Public names: `COMMAND`.
"""

import argparse

from kiqa.training.patchnet_mos.settings import PRESETS, MosSettings
from kiqa.training.runs.command import (
    TrainingCommand,
    add_unrated,
    chosen_parts,
    unrated_images,
)


def _prepare(arguments: argparse.Namespace, settings: MosSettings):
    """Images of train, val and test, and those without a score."""
    return *chosen_parts(arguments, settings), unrated_images(arguments)


def _train(prepared, settings, run, arguments):
    from kiqa.training.patchnet_mos.train import train_patchnet_mos

    train, validation, test, unrated = prepared
    return train_patchnet_mos(
        train, validation, settings, test=test, unrated=unrated, initial=arguments.initial, **run
    )


COMMAND = TrainingCommand(
    name="train_patchnet_mos", settings=MosSettings, presets=PRESETS,
    preset_without=("rated", ("unrated",)),
    prepare=_prepare, train=_train, add_options=add_unrated,
    summary="Train Patchnet on whole images with MOS, and on locally distorted copies of them.",
    initial="Patchnet to start from (default: random weights)",
)  # fmt: skip
