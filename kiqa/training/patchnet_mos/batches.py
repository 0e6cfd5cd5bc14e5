"""Pieces of images, and locally distorted copies of them, as batches.

All randomness comes from the batch's generator, so that a batch can be made
again, alone and in any order.

Public names: `random_piece`, `distorted_copy`, `epoch_plan`.
"""

import numpy as np

from kiqa.constants import PATCHNET
from kiqa.data.distortions import distort, random_rectangle
from kiqa.data.distortions.severity import quality_kept
from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.training.patchnet_mos.settings import MosSettings
from kiqa.training.runs.images import ImageStore
from kiqa.training.runs.seeding import epoch_rng

# The network's stride and what it sees of a patch, in pixels.
STRIDE = 8
SEEN = 60

# Levels are drawn log-uniformly between the first two numbers; the third is
# the mild and the fourth the severe level of `quality_kept`, the part of its
# quality that a fully distorted cell keeps. Ours.
RANGES = {
    "gaussian_blur": (0.8, 7.0, 0.7, 3.0),
    "gaussian_noise": (5.0, 48.0, 4.0, 25.0),
    "jpeg": (4.0, 60.0, 75.0, 12.0),
}
AREA = (0.15, 0.85)  # of the piece that is distorted ...
WHOLE = 0.7  # ... unless, so often, all of it is


def random_piece(pixels: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a square piece at a random place, mirrored half of the time.

    Args:
        pixels: Image, sides at least ``side``.
        side: Side of the piece in pixels.
        rng: Source of randomness.

    Returns:
        ``uint8`` of shape (side, side, 3).
    """
    top, left = (int(rng.integers(0, length - side + 1)) for length in pixels.shape[:2])
    piece = pixels[top : top + side, left : left + side]
    return piece[:, ::-1] if rng.random() < 0.5 else piece


def distorted_copy(piece: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Distort a piece, or a random rectangle of it.

    Args:
        piece: ``uint8`` of shape (side, side, 3).
        rng: Source of randomness.

    Returns:
        The copy, and for each cell of its map the part of its quality that
        should be left: 1 where the network sees no distorted pixel.
    """
    kind = list(RANGES)[rng.integers(len(RANGES))]
    low, high, mild, severe = RANGES[kind]
    level = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    if kind == "jpeg":
        level = round(level)
    kept = quality_kept(level, mild=mild, severe=severe)
    piece = np.ascontiguousarray(piece)
    side = len(piece)
    area = (1.0, 1.0) if rng.random() < WHOLE else AREA
    top, left, rows, columns = random_rectangle(side, side, area=area, rng=rng)
    inside = np.s_[top : top + rows, left : left + columns]
    copy = piece.copy()
    copy[inside] = distort(piece, kind, level, rng=rng)[inside]
    starts = np.arange(0, side - PATCHNET.patch + 1, STRIDE)
    covered = np.outer(_overlap(starts, top, rows), _overlap(starts, left, columns)) / SEEN**2
    return copy, (1 - covered * (1 - kept)).astype(np.float32)


def _overlap(starts, begin, length):
    """Pixels that the windows from ``starts`` share with an interval."""
    shared = np.minimum(starts + SEEN, begin + length) - np.maximum(starts, begin)
    return np.maximum(shared, 0)


def epoch_plan(
    images: ImageStore,
    mos: np.ndarray,
    settings: MosSettings,
    *,
    unrated: ImageStore,
    epoch: int,
) -> EpochPlan:
    """Plan the batches of an epoch; each rated image occurs once at most.

    Args:
        images: Rated images, at least ``settings.batch_size`` of them; what
            is left over waits for the next epoch, whose order is another.
        mos: Their MOS in [0, 1], shape (n,).
        settings: What a batch holds, and the seed.
        unrated: Images without a score.
        epoch: Epoch, counted from 0.

    Returns:
        Batches of ``uint8`` pixels, first the pieces of rated images, then
        those of unrated ones, then the distorted copies of the last of all
        these, of shape (batch_size * pieces + unrated_pieces + copies, side,
        side, 3); and targets as `kiqa.training.patchnet_mos.losses.piece_loss`
        takes them.
    """
    side, seed = settings.side, settings.seed
    cells = (side - PATCHNET.patch) // STRIDE + 1
    order = shuffled(len(images.paths), epoch_rng(seed, epoch=epoch))

    def cut(pixels, rng):
        return [random_piece(pixels, side, rng) for _ in range(settings.pieces)]

    def batch(samples, chosen, rng):
        cut = [piece for pieces in samples for piece in pieces]
        wanted = mos[chosen].repeat(settings.pieces)
        targets = [np.full((cells, cells), value) for value in wanted]
        for _ in range(settings.unrated_pieces):
            index = int(rng.integers(len(unrated.paths)))
            cut.append(random_piece(unrated.pixels(index), side, rng))
            targets.append(np.full((cells, cells), settings.unrated_quality))
        first = len(cut) - settings.copies
        for piece, target in zip(cut[first:], targets[first:], strict=True):
            copy, left = distorted_copy(piece, rng)
            cut.append(copy)
            targets.append(target * left)
        return np.stack(cut), np.stack(targets)[..., np.newaxis].astype(np.float32)

    return EpochPlan(
        order=in_batches(order, settings.batch_size, whole=True),
        read=images.pixels,
        augment=cut,
        batch=batch,
        signature=(
            ArraySpec("uint8", (None, side, side, 3)),
            ArraySpec("float32", (None, cells, cells, 1)),
        ),
        generator=lambda number: epoch_rng(seed, number, epoch=epoch),
    )
