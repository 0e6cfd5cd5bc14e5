"""Random patches of images, with or without their references, as batches.

All randomness comes from (seed, epoch, step), so that a step can be made
again, alone and in any order.

Public names: `PatchSource`, `patch_source`, `random_patches`, `epoch_plan`,
`network_inputs`, `fixed_patches`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kiqa.constants import WADIQAM
from kiqa.data.patches import cut_patches, grid_shape
from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.training.runs.images import ImageStore
from kiqa.training.runs.seeding import epoch_rng

_FIXED = 2**32 - 1  # the place of validation patches in the seed's stream


@dataclass(frozen=True, eq=False)
class PatchSource:
    """Images to cut patches from.

    Attributes:
        images: The images to rate.
        references: Their references, in the same order, or ``None``.
    """

    images: ImageStore
    references: ImageStore | None = None

    def __len__(self):
        return len(self.images.paths)

    def pixels(self, index: int) -> list[np.ndarray]:
        """Return an image, and its reference if there are references.

        Raises:
            ValueError: If a file cannot be read or is too small, or an image
                and its reference differ in size.
        """
        found = [self.images.pixels(index)]
        if self.references is not None:
            found.append(self.references.pixels(index))
            if found[0].shape != found[1].shape:
                paths = [store.paths[index] for store in (self.images, self.references)]
                sizes = [f"{image.shape[1]}x{image.shape[0]}" for image in found]
                raise ValueError(
                    f"Expected an image and its reference of one size. Received: {paths[0]}, "
                    f"{sizes[0]}, and {paths[1]}, {sizes[1]}. Correct the pair."
                )
        return found


def patch_source(
    images: Sequence[Path], references: Sequence[Path] | None = None, *, keep_bytes: int
) -> PatchSource:
    """Make a source of files.

    Args:
        images: Files of the images to rate.
        references: Files of their references, or ``None``; a file may occur
            often.
        keep_bytes: Memory for decoded images; others are decoded each time.

    Returns:
        The source.
    """
    share = keep_bytes // (1 if references is None else 2)
    stores = [
        ImageStore(paths, smallest=WADIQAM.patch, keep_bytes=share)
        for paths in (images, references)
        if paths is not None
    ]
    return PatchSource(*stores)


def random_patches(
    pixels: Sequence[np.ndarray], count: int, *, flip: bool, rng: np.random.Generator
) -> list[np.ndarray]:
    """Cut patches at random places, the same in every image of a list.

    Args:
        pixels: Images of one size, ``uint8`` of shape (H, W, 3).
        count: Number of patches; places are drawn with replacement.
        flip: Mirror half of the patches.
        rng: Source of randomness.

    Returns:
        For each image ``uint8`` of shape (count, P, P, 3).
    """
    patch = WADIQAM.patch
    room = grid_shape(*pixels[0].shape[:2], patch=patch, stride=1)
    places = rng.integers(0, room, (count, 2))
    mirrored = rng.random(count) < 0.5 if flip else np.zeros(count, bool)
    result = []
    for image in pixels:
        patches = cut_patches(image, places, patch)
        patches[mirrored] = patches[mirrored, :, ::-1]
        result.append(patches)
    return result


def epoch_plan(
    source: PatchSource,
    targets: np.ndarray,
    *,
    batch_size: int,
    patches: int,
    flip: bool,
    seed: int,
    epoch: int,
) -> EpochPlan:
    """Plan the batches of an epoch; each image occurs once at most.

    Args:
        source: Images.
        targets: Of shape (n, k), a row per image.
        batch_size: Images in a batch; what is left over waits for the next
            epoch, whose order is another.
        patches: Patches an image.
        flip: Mirror half of the patches.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0.

    Returns:
        Batches of one input for each input of the network, ``uint8`` of shape
        (batch_size * patches, P, P, 3), patches of one image together, and
        targets, ``float32`` of shape (batch_size * patches, k).
    """
    order = shuffled(len(source), epoch_rng(seed, epoch=epoch))

    def cut(pixels, rng):
        return random_patches(pixels, patches, flip=flip, rng=rng)

    def batch(samples, chosen, rng):
        inputs = [np.concatenate(parts) for parts in zip(*samples, strict=True)]
        rated = targets[chosen].repeat(patches, axis=0).astype(np.float32)
        return network_inputs(inputs), rated

    pixels = ArraySpec("uint8", (None, WADIQAM.patch, WADIQAM.patch, 3))
    return EpochPlan(
        order=in_batches(order, batch_size, whole=True),
        read=source.pixels,
        augment=cut,
        batch=batch,
        signature=(
            network_inputs([pixels] * (1 if source.references is None else 2)),
            ArraySpec("float32", (None, targets.shape[1])),
        ),
        generator=lambda number: epoch_rng(seed, number, epoch=epoch),
    )


def network_inputs(inputs: Sequence) -> Any:
    """Return the inputs as Keras takes them: one alone, or a tuple of several."""
    return inputs[0] if len(inputs) == 1 else tuple(inputs)


def fixed_patches(source: PatchSource, count: int, *, seed: int) -> list[np.ndarray]:
    """Draw the validation patches, once for all epochs.

    Args:
        source: Images.
        count: Patches an image.
        seed: The experiment's seed.

    Returns:
        For each input of the network ``uint8`` of shape (n * count, P, P, 3),
        patches of one image together.
    """
    cut = []
    for index in range(len(source)):
        rng = epoch_rng(seed, index, epoch=_FIXED)
        cut.append(random_patches(source.pixels(index), count, flip=False, rng=rng))
    return [np.concatenate(parts) for parts in zip(*cut, strict=True)]
