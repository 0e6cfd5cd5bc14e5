"""Versions of images for training: rotated, cropped and mirrored.

The thesis takes each image unmodified and in three random rotations of
up to 10 degrees, cropped to the largest rectangle without undefined pixels,
and mirrors all of them on either axis: twelve versions.

`distorted_versions` are for pretraining without human scores: what was done
to an image says how much of its quality is left.

Public names: `FLIPS`, `Version`, `versions`, `distorted_versions`,
`quality_left`, `apply_version`, `version_size`, `largest_rectangle`.
"""

import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from kiqa.constants import AGGREGATOR
from kiqa.data.distortions import LEVELS, available_distortions, distort
from kiqa.data.distortions.severity import quality_kept

FLIPS = ("none", "horizontal", "vertical")


@dataclass(frozen=True)
class Version:
    """What is done to an image; the default leaves it as it is.

    Attributes:
        angle: Rotation in degrees, counter-clockwise, at most 45 to either
            side.
        flip: One of `FLIPS`; ``"horizontal"`` swaps left and right.
        distortion: Name in `kiqa.data.distortions.DISTORTIONS`, its level and
            the seed of its noise; ``None`` for none.
    """

    angle: float = 0.0
    flip: str = FLIPS[0]
    distortion: tuple[str, float, int] | None = None

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
    """Return the versions of one image.

    Args:
        name: Name of the image; angles are drawn from a generator seeded
            by the hash of seed and name, so neither order nor selection of
            images changes them.
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
    rng = _generator(seed, name)
    largest = AGGREGATOR.largest_angle
    angles = [0.0, *(float(angle) for angle in rng.uniform(-largest, largest, rotations))]
    return [Version(angle=angle, flip=flip) for angle in angles for flip in flips]


def distorted_versions(name: str, *, count: int, seed: int = 0) -> list[Version]:
    """Return an image as it is and with random distortions of the whole.

    Args:
        name: Name of the image; with the seed it decides the rest.
        count: Number of distorted versions.
        seed: Seed of the experiment.

    Returns:
        ``1 + count`` versions. Kinds are uniform among those available here,
        levels log-uniform between the mildest and the severest usual one.
    """
    rng = _generator("distortions", seed, name)
    made = [Version()]
    for _ in range(count):
        kind = str(rng.choice(available_distortions()))
        ends = np.log([LEVELS[kind][0], LEVELS[kind][-1]])
        level = float(np.exp(rng.uniform(ends.min(), ends.max())))
        level = float(round(level)) if kind == "jpeg" else level
        made.append(Version(distortion=(kind, level, int(rng.integers(2**31)))))
    return made


def quality_left(version: Version) -> float:
    """Say which part of an image's quality a distortion leaves.

    Args:
        version: As from `distorted_versions`.

    Returns:
        1 without a distortion; otherwise from 0.7 at the mildest usual level
        down to 0.05 at the severest, linear in the level's logarithm. A
        pseudo-score: nobody has rated it.
    """
    if version.distortion is None:
        return 1.0
    kind, level, _ = version.distortion
    return quality_kept(level, mild=LEVELS[kind][0], severe=LEVELS[kind][-1])


def apply_version(pixels: np.ndarray, version: Version) -> np.ndarray:
    """Make a version of an image.

    Rotation is bicubic, which keeps more of the sharpness that the maps
    measure than bilinear does.

    Args:
        pixels: ``uint8`` of shape (H, W, 3).
        version: What to do.

    Returns:
        ``uint8`` RGB; smaller than the image if it was rotated.
    """
    if version.distortion is not None:
        kind, level, noise = version.distortion
        pixels = distort(pixels, kind, level, rng=np.random.default_rng(noise))
    if version.angle:
        pixels = _rotated(pixels, version)
    if version.flip == "horizontal":
        pixels = pixels[:, ::-1]
    elif version.flip == "vertical":
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def version_size(height: int, width: int, version: Version) -> tuple[int, int]:
    """Return the size of what `apply_version` makes of an image.

    Args:
        height: Of the image in pixels.
        width: Likewise.
        version: What is done.

    Returns:
        Height and width in pixels; smaller where it is rotated.
    """
    if not version.angle:
        return height, width
    # Distances between pixel centres: a pixel less than the number of pixels.
    rows, columns = (
        math.floor(side + 1e-9) + 1
        for side in largest_rectangle(height - 1, width - 1, version.angle)
    )
    # Of the same parity as the image, so that it lies in the middle.
    return rows - (height - rows) % 2, columns - (width - columns) % 2


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


def _generator(*key):
    digest = hashlib.sha256(os.fsencode("/".join(map(str, key)))).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _rotated(pixels, version):
    """Rotate about the centre and cut out what the image defines."""
    height, width = pixels.shape[:2]
    centre = ((width - 1) / 2, (height - 1) / 2)
    turned = cv2.warpAffine(
        pixels,
        cv2.getRotationMatrix2D(centre, version.angle, 1.0),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    rows, columns = version_size(height, width, version)
    top, left = (height - rows) // 2, (width - columns) // 2
    return turned[top : top + rows, left : left + columns]
