"""Crops of pictures with a teacher's features, and the scores of whole pictures.

All randomness comes from (seed, epoch, step).

Public names: `crop`, `crop_batches`, `rate_pictures`.
"""

from collections.abc import Iterator

import keras
import numpy as np

from kiqa.constants import PAQ2PIQ
from kiqa.maps.wadiqam import simple_average, weighted_average
from kiqa.training.resnet18.teacher import TeacherFeatures
from kiqa.training.runs.ahead import made_ahead
from kiqa.training.runs.packed import PackedImages
from kiqa.training.runs.seeding import epoch_rng

_RATED_TOGETHER = 8


def crop_batches(
    pictures: PackedImages,
    hints: TeacherFeatures,
    *,
    side: int,
    batch: int,
    steps: int,
    seed: int,
    epoch: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the batches of an epoch; each picture occurs once at most.

    Args:
        pictures: Training pictures.
        hints: The teacher's features of them.
        side: Pixels a side of the crops.
        batch: Crops a step.
        steps: Steps.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0.

    Yields:
        Crops and features as `crop` returns them, stacked. The next steps are
        made in the background.
    """
    order = epoch_rng(seed, epoch=epoch).permutation(len(pictures))

    def make(step):
        rng = epoch_rng(seed, step, epoch=epoch)
        some = order[step * batch : (step + 1) * batch]
        parts = [crop(pictures.pixels(i), hints.grid(i), side=side, rng=rng) for i in some]
        return tuple(np.stack(part) for part in zip(*parts, strict=True))

    yield from made_ahead(make, range(steps))


def crop(
    pixels: np.ndarray, features: np.ndarray, *, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Take a random crop that begins in the middle of a patch, half of the time mirrored.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        features: The teacher's, (H // 32, W // 32, c).
        side: Pixels a side, a multiple of 32, at most those of the patches
            less 32.
        rng: Source of randomness.

    Returns:
        ``uint8`` of shape (side, side, 3), and ``float32`` of shape (side //
        32, side // 32, c): at (i, j) those of the patch whose centre is pixel
        (32 i, 32 j) of the crop; in the first row and column half of it lies
        outside. A mirrored crop's centres are those of pixel columns 32 j
        from the right.
    """
    patch = PAQ2PIQ.stride
    cells = side // patch
    row, column = (int(rng.integers(count - cells)) for count in features.shape[:2])
    top, left = (patch * place + patch // 2 for place in (row, column))
    part = pixels[top : top + side, left : left + side]
    mirrored = rng.random() < 0.5
    hints = features[row : row + cells, column + mirrored : column + cells + mirrored]
    if mirrored:
        part, hints = part[:, ::-1], hints[:, ::-1]
    return part, hints.astype(np.float32)


def rate_pictures(rater: keras.Model, pictures: PackedImages) -> np.ndarray:
    """Rate whole pictures by the student's features and the teacher's head.

    Args:
        rater: From pictures to ``quality`` and perhaps ``weight`` of all
            their cells, (cells, 1).
        pictures: The pictures.

    Returns:
        ``float64`` of shape (n,), 0..100.
    """
    scores = np.empty(len(pictures))
    shapes = {}
    for index, size in enumerate(pictures.sizes):
        shapes.setdefault(size, []).append(index)
    for members in shapes.values():
        for at in range(0, len(members), _RATED_TOGETHER):
            some = members[at : at + _RATED_TOGETHER]
            said = rater.predict_on_batch(np.stack([pictures.pixels(index) for index in some]))
            rows = {name: value.reshape(len(some), -1) for name, value in said.items()}
            for number, index in enumerate(some):
                qualities = rows["quality"][number]
                if "weight" in rows:
                    scores[index] = 100 * weighted_average(qualities, rows["weight"][number])
                else:
                    scores[index] = 100 * simple_average(qualities)
    return scores
