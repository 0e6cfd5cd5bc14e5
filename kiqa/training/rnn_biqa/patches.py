"""Patches of images in several rotations, with the distributions of their votes.

Public names: `PatchPool`, `patch_pool`, `epoch_plan`, `patch_count`,
`expected_scores`.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from kiqa.constants import RNN_BIQA
from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.data.resizing import at_least
from kiqa.maps.gaze import covering_positions
from kiqa.training.runs.images import ImageStore
from kiqa.training.runs.replicas import predict_batch
from kiqa.training.runs.seeding import epoch_rng

_PREDICTED = 32  # patches a run when validating


@dataclass(frozen=True, eq=False)
class PatchPool:
    """Images to cut patches from.

    Attributes:
        images: The images.
        positions: Of each image those of its patches, (n, 2).
    """

    images: ImageStore
    positions: Sequence[np.ndarray]

    def __len__(self):
        return len(self.positions)

    def patches(self, index: int, chosen: Sequence[int]) -> np.ndarray:
        """Return patches of an image, ``uint8`` of shape (n, 224, 224, 3)."""
        pixels, side = _enlarged(self.images.pixels(index)), RNN_BIQA.patch
        return np.stack(
            [
                pixels[row : row + side, col : col + side]
                for row, col in self.positions[index][chosen]
            ]
        )


def patch_pool(paths: Sequence[Path], *, keep_bytes: int) -> PatchPool:
    """Look at images and find the positions of their patches.

    Args:
        paths: Files of the images.
        keep_bytes: Memory for decoded images; others are decoded each time.

    Returns:
        The images with the positions of `kiqa.maps.gaze.covering_positions`
        at full resolution; images below a patch are enlarged.

    Raises:
        ValueError: If a file cannot be read.
        FileNotFoundError: If it is not there.
    """
    store = ImageStore(paths, smallest=1, keep_bytes=keep_bytes)

    def positions(index):
        return covering_positions(*_enlarged(store.pixels(index)).shape[:2])

    with ThreadPoolExecutor(2) as workers:
        return PatchPool(store, list(workers.map(positions, range(len(paths)))))


def epoch_plan(
    pool: PatchPool,
    targets: np.ndarray,
    *,
    batch_size: int,
    rotations: int,
    patches: int | None,
    seed: int,
    epoch: int,
) -> EpochPlan:
    """Plan the batches of an epoch; patches of all images are mixed.

    Args:
        pool: Images.
        targets: Of shape (n, k), a row per image.
        batch_size: Patches in a batch; the last one may be smaller.
        rotations: 1, 2 or 4: turned by 0; 0 and 180; or by all multiples of
            90 degrees.
        patches: So many of an image's patches, drawn for this epoch; ``None``
            is all.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0; order and choice follow from both.

    Returns:
        Batches of ``uint8`` (batch_size, 224, 224, 3) and targets,
        ``float32`` (batch_size, k).
    """
    rng, entries = epoch_rng(seed, epoch=epoch), []
    for index, positions in enumerate(pool.positions):
        chosen = np.arange(len(positions))
        if patches is not None and patches < len(positions):
            chosen = rng.permutation(len(positions))[:patches]
        entries += [
            (index, place, turn) for place in chosen for turn in range(0, 4, 4 // rotations)
        ]

    def turned(number):
        index, place, turn = entries[number]
        return np.rot90(pool.patches(index, [place])[0], turn)

    def batch(samples, chosen, rng):
        images = [entries[number][0] for number in chosen]
        return np.stack(samples), targets[images].astype(np.float32)

    return EpochPlan(
        order=in_batches(shuffled(len(entries), rng), batch_size),
        read=turned,
        batch=batch,
        signature=(
            ArraySpec("uint8", (None, RNN_BIQA.patch, RNN_BIQA.patch, 3)),
            ArraySpec("float32", (None, targets.shape[1])),
        ),
        generator=lambda number: epoch_rng(seed, number, epoch=epoch),
    )


def patch_count(pool: PatchPool, *, rotations: int, patches: int | None) -> int:
    """Return the patches of an epoch of `epoch_plan`, rotations counted."""
    counts = [len(positions) for positions in pool.positions]
    return rotations * sum(count if patches is None else min(count, patches) for count in counts)


def expected_scores(model: keras.Model, pool: PatchPool) -> np.ndarray:
    """Predict the scores of images: the mean of their patches' expected score.

    Args:
        model: Extractor with its head.
        pool: Images.

    Returns:
        ``float64`` of shape (n,), 0..1, from the middles of the categories.
    """
    edges = np.array(RNN_BIQA.bin_edges)
    middles = (edges[:-1] + edges[1:]) / 2 / edges[-1]
    scores, waiting, owners = np.zeros(len(pool)), [], []

    def run():
        bins = predict_batch(model, np.stack(waiting).astype(np.float32))
        np.add.at(scores, owners, bins @ middles)
        waiting.clear()
        owners.clear()

    for index in range(len(pool)):
        count = len(pool.positions[index])
        for patch in pool.patches(index, range(count)):  # decodes the image once
            waiting.append(patch)
            owners.append(index)
            if len(owners) == _PREDICTED:
                run()
    if owners:
        run()
    return scores / [len(positions) for positions in pool.positions]


def _enlarged(pixels):
    return at_least(pixels, RNN_BIQA.patch, small_images=RNN_BIQA.small_images)
