"""The training of a learned comparator.

The working folder then holds ``NAME.h5`` and the files of
`kiqa.training.runs.run`. Runs on any Keras backend; several devices need
TensorFlow.

Public names: `train_regression`, `epoch_plan`.
"""

import os
from collections.abc import Sequence
from typing import Unpack

import keras
import numpy as np

from kiqa.data.patches import random_positions
from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.data.records import ScoredImage
from kiqa.data.trained import trained_on
from kiqa.io.weights.details import ALL_PATCHES
from kiqa.training.comparators.regression.forms import Form
from kiqa.training.comparators.regression.settings import RegressionSettings
from kiqa.training.comparators.run import run_comparator
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.images import ImageStore
from kiqa.training.runs.parts import require_enough
from kiqa.training.runs.replicas import predict_batch
from kiqa.training.runs.run import RunOptions
from kiqa.training.runs.seeding import epoch_rng


def train_regression(
    form: Form,
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage],
    settings: RegressionSettings,
    *,
    test: Sequence[ScoredImage] = (),
    initial: str | os.PathLike | None = None,
    keep_bytes: int = 4 * 2**30,
    **run: Unpack[RunOptions],
) -> dict:
    """Train a network on pieces of rated images.

    Args:
        form: Of the network.
        train: Images to train on, a batch at least.
        validation: Images that choose the epoch, by the SROCC of their means over
            all pieces that do not overlap; 3 at least.
        settings: What decides the numbers.
        test: Images of the test part; none of their content is trained on.
        initial: Name or file of such a network to start from; ``None`` is random
            weights.
        keep_bytes: Memory for decoded images.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        ValueError: If there are too few images, one is too small, a content is in
            two parts, or the folder holds another run.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    require_enough(train, validation, settings)
    images, held_out = (
        ImageStore([r.path for r in records], smallest=form.side, keep_bytes=keep_bytes // 2)
        for records in (train, validation)
    )
    mos, wanted = (
        np.array([r.mos01 for r in records], np.float32) for records in (train, validation)
    )

    def validate(model: keras.Model):
        means = [
            float(predict_batch(model, form.all_pieces(held_out.pixels(i))).mean())
            for i in range(len(validation))
        ]
        return score_numbers(np.array(means, np.float32), wanted)

    return run_comparator(
        form,
        {"train": train, "val": validation, "test": test},
        settings,
        plan=lambda epoch: epoch_plan(form, images, mos, settings, epoch=epoch),
        validate=validate,
        seen=trained_on(train, validation, scores="human", about="MOS of whole images"),
        initial=initial,
        run=run,
        pooling="mean",
        patch_grid=ALL_PATCHES,
    )


def epoch_plan(
    form: Form, images: ImageStore, mos: np.ndarray, settings: RegressionSettings, *, epoch: int
) -> EpochPlan:
    """Plan the batches of an epoch; each image occurs once at most.

    Args:
        form: Of the network.
        images: At least ``settings.batch_size`` of them; what is left over waits for
            the next epoch, whose order is another.
        mos: Their scores in 0..1, shape (n,).
        settings: What a batch holds, and the seed.
        epoch: Epoch, counted from 0.

    Returns:
        Batches of pieces, ``float32`` (batch_size * pieces, side, side, planes), and
        the scores of their images, (batch_size * pieces, 1).
    """
    order = shuffled(len(images.paths), epoch_rng(settings.seed, epoch=epoch))

    def cut(pixels, rng):
        height, width = pixels.shape[:2]
        positions = random_positions(height, width, settings.pieces, patch=form.side, rng=rng)
        return form.pieces_at(pixels, positions)

    def batch(samples, chosen, rng):
        return np.concatenate(samples), np.repeat(mos[chosen], settings.pieces)[:, None]

    return EpochPlan(
        order=in_batches(order, settings.batch_size, whole=True),
        read=images.pixels,
        augment=cut,
        batch=batch,
        signature=(
            ArraySpec("float32", (None, form.side, form.side, form.planes)),
            ArraySpec("float32", (None, 1)),
        ),
        generator=lambda number: epoch_rng(settings.seed, number, epoch=epoch),
    )
