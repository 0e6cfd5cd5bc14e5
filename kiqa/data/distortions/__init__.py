"""Synthetic distortions of whole images or of one random rectangle.

Images are RGB ``uint8`` arrays of shape ``(H, W, 3)``; results have the same
shape and type, and the input is never changed. Randomness comes only from the
``rng`` argument. Levels grow worse from left to right in :data:`LEVELS`:

- ``gaussian_blur``: level is the standard deviation in pixels.
- ``gaussian_noise``: level is the standard deviation in gray levels of 255.
- ``jpeg``: level is the quality of the encoder (libjpeg's scale, 1 to 100);
  the only level of which less is worse.
- ``jpeg2000``: level is the compression ratio. Needs a Pillow with OpenJPEG.
- ``overexposure``, ``underexposure``: level is the number of stops, above 0 in both.
- ``motion_blur``: level is the length in pixels; the direction is random.
- ``colour_noise``: level is the standard deviation of Cb and of Cr.

The first three are :data:`BASIC`: those that the shipped Patchnet was trained
on and that published tables are made of.

Public names: :data:`DISTORTIONS`, :data:`BASIC`, :data:`LEVELS`,
:func:`available_distortions`, :func:`distort`, :func:`random_rectangle`,
:func:`distort_region` and the distortions by their names.
"""

import math

import numpy as np

from kiqa.data.distortions.basic import gaussian_blur, gaussian_noise, jpeg
from kiqa.data.distortions.camera import (
    colour_noise,
    jpeg2000,
    jpeg2000_is_available,
    motion_blur,
    overexposure,
    underexposure,
)
from kiqa.data.distortions.checks import LEVELS, check_pixels, check_rng

__all__ = [
    "BASIC",
    "DISTORTIONS",
    "LEVELS",
    "available_distortions",
    "colour_noise",
    "distort",
    "distort_region",
    "gaussian_blur",
    "gaussian_noise",
    "jpeg",
    "jpeg2000",
    "motion_blur",
    "overexposure",
    "random_rectangle",
    "underexposure",
]

DISTORTIONS = {
    "gaussian_blur": gaussian_blur,
    "gaussian_noise": gaussian_noise,
    "jpeg": jpeg,
    "jpeg2000": jpeg2000,
    "overexposure": overexposure,
    "underexposure": underexposure,
    "motion_blur": motion_blur,
    "colour_noise": colour_noise,
}

BASIC = ("gaussian_blur", "gaussian_noise", "jpeg")


def available_distortions() -> list[str]:
    """Return the distortions that work here, in the order of `DISTORTIONS`."""
    return [kind for kind in DISTORTIONS if kind != "jpeg2000" or jpeg2000_is_available()]


def distort(pixels: np.ndarray, kind: str, level: float, *, rng: np.random.Generator) -> np.ndarray:
    """Distort a whole image.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        kind: A name of :data:`DISTORTIONS`.
        level: Strength in the unit of that distortion.
        rng: Source of randomness: of both noises and the direction of motion.

    Returns:
        RGB ``uint8`` of the same shape.

    Raises:
        ValueError: If ``kind`` is unknown, an argument is not as stated, or
            this Pillow has no JPEG 2000 (see :func:`available_distortions`).
    """
    if kind not in DISTORTIONS:
        raise ValueError(
            f"Expected a distortion among {', '.join(DISTORTIONS)}, received {kind!r}. "
            "Use one of these names."
        )
    return DISTORTIONS[kind](pixels, level, rng)


def random_rectangle(
    height: int,
    width: int,
    *,
    area: tuple[float, float] = (0.25, 0.5),
    rng: np.random.Generator,
) -> tuple[int, int, int, int]:
    """Draw a rectangle that covers a stated share of an image and fits in it.

    The share ``a`` is uniform in ``area``. The height is ``a**u`` of the
    image's with ``u`` uniform in 0-1, the width takes the rest, so flat, tall
    and image-shaped rectangles all occur. The position is uniform.

    Args:
        height: Image height in pixels.
        width: Image width in pixels.
        area: Smallest and largest share of the image's area, inclusive,
            ``0 < smallest <= largest <= 1``.
        rng: Source of randomness.

    Returns:
        ``(top, left, height, width)`` in pixels; the share after rounding to
        whole pixels lies within ``area``.

    Raises:
        ValueError: If ``area`` is not as stated, or the image has too few
            pixels for a rectangle of that share.
    """
    low, high = area
    if not 0 < low <= high <= 1:
        raise ValueError(
            f"Expected area=(smallest, largest) with 0 < smallest <= largest <= 1, "
            f"received {area!r}. The default is (0.25, 0.5)."
        )
    check_rng(rng)
    share = rng.uniform(low, high)
    rows = round(height * share ** rng.uniform())
    rows = min(max(rows, math.ceil(low * height)), height)
    narrowest = math.ceil(low * height * width / max(rows, 1))
    widest = min(width, math.floor(high * height * width / max(rows, 1)))
    if rows < 1 or narrowest > widest:
        raise ValueError(
            f"Expected an image in which a rectangle can cover {low:g} to {high:g} of the "
            f"area, received {height} x {width} pixels. Use a larger image or a wider area."
        )
    columns = min(max(round(share * height * width / rows), narrowest), widest)
    top = int(rng.integers(height - rows + 1))
    left = int(rng.integers(width - columns + 1))
    return top, left, rows, columns


def distort_region(
    pixels: np.ndarray,
    kind: str,
    level: float,
    *,
    rng: np.random.Generator,
    area: tuple[float, float] = (0.25, 0.5),
) -> tuple[np.ndarray, np.ndarray]:
    """Distort one random rectangle of an image and leave the rest as it is.

    The whole image is distorted and the rectangle pasted from it, so the
    distortion sees no artificial border inside the image.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        kind: A name of :data:`DISTORTIONS`.
        level: Strength in the unit of that distortion.
        rng: Source of randomness; the rectangle is drawn first.
        area: Smallest and largest share of the image's area.

    Returns:
        The image, RGB ``uint8``, and a Boolean mask of shape ``(H, W)``,
        ``True`` where the image was distorted.

    Raises:
        ValueError: If an argument is not as stated.
    """
    check_pixels(pixels)
    top, left, rows, columns = random_rectangle(*pixels.shape[:2], area=area, rng=rng)
    mask = np.zeros(pixels.shape[:2], bool)
    mask[top : top + rows, left : left + columns] = True
    worse = distort(pixels, kind, level, rng=rng)
    return np.where(mask[..., np.newaxis], worse, pixels), mask
