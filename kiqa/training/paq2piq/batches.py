"""Images, padded or cropped to one size, with rectangles and scores, as batches.

All randomness comes from (seed, epoch, batch), so that a batch can be made
again, alone and in any order.

A batch is ``uint8`` pixels (n, side, side, 3), rectangles (n, m, 4) in pixels
of these, and targets (n, m): first the image's, then its patches'. A patch
that is not wholly in the crop, or not there, has no target (NaN) and a
rectangle that the network can pool, the image's.

Public names: `ImageSet`, `place_image`, `placed_rois`, `epoch_plan`, `whole_image`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kiqa.constants import PAQ2PIQ
from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.training.paq2piq.tasks import RatedImage
from kiqa.training.runs.packed import PackedImages
from kiqa.training.runs.seeding import epoch_rng

WHITE = 255


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with their pixels.

    Attributes:
        tasks: The images.
        store: Their pixels, in the same order.
    """

    tasks: Sequence[RatedImage]
    store: PackedImages

    def __len__(self):
        return len(self.tasks)


def place_image(
    pixels: np.ndarray, side: int, *, rng: np.random.Generator | None
) -> tuple[np.ndarray, np.ndarray]:
    """Pad an image with white to a square, or crop it.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        side: Side of the square. On an axis where the image is smaller it
            lies in the middle, ``(side - length) // 2`` pixels of white
            before it; where it is larger, a part is taken.
        rng: Chooses the part; ``None`` takes the middle.

    Returns:
        ``uint8`` of shape (side, side, 3), and how far the image was moved
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
    task: RatedImage,
    size: tuple[int, int],
    side: int,
    moved: np.ndarray,
    *,
    patches: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rectangles of a placed image and their targets.

    Args:
        task: The image.
        size: Its ``(height, width)``.
        side: Side of the square it was placed on.
        moved: As `place_image` returned it.
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


def epoch_plan(
    images: ImageSet,
    *,
    batch_size: int,
    accumulate: int,
    side: int,
    patches: int | None,
    flip: bool,
    seed: int,
    epoch: int,
) -> EpochPlan:
    """Plan the batches of an epoch; each image occurs once at most.

    Args:
        images: Training images.
        batch_size: Images in an update; what is left over waits for the next
            epoch, whose order is another.
        accumulate: Parts in which the images of an update are computed; each
            is a batch of the plan.
        side: Side of the network's input.
        patches: Patches of each image; ``None`` for P2P-BM, which takes no
            rectangles.
        flip: Mirror half of the images.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0.

    Returns:
        Batches of pixels and rectangles, or pixels alone, and targets, as in
        the module's text.
    """
    order = shuffled(len(images), epoch_rng(seed, epoch=epoch))
    whole = len(order) // batch_size * batch_size
    count = 1 + (patches or 0)

    def read(index):
        return images.tasks[index], images.store.pixels(index)

    def place(sample, rng):
        task, pixels = sample
        canvas, moved = place_image(pixels, side, rng=rng)
        rois, targets = placed_rois(task, pixels.shape[:2], side, moved, patches=count - 1, rng=rng)
        if flip and rng.random() < 0.5:
            canvas = canvas[:, ::-1]
            rois[:, [0, 2]] = side - rois[:, [2, 0]]
        return canvas, rois, targets

    def batch(samples, chosen, rng):
        pixels, rois, targets = (np.stack(part) for part in zip(*samples, strict=True))
        return _inputs(pixels, rois, patches), targets

    return EpochPlan(
        order=in_batches(order[:whole], batch_size // accumulate),
        read=read,
        augment=place,
        batch=batch,
        signature=(
            _inputs(
                ArraySpec("uint8", (None, side, side, 3)),
                ArraySpec("float32", (None, count, 4)),
                patches,
            ),
            ArraySpec("float32", (None, count)),
        ),
        generator=lambda number: epoch_rng(seed, number, epoch=epoch),
    )


def _inputs(pixels, rois, patches):
    """What the network takes: pixels and rectangles, or pixels alone."""
    return pixels if patches is None else (pixels, rois)


def whole_image(
    task: RatedImage, pixels: np.ndarray, *, side: int | None, feedback: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return an image as it is validated, with its rectangles.

    Args:
        task: The image.
        pixels: ``uint8`` of shape (H, W, 3).
        side: Pad it to such a square if it fits in; ``None`` never does.
        feedback: Add three patches for P2P-FM, the image's own or, if it
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
        pixels, moved = place_image(pixels, side, rng=None)
        rois = rois + np.tile(moved, 2)
    return pixels, rois
