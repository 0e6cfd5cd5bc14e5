"""The command line of the training of `lite`.

Public names: `COMMAND`.
"""

import argparse

from kiqa.training.lite.settings import LiteSettings
from kiqa.training.runs.command import TrainingCommand
from kiqa.training.runs.parts import add_unrated, chosen_parts, unrated_images


def _prepare(arguments: argparse.Namespace, settings: LiteSettings):
    """Images of train, val and test, and those without a score."""
    return *chosen_parts(arguments, settings), unrated_images(arguments)


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
    preset="shipped",
    prepare=_prepare,
    train=_train,
    add_options=add_unrated,
    initial="imagenet, random, or a lite to train on, such as lite (default: imagenet)",
)
