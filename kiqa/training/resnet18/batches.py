"""Crops of images with a teacher's features, and the scores of whole images.

All randomness comes from (seed, epoch, step).

Public names: `crop`, `epoch_plan`, `rate_images`, `too_small`.
"""

import keras
import numpy as np

from kiqa.constants import PAQ2PIQ
from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.maps.wadiqam import simple_average, weighted_average
from kiqa.training.resnet18.teacher import TeacherFeatures
from kiqa.training.runs.packed import PackedImages
from kiqa.training.runs.seeding import epoch_rng

_RATED_TOGETHER = 8


def epoch_plan(
    images: PackedImages,
    hints: TeacherFeatures,
    *,
    side: int,
    batch_size: int,
    seed: int,
    epoch: int,
) -> EpochPlan:
    """Plan the batches of an epoch; each image occurs once at most.

    Args:
        images: Training images; of those that are `too_small` no crop is taken.
        hints: The teacher's features of them.
        side: Pixels a side of the crops.
        batch_size: Crops in a batch; what is left over waits for the next
            epoch, whose order is another.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0.

    Returns:
        Batches of crops, ``uint8`` of shape (batch_size, side, side, 3), and
        what to predict of their cells, ``float32``: standardised
        ``"features"``, (batch_size, side // 32, side // 32, c), and
        ``"quality"``, without the last axis.
    """
    large = np.setdiff1d(np.arange(len(images)), too_small(images, side=side))
    order = large[shuffled(len(large), epoch_rng(seed, epoch=epoch))]

    def batch(samples, chosen, rng):
        pixels, features, quality = (np.stack(part) for part in zip(*samples, strict=True))
        targets = {"features": hints.standardised(features), "quality": quality}
        return pixels, targets

    cells = side // PAQ2PIQ.stride
    return EpochPlan(
        order=in_batches(order, batch_size, whole=True),
        read=lambda index: (images.pixels(index), hints.grid(index), hints.qualities(index)),
        augment=lambda sample, rng: crop(*sample, side=side, rng=rng),
        batch=batch,
        signature=(
            ArraySpec("uint8", (None, side, side, 3)),
            {
                "features": ArraySpec("float32", (None, cells, cells, len(hints.mean))),
                "quality": ArraySpec("float32", (None, cells, cells)),
            },
        ),
        generator=lambda number: epoch_rng(seed, number, epoch=epoch),
    )


def too_small(images: PackedImages, *, side: int) -> list[int]:
    """Return the indices of images without room for a crop and a patch beside it."""
    return [index for index, size in enumerate(images.sizes) if min(size) < side + PAQ2PIQ.stride]


def crop(
    pixels: np.ndarray, *grids: np.ndarray, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Take a random crop that begins in the middle of a patch, half of the time mirrored.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        *grids: What the teacher says of each patch, (H // 32, W // 32) or
            with further axes.
        side: Pixels a side, a multiple of 32, at most those of the patches
            less 32.
        rng: Source of randomness.

    Returns:
        ``uint8`` of shape (side, side, 3), and of each grid ``float32`` of
        shape (side // 32, side // 32) and its further axes: at (i, j) that of
        the patch whose centre is pixel (32 i, 32 j) of the crop; in the first
        row and column half of it lies outside. A mirrored crop's centres are
        those of pixel columns 32 j from the right.
    """
    patch = PAQ2PIQ.stride
    cells = side // patch
    row, column = (int(rng.integers(count - cells)) for count in grids[0].shape[:2])
    top, left = (patch * place + patch // 2 for place in (row, column))
    part = pixels[top : top + side, left : left + side]
    mirrored = rng.random() < 0.5
    parts = [
        grid[row : row + cells, column + mirrored : column + cells + mirrored] for grid in grids
    ]
    if mirrored:
        part, parts = part[:, ::-1], [grid[:, ::-1] for grid in parts]
    return part, *(grid.astype(np.float32) for grid in parts)


def rate_images(rater: keras.Model, images: PackedImages) -> np.ndarray:
    """Rate whole images by the student's features and the teacher's head.

    Args:
        rater: From images to ``quality`` and perhaps ``weight`` of all their
            cells, (cells, 1).
        images: The images.

    Returns:
        ``float64`` of shape (n,), 0..100.
    """
    scores = np.empty(len(images))
    shapes = {}
    for index, size in enumerate(images.sizes):
        shapes.setdefault(size, []).append(index)
    for members in shapes.values():
        for at in range(0, len(members), _RATED_TOGETHER):
            batch = members[at : at + _RATED_TOGETHER]
            outputs = rater.predict_on_batch(np.stack([images.pixels(index) for index in batch]))
            rows = {name: value.reshape(len(batch), -1) for name, value in outputs.items()}
            for number, index in enumerate(batch):
                qualities = rows["quality"][number]
                if "weight" in rows:
                    scores[index] = 100 * weighted_average(qualities, rows["weight"][number])
                else:
                    scores[index] = 100 * simple_average(qualities)
    return scores
