"""Pictures, padded or cropped to one size, with rectangles and scores, as batches.

All randomness comes from (seed, epoch, step), so that a step can be made
again, alone and in any order.

A batch is ``uint8`` pixels (n, side, side, 3), rectangles (n, m, 4) in pixels
of these, and targets (n, m): first the picture's, then its patches'. A patch
that is not wholly in the crop, or not there, has no target (NaN) and a
rectangle that the network can pool, the picture's.

Public names: `PictureSet`, `place_picture`, `epoch_batches`, `whole_picture`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kiqa.constants import PAQ2PIQ
from kiqa.training.paq2piq.tasks import RatedPicture
from kiqa.training.runs.ahead import made_ahead
from kiqa.training.runs.packed import PackedImages
from kiqa.training.runs.seeding import epoch_rng

WHITE = 255


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures with their pixels.

    Attributes:
        tasks: The pictures.
        store: Their pixels, in the same order.
    """

    tasks: Sequence[RatedPicture]
    store: PackedImages

    def __len__(self):
        return len(self.tasks)


def place_picture(
    pixels: np.ndarray, side: int, *, rng: np.random.Generator | None
) -> tuple[np.ndarray, np.ndarray]:
    """Pad a picture with white to a square, or crop it.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        side: Side of the square. On an axis where the picture is smaller it
            lies in the middle, ``(side - length) // 2`` pixels of white
            before it; where it is larger, a part is taken.
        rng: Chooses the part; ``None`` takes the middle.

    Returns:
        ``uint8`` of shape (side, side, 3), and how far the picture was moved
        to the right and down, ``float32`` of shape (2,).

    References:
        Ying et al. 2020, section 4.1.
    """
    canvas = np.full((side, side, 3), WHITE, np.uint8)
    source, target, moved = [], [], []
    for length in pixels.shape[:2]:
        room = length - side
        if room <= 0:
            begin = -room // 2
            source.append(slice(0, length))
            target.append(slice(begin, begin + length))
            moved.append(begin)
        else:
            begin = room // 2 if rng is None else int(rng.integers(room + 1))
            source.append(slice(begin, begin + side))
            target.append(slice(0, side))
            moved.append(-begin)
    canvas[tuple(target)] = pixels[tuple(source)]
    return canvas, np.array(moved[::-1], np.float32)


def placed_rois(
    task: RatedPicture,
    size: tuple[int, int],
    side: int,
    moved: np.ndarray,
    *,
    patches: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rectangles of a placed picture and their targets.

    Args:
        task: The picture.
        size: Its ``(height, width)``.
        side: Side of the square it was placed on.
        moved: As `place_picture` returned it.
        patches: Patches wanted; of more that are inside, so many at random,
            in their order.
        rng: Source of randomness.

    Returns:
        ``float32`` of shapes (1 + patches, 4) and (1 + patches,).
    """
    height, width = size
    whole = np.array([0, 0, width, height], np.float32) + np.tile(moved, 2)
    whole = np.clip(whole, 0, side)
    rois = np.tile(whole, (1 + patches, 1))
    targets = np.full(1 + patches, np.nan, np.float32)
    targets[0] = task.score
    if patches and len(task.patches):
        there = task.patches + np.tile(moved, 2)
        inside = np.flatnonzero((there >= 0).all(axis=1) & (there <= side).all(axis=1))
        if len(inside) > patches:
            inside = np.sort(rng.choice(inside, patches, replace=False))
        rois[1 : 1 + len(inside)] = there[inside]
        targets[1 : 1 + len(inside)] = task.patch_scores[inside]
    return rois, targets


def epoch_batches(
    pictures: PictureSet,
    *,
    batch: int,
    steps: int,
    side: int,
    patches: int,
    flip: bool,
    seed: int,
    epoch: int,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the batches of an epoch; each picture occurs once at most.

    Args:
        pictures: Training pictures.
        batch: Pictures a step.
        steps: Steps; what is left over waits for the next epoch, whose order
            is another.
        side: Side of the network's input.
        patches: Patches of each picture.
        flip: Mirror half of the pictures.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0.

    Yields:
        Pixels, rectangles and targets as in the module's text. The next
        steps are made in the background.
    """
    order = epoch_rng(seed, epoch=epoch).permutation(len(pictures))

    def make(step):
        rng = epoch_rng(seed, step, epoch=epoch)
        parts = []
        for index in order[step * batch : (step + 1) * batch]:
            task, pixels = pictures.tasks[index], pictures.store.pixels(index)
            canvas, moved = place_picture(pixels, side, rng=rng)
            rois, targets = placed_rois(
                task, pixels.shape[:2], side, moved, patches=patches, rng=rng
            )
            if flip and rng.random() < 0.5:
                canvas = canvas[:, ::-1]
                rois[:, [0, 2]] = side - rois[:, [2, 0]]
            parts.append((canvas, rois, targets))
        return tuple(np.stack(part) for part in zip(*parts, strict=True))

    yield from made_ahead(make, range(steps))


def whole_picture(
    task: RatedPicture, pixels: np.ndarray, *, side: int | None, feedback: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture as it is validated, with its rectangles.

    Args:
        task: The picture.
        pixels: ``uint8`` of shape (H, W, 3).
        side: Pad it to such a square if it fits in; ``None`` never does.
        feedback: Add three patches for P2P-FM, the picture's own or, if it
            has no three, the authors' fixed ones.

    Returns:
        ``uint8`` pixels and ``float32`` rectangles, (1, 4) or (4, 4).
    """
    height, width = pixels.shape[:2]
    rois = np.array([[0, 0, width, height]], np.float32)
    if feedback:
        patches = task.patches[: PAQ2PIQ.patches]
        if len(patches) < PAQ2PIQ.patches:
            patches = np.array(PAQ2PIQ.default_patches) * [width, height, width, height]
        rois = np.concatenate([rois, patches]).astype(np.float32)
    if side is not None and max(height, width) <= side:
        pixels, moved = place_picture(pixels, side, rng=None)
        rois = rois + np.tile(moved, 2)
    return pixels, rois
