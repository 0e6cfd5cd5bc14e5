"""Train the aggregator on map stacks: batches by resolution or mixed, best epoch kept.

The stacks (FISH, gray, Patchnet; `kiqa.maps.stack`) are computed before and
read from files. The working folder then holds ``aggregator.h5`` and the files
of `kiqa.training.runs.run`; ``images.csv`` names the stacks.

Runs on any Keras backend; several devices need TensorFlow.

Public names: `train_aggregator`.

References:
    Thesis, section 5.4.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np
from scipy.stats import rankdata

from kiqa.data.records import ScoredImage
from kiqa.io.weights import Companion, TrainingPart, export_h5
from kiqa.training.aggregator.batches import epoch_plan, pretext_targets, training_order
from kiqa.training.aggregator.items import StackItem, read_stacks
from kiqa.training.aggregator.network import compile_aggregator, network_of, predict_scores
from kiqa.training.aggregator.settings import AggregatorSettings
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.origin import described
from kiqa.training.runs.parts import require_enough
from kiqa.training.runs.run import RunOptions, Training, run_training

WEIGHTS_FILE = "aggregator.h5"


def train_aggregator(
    train: Sequence[StackItem],
    validation: Sequence[StackItem],
    settings: AggregatorSettings,
    *,
    details: Mapping,
    trained_on: Sequence[TrainingPart],
    test: Sequence[ScoredImage] = (),
    initial: str | os.PathLike | None = None,
    **run: Unpack[RunOptions],
) -> dict:
    """Train the aggregator.

    Args:
        train: Stacks to train on, several versions of an image or one.
        validation: Stacks that choose the epoch, one an image.
        settings: What decides the numbers.
        details: How the stacks were made, as
            `kiqa.training.aggregator.stacks.StackSource.details` says it;
            goes into the weights file.
        trained_on: Which images these are, from `kiqa.data.trained`; goes
            there too.
        test: Images of the test part; none of their content is trained on.
        initial: ``None`` for random weights, ``"imagenet"``, a file of an
            aggregator to start from, or ``"patchnet-map"``: random weights
            that let the best region of the Patchnet map through
            (`kiqa.training.aggregator.start`).
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        ValueError: If there are too few stacks, a content is in two parts, or
            the folder holds another run.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    require_enough(train, validation, settings, what="stacks")
    batches = training_order(train, batch_size=settings.batch_size)
    if left := len(train) - sum(map(len, batches)):
        run.get("report", lambda message: None)(
            f"{left} of {len(train)} stacks are left out of each epoch: alone in a batch"
        )
    targets, wanted = _targets(train, settings), _wanted(validation, settings)

    def plan(epoch):
        return epoch_plan(
            train, targets, batch_size=settings.batch_size, flip=settings.flip_maps,
            crop=settings.crop_maps, noise=settings.noise_maps, seed=settings.seed, epoch=epoch,
        )  # fmt: skip

    training = Training(
        settings=settings,
        parts={
            "train": [_row(item) for item in train],
            "val": [_row(item) for item in validation],
            "test": [{"image_name": image.name, "content": image.content} for image in test],
        },
        build=lambda: compile_aggregator(train, settings, initial=initial),
        plan=plan,
        validate=lambda model: score_numbers(
            predict_scores(model, validation, batch_size=settings.batch_size), wanted
        ),
        export=lambda model, folder: _export(
            model, folder, settings, details=details, trained_on=trained_on, initial=initial
        ),
        initial=initial,
        data={"stacks": dict(details)},
        extendable=settings.schedule != "cosine",
    )
    return run_training(training, **run)


def _row(item):
    return {
        "image_name": item.name,
        "content": item.content,
        "stack": os.path.basename(item.path),
        "target": item.target,
    }


def _targets(train, settings):
    """Scores, with their ranks beside them where the loss asks for ranks; none in pretraining."""
    if settings.target == "percentile":
        return None
    targets = np.array([[item.target] for item in train], np.float32)
    if settings.correlation_with == "ranks":
        ranks = rankdata([item.target for item in train])[:, None] / len(train)
        targets = np.concatenate([targets, ranks.astype(np.float32)], axis=1)
    return targets


def _wanted(validation, settings):
    """What the validation stacks should be rated, of shape (n,)."""
    if settings.target == "percentile":
        return np.array([pretext_targets(read_stacks([item]))[0, 0] for item in validation])
    return np.array([item.target for item in validation])


def _export(model, folder, settings, *, details, trained_on, initial):
    best = network_of(settings)
    best.set_weights(model.get_weights())
    export_h5(
        best,
        folder / WEIGHTS_FILE,
        described(
            "aggregator",
            trained_on,
            initial,
            mode="aggregator",
            pooling=settings.pooling,
            maps=tuple(details["maps"]),
            stride=details["stride"],
            fish=details["fish"],
            companions={"patchnet": Companion(**details["patchnet"])},
        ),
    )
