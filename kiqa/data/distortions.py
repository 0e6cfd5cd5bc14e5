"""Synthetic distortions of whole images or of one random rectangle.

Images are RGB ``uint8`` arrays of shape ``(H, W, 3)``; results have the same
shape and type, and the input is never changed. Randomness comes only from the
``rng`` argument. Levels grow worse from left to right in :data:`LEVELS`:

- ``gaussian_blur``: level is the standard deviation in pixels.
- ``gaussian_noise``: level is the standard deviation in gray levels of 255.
- ``jpeg``: level is the quality of the encoder (libjpeg's scale, 1 to 100).

Public names: :data:`DISTORTIONS`, :data:`LEVELS`, :func:`gaussian_blur`,
:func:`gaussian_noise`, :func:`jpeg`, :func:`distort`, :func:`random_rectangle`
and :func:`distort_region`.
"""

import io
import math

import cv2
import numpy as np
from PIL import Image

_TRUNCATE = 4.0  # kernel radius in standard deviations: drops 6e-5 of the mass
_CHROMA_420 = 2  # Pillow's code for 4:2:0, the commonest setting of cameras


def gaussian_blur(
    pixels: np.ndarray, level: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Blur each channel with a Gaussian of ``level`` pixels.

    The kernel reaches four standard deviations; beyond the border the image
    is reflected with the edge pixel repeated. Values are rounded to nearest.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        level: Standard deviation in pixels, finite and above 0.
        rng: Not used; the functions of the registry share one signature.

    Returns:
        RGB ``uint8`` of the same shape.

    Raises:
        ValueError: If the pixels or the level are not as stated.
    """
    _check_pixels(pixels)
    sigma = _check_level(level, "gaussian_blur", "a standard deviation in pixels")
    size = 2 * math.ceil(_TRUNCATE * sigma) + 1
    blurred = cv2.GaussianBlur(
        pixels.astype(np.float32),
        (size, size),
        sigmaX=sigma,
        sigmaY=sigma,
        borderType=cv2.BORDER_REFLECT,
    )
    return _to_uint8(blurred)


def gaussian_noise(pixels: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Add independent Gaussian noise to every sample of every channel.

    Values are rounded to nearest and clipped to 0-255.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        level: Standard deviation in gray levels (of 255), finite, above 0.
        rng: Source of the noise.

    Returns:
        RGB ``uint8`` of the same shape.

    Raises:
        ValueError: If the pixels, the level or ``rng`` are not as stated.
    """
    _check_pixels(pixels)
    sd = _check_level(level, "gaussian_noise", "a standard deviation in gray levels")
    _check_rng(rng)
    return _to_uint8(pixels + rng.normal(0.0, sd, pixels.shape))


def jpeg(pixels: np.ndarray, level: float, rng: np.random.Generator | None = None) -> np.ndarray:
    """Encode as baseline JPEG in memory and decode again.

    Pillow's encoder with 4:2:0 chroma subsampling and the standard tables.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        level: Quality, a whole number from 1 (worst) to 100.
        rng: Not used; the functions of the registry share one signature.

    Returns:
        RGB ``uint8`` of the same shape.

    Raises:
        ValueError: If the pixels or the level are not as stated.
    """
    _check_pixels(pixels)
    quality = _check_level(level, "jpeg", "a whole quality from 1 to 100")
    if quality != int(quality) or quality > 100:
        raise ValueError(
            f"Expected a whole quality from 1 to 100 for 'jpeg', received {level!r}. "
            f"The usual levels are {LEVELS['jpeg']}."
        )
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=int(quality), subsampling=_CHROMA_420)
    buffer.seek(0)
    with Image.open(buffer) as decoded:
        return np.array(decoded)


DISTORTIONS = {
    "gaussian_blur": gaussian_blur,
    "gaussian_noise": gaussian_noise,
    "jpeg": jpeg,
}

LEVELS = {
    "gaussian_blur": (1.5, 3, 6),
    "gaussian_noise": (10, 20, 40),
    "jpeg": (30, 15, 5),
}


def distort(pixels: np.ndarray, kind: str, level: float, *, rng: np.random.Generator) -> np.ndarray:
    """Distort a whole image.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        kind: A name of :data:`DISTORTIONS`.
        level: Strength in the unit of that distortion.
        rng: Source of randomness (read by ``gaussian_noise`` only).

    Returns:
        RGB ``uint8`` of the same shape.

    Raises:
        ValueError: If ``kind`` is unknown or an argument is not as stated.
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
    _check_rng(rng)
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
    distortion sees no artificial border inside the picture.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        kind: A name of :data:`DISTORTIONS`.
        level: Strength in the unit of that distortion.
        rng: Source of randomness; the rectangle is drawn first.
        area: Smallest and largest share of the image's area.

    Returns:
        The picture, RGB ``uint8``, and a Boolean mask of shape ``(H, W)``,
        ``True`` where the picture was distorted.

    Raises:
        ValueError: If an argument is not as stated.
    """
    _check_pixels(pixels)
    top, left, rows, columns = random_rectangle(*pixels.shape[:2], area=area, rng=rng)
    mask = np.zeros(pixels.shape[:2], bool)
    mask[top : top + rows, left : left + columns] = True
    worse = distort(pixels, kind, level, rng=rng)
    return np.where(mask[..., np.newaxis], worse, pixels), mask


def _to_uint8(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _check_pixels(pixels: np.ndarray) -> None:
    shape = getattr(pixels, "shape", None)
    dtype = getattr(pixels, "dtype", type(pixels).__name__)
    if dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
        raise ValueError(
            f"Expected RGB pixels, uint8 of shape (H, W, 3), received shape {shape} and "
            f"type {dtype}. Read photographs with kiqa.load_image(path).pixels."
        )


def _check_level(level: float, kind: str, meaning: str) -> float:
    if not isinstance(level, (int, float, np.integer, np.floating)) or not (
        math.isfinite(level) and level > 0
    ):
        raise ValueError(
            f"Expected {meaning} (finite, above 0) for {kind!r}, received {level!r}. "
            f"The usual levels are {LEVELS[kind]}."
        )
    return float(level)


def _check_rng(rng: np.random.Generator) -> None:
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"Expected rng, a numpy.random.Generator, received {type(rng).__name__}. "
            "Pass numpy.random.default_rng(seed)."
        )
