"""An exported network against ours, on images made here.

The images have what photographs have: smooth places, edges, texture, noise. They
are of several sizes, from the smallest that a model takes. What is compared are a
network's outputs on the inputs that kiqa would feed it with.

Public names: `Difference`, `made_images`, `largest_difference`, `named_inputs`,
`outputs_of`, `TOLERANCE`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from kiqa.export.formats import Opened
from kiqa.export.parts import Part, System

TOLERANCE = 1e-4  # relative; ours
_LARGER = ((0, 0), (37, 160), (224, 131))  # pixels above the least height and width
_CELL = 16  # pixels, of the coarse structure


@dataclass(frozen=True)
class Difference:
    """How far an exported network is from ours.

    Attributes:
        relative: The largest difference of an output, over the largest magnitude
            of that output for the same image.
        absolute: The largest difference, in the output's units.
        shapes: Of the first input, for each comparison.
    """

    relative: float
    absolute: float
    shapes: tuple[tuple[int, ...], ...]


def made_images(least_side: int, *, count: int = 1) -> Iterator[tuple[np.ndarray, ...]]:
    """Make images of several sizes, the same ones each time.

    Args:
        least_side: Height and width of the smallest.
        count: Versions of each image, the second one noisier: an image and its
            reference.

    Yields:
        ``count`` arrays, ``uint8`` of shape (H, W, 3), RGB.
    """
    for seed, (taller, wider) in enumerate(_LARGER):
        rng = np.random.default_rng(seed)
        height, width = least_side + taller, least_side + wider
        cells = (-(-height // _CELL) + 1, -(-width // _CELL) + 1, 3)
        coarse = rng.integers(30, 226, cells).astype(np.float32)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        values = np.asarray(smooth, np.float64)
        values[height // 3 :, : width // 2] *= 0.6  # an edge
        texture = rng.normal(0, 25, (height, width, 1))
        values[: height // 2, width // 2 :] += texture[: height // 2, width // 2 :]
        noise = [rng.normal(0, 3 + 9 * number, values.shape) for number in range(count)]
        yield tuple(np.clip(values + each, 0, 255).astype(np.uint8) for each in noise)


def largest_difference(part: Part, opened: Opened, system: System) -> Difference:
    """Compare an exported network with ours.

    Args:
        part: Our network and what it is fed with.
        opened: The exported one.
        system: The model that the part belongs to.

    Returns:
        The largest difference over all images. A network of whole images is
        also given two at once, an image and its mirror image.

    Raises:
        ValueError: If an output has another shape than ours, or is not finite.
    """
    relative, absolute, shapes = 0.0, 0.0, []
    for images in made_images(system.least_side, count=2 if system.needs_reference else 1):
        inputs = part.feed(*images)
        if len(inputs[0]) == 1 and opened.batches:
            mirrored = part.feed(*[np.ascontiguousarray(image[:, ::-1]) for image in images])
            if [array.shape for array in mirrored] == [array.shape for array in inputs]:
                inputs = [np.concatenate(both) for both in zip(inputs, mirrored, strict=True)]
        shapes.append(inputs[0].shape)
        ours, theirs = outputs_of(part, inputs), opened.run(named_inputs(part, inputs))
        for own, other in zip(ours, _matched(ours, theirs, part), strict=True):
            gap = float(np.max(np.abs(own - other)))
            absolute = max(absolute, gap)
            relative = max(relative, gap / max(float(np.max(np.abs(own))), 1e-12))
    return Difference(relative, absolute, tuple(shapes))


def named_inputs(part: Part, inputs: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return inputs of a network by the names that they have in every format.

    Args:
        part: The network.
        inputs: Its inputs, in order.

    Returns:
        The same arrays.
    """
    return {tensor.name: array for tensor, array in zip(part.network.inputs, inputs, strict=True)}


def outputs_of(part: Part, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Run our network.

    Args:
        part: The network.
        inputs: Its inputs.

    Returns:
        Its outputs; of a dictionary in the order of its sorted keys.
    """
    import keras

    given = list(inputs) if len(inputs) > 1 else inputs[0]
    return [np.asarray(each) for each in keras.tree.flatten(part.network(given, training=False))]


def _matched(ours, theirs, part):
    """The other network's outputs, if they are of our shapes and finite."""
    shapes = [[each.shape for each in outputs] for outputs in (ours, theirs)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"Expected outputs of shapes {shapes[0]} of the exported {part.name}. Received: "
            f"{shapes[1]}."
        )
    if not all(np.isfinite(each).all() for each in theirs):
        raise ValueError(
            f"Expected finite outputs of the exported {part.name}. Received: some that are not."
        )
    return theirs
