"""The command line of Patchnet's training from MOS.

Public names: `COMMAND`.
"""

import argparse

from kiqa.training.patchnet_mos.settings import PRESETS, MosSettings
from kiqa.training.runs.command import TrainingCommand
from kiqa.training.runs.parts import add_unrated, unrated_images
from kiqa.training.runs.teaching.command import add_teaching, taught_parts


def _add_options(parser):
    add_unrated(parser)
    add_teaching(parser)


def _prepare(arguments: argparse.Namespace, settings: MosSettings):
    """Images of train, val and test, and those without a score."""
    return *taught_parts(arguments, settings), unrated_images(arguments)


def _train(prepared, settings, run, arguments):
    from kiqa.training.patchnet_mos.train import train_patchnet_mos

    train, validation, test, unrated = prepared
    return train_patchnet_mos(
        train, validation, settings, test=test, unrated=unrated, initial=arguments.initial, **run
    )


COMMAND = TrainingCommand(
    name="train_patchnet_mos", settings=MosSettings, presets=PRESETS,
    preset_without=("rated", ("unrated",)),
    prepare=_prepare, train=_train, add_options=_add_options,
    summary="Train Patchnet on whole images with MOS, and on locally distorted copies of them.",
    initial="Patchnet to start from (default: random weights)",
)  # fmt: skip
