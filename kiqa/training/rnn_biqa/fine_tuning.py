"""Fine-tune RNN-BIQA's feature extractor on distributions of votes.

The working folder then holds ``rnn_features.h5`` (the extractor, without its
head) and the files of `kiqa.training.runs.run`.

Public names: `fine_tune`, `compile_extractor`.

References:
    Korhonen et al. 2021, section 4.2.
"""

import functools
import os
from collections.abc import Sequence
from typing import Unpack

import keras
import numpy as np

from kiqa.data.label_distributions import bins_of_records
from kiqa.data.records import ScoredImage
from kiqa.data.trained import trained_on
from kiqa.io.weights import TrainingPart, export_h5
from kiqa.models.rnn_features import BINS, build_extractor, without_head
from kiqa.training.rnn_biqa.patches import epoch_plan, expected_scores, patch_count, patch_pool
from kiqa.training.rnn_biqa.settings import FineTuningSettings
from kiqa.training.rnn_biqa.start import freeze_until, start_extractor
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.optimizers import compile_model, momentum
from kiqa.training.runs.origin import described
from kiqa.training.runs.replicas import whole_batch
from kiqa.training.runs.run import RunOptions, Training, run_training
from kiqa.training.runs.seeding import model_seed

EXTRACTOR_FILE = "rnn_features.h5"


def fine_tune(
    train: Sequence[ScoredImage],
    settings: FineTuningSettings,
    *,
    validation: Sequence[ScoredImage] = (),
    test: Sequence[ScoredImage] = (),
    initial: str | os.PathLike | None = None,
    keep_bytes: int = 4 * 2**30,
    **run: Unpack[RunOptions],
) -> dict:
    """Train a feature extractor, or with 0 epochs only build it.

    Args:
        train: Images to train on; those without a standard deviation need
            ``assumed_sd``. With 0 epochs neither is needed.
        settings: What decides the numbers.
        validation: Images that are predicted after each epoch, and choose it
            with ``keep="best"``; may be empty.
        test: Images of the test part; none of their content is trained on.
        initial: See `kiqa.training.rnn_biqa.start.start_extractor`.
        keep_bytes: Memory for decoded images.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The result: last or best epoch with its numbers, seconds; with 0
        epochs only that.

    Raises:
        ValueError: If images or deviations are missing, a content is in two
            parts, a layer or the initial weights do not fit, or the folder
            holds another run. Where settings are wrong, no run is begun.
        OSError: If a file cannot be read or written.
    """
    _check(train, validation, settings)
    parts = {"train": train, "val": validation, "test": test}
    rated = train if settings.epochs else ()  # which only builds the network
    bins = bins_of_records(rated, assumed_sd=settings.assumed_sd)

    @functools.cache
    def pool(part):
        return patch_pool([record.path for record in parts[part]], keep_bytes=keep_bytes)

    def plan(epoch):
        return epoch_plan(
            pool("train"),
            bins,
            batch_size=settings.batch_size,
            rotations=settings.rotations,
            patches=settings.patches,
            seed=settings.seed,
            epoch=epoch,
        )

    def validate(model):
        total = patch_count(pool("train"), rotations=settings.rotations, patches=settings.patches)
        steps = int(model.optimizer.iterations.numpy())
        numbers = {"patches": total * (steps // -(-total // settings.batch_size))}
        if not validation:
            return numbers
        wanted = np.array([record.mos01 for record in validation])
        return score_numbers(expected_scores(model, pool("val")), wanted) | numbers

    training = Training(
        settings=settings,
        parts={part: [_row(record) for record in records] for part, records in parts.items()},
        build=lambda: compile_extractor(settings, initial=initial),
        plan=plan,
        validate=validate,
        export=lambda model, folder: _export(
            model, folder / EXTRACTOR_FILE, train, validation, settings, initial
        ),
        monitor="val_srocc" if settings.keep == "best" else None,
        initial=initial,
    )
    return run_training(training, **run)


def compile_extractor(
    settings: FineTuningSettings, *, initial: str | os.PathLike | None = None
) -> keras.Model:
    """Build the extractor with its head, its first layers frozen.

    Args:
        settings: What decides the numbers.
        initial: See `fine_tune`.

    Returns:
        Compiled model of patches to the probabilities of five categories.

    Raises:
        ValueError: If a layer or the initial weights do not fit.
        FileNotFoundError: If there are no such weights.
    """
    model = build_extractor(
        settings.backbone,
        pooled_stages=settings.pooled_stages,
        seed=model_seed(settings.seed),
    )
    start_extractor(model, settings.backbone, initial)
    freeze_until(model, settings.backbone, settings.frozen_until)
    for variable in model.trainable_variables:
        if variable.name == "kernel" and settings.l2:  # its gradient is l2 times the weight
            variable.regularizer = keras.regularizers.L2(settings.l2 / 2)
    compile_model(
        model,
        optimizer=momentum(
            settings.learning_rate,
            momentum=settings.momentum,
            factor=settings.head_rate,
            special=model.get_layer(BINS).trainable_variables,
        ),
        loss=whole_batch(_cross_entropy),
    )
    return model


def _cross_entropy(target, predicted):
    return keras.ops.mean(keras.losses.categorical_crossentropy(target, predicted))


def _row(record):
    return {
        "image_name": record.name,
        "content": record.content,
        "score": record.mos01,
        "sd": record.sd,
    }


def _export(model, path, train, validation, settings, initial):
    """Write the extractor, in float32 whatever it was trained in."""
    seen: tuple[TrainingPart, ...] = ()
    if settings.epochs:
        seen = trained_on(train, validation, scores="human", about="distributions of votes")
    assumed = settings.epochs and any(record.sd is None for record in train)
    export_h5(
        without_head(model),
        path,
        described(
            "rnn_features",
            seen,
            initial,
            scale="features, at least 0",
            mode="rnn-features",
            backbone=settings.backbone,
            assumed_sd=settings.assumed_sd if assumed else None,
        ),
    )


def _check(train, validation, settings):
    if settings.epochs and not train:
        raise ValueError("Expected images to train on. Received: none. Or use 0 epochs.")
    if settings.keep == "best" and settings.epochs and len(validation) < 3:
        raise ValueError(
            f"Expected at least 3 validation images with keep='best'. Received: {len(validation)}."
        )
