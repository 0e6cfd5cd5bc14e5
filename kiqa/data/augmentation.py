"""Versions of photographs for training: rotated, cropped and mirrored.

The thesis takes each photograph unmodified and in three random rotations of
up to 10 degrees, cropped to the largest rectangle without undefined pixels,
and mirrors all of them on either axis: twelve versions.

Public names: `FLIPS`, `Version`, `versions`, `apply_version`,
`largest_rectangle`.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from kiqa.constants import AGGREGATOR

FLIPS = ("none", "horizontal", "vertical")


@dataclass(frozen=True)
class Version:
    """What is done to a photograph; the default leaves it as it is.

    Attributes:
        angle: Rotation in degrees, counter-clockwise, at most 45 to either
            side.
        flip: One of `FLIPS`; ``"horizontal"`` swaps left and right.
    """

    angle: float = 0.0
    flip: str = FLIPS[0]

    def __post_init__(self):
        if not abs(self.angle) <= 45:
            raise ValueError(f"Expected an angle from -45 to 45 degrees. Received: {self.angle}.")
        if self.flip not in FLIPS:
            raise ValueError(f"Expected a flip, one of {FLIPS}. Received: {self.flip!r}.")


def versions(
    name: str,
    *,
    rotations: int = AGGREGATOR.rotations,
    flips: Sequence[str] = FLIPS,
    seed: int = 0,
) -> list[Version]:
    """Return the versions of one photograph.

    Args:
        name: Name of the photograph; angles are drawn from a generator seeded
            by the hash of seed and name, so neither order nor selection of
            photographs changes them.
        rotations: Number of rotated versions beside the unmodified one.
        flips: Mirrored versions of each of these, one of `FLIPS` each.
        seed: Seed of the experiment.

    Returns:
        ``(1 + rotations) * len(flips)`` versions, twelve by default; angles
        are uniform in [-10, 10].

    Raises:
        ValueError: If the number is negative or the flips are none of
            `FLIPS`.

    References:
        Thesis, section 5.4.
    """
    if rotations < 0 or not flips:
        raise ValueError(
            f"Expected rotations >= 0 and at least one flip. Received: {rotations} and {flips}."
        )
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    largest = AGGREGATOR.largest_angle
    angles = [0.0, *(float(angle) for angle in rng.uniform(-largest, largest, rotations))]
    return [Version(angle=angle, flip=flip) for angle in angles for flip in flips]


def apply_version(pixels: np.ndarray, version: Version) -> np.ndarray:
    """Make a version of a photograph.

    Rotation is bicubic, which keeps more of the sharpness that the maps
    measure than bilinear does.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        version: What to do.

    Returns:
        ``uint8`` RGB; smaller than the photograph if it was rotated.
    """
    if version.angle:
        pixels = _rotated(pixels, version.angle)
    if version.flip == "horizontal":
        pixels = pixels[:, ::-1]
    elif version.flip == "vertical":
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def largest_rectangle(height: int, width: int, angle: float) -> tuple[float, float]:
    """Return the largest upright rectangle inside a rotated one.

    Args:
        height: Of the rectangle before it is rotated.
        width: Likewise.
        angle: In degrees.

    Returns:
        Height and width of the upright rectangle of the largest area, with
        the same centre.
    """
    sine, cosine = abs(math.sin(math.radians(angle))), abs(math.cos(math.radians(angle)))
    short, long = min(height, width), max(height, width)
    if short <= 2 * sine * cosine * long:
        # Two corners touch the long sides, the other two lie inside.
        half = short / 2
        along, across = half / max(sine, 1e-12), half / cosine
        return (across, along) if width >= height else (along, across)
    scale = cosine**2 - sine**2
    return (height * cosine - width * sine) / scale, (width * cosine - height * sine) / scale


def _rotated(pixels, angle):
    """Rotate about the centre and cut out what the photograph defines."""
    height, width = pixels.shape[:2]
    centre = ((width - 1) / 2, (height - 1) / 2)
    turned = cv2.warpAffine(
        pixels,
        cv2.getRotationMatrix2D(centre, angle, 1.0),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    # Distances between pixel centres: a pixel less than the number of pixels.
    rows, columns = (
        math.floor(side + 1e-9) + 1 for side in largest_rectangle(height - 1, width - 1, angle)
    )
    # Of the same parity as the photograph, so that it lies in the middle.
    rows, columns = rows - (height - rows) % 2, columns - (width - columns) % 2
    top, left = (height - rows) // 2, (width - columns) // 2
    return turned[top : top + rows, left : left + columns]
