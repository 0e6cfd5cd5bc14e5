"""What the distortions share: usual levels, checks of arguments, rounding, encoding."""

import io
import math
from typing import Any

import numpy as np
from PIL import Image

# Mild to severe, in each distortion's own unit. Ours.
LEVELS = {
    "gaussian_blur": (1.5, 3, 6),
    "gaussian_noise": (10, 20, 40),
    "jpeg": (30, 15, 5),
    "jpeg2000": (40, 80, 160),
    "overexposure": (0.75, 1.5, 2.5),
    "underexposure": (1, 2, 4),
    "motion_blur": (7, 15, 31),
    "colour_noise": (12, 24, 48),
}


def to_uint8(values: np.ndarray) -> np.ndarray:
    """Round to nearest, clip to 0-255 and return ``uint8`` of the same shape."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def encoded(pixels: np.ndarray, kind: str, **options: Any) -> np.ndarray:
    """Encode in memory and decode again.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        kind: Format as Pillow names it, such as ``"JPEG"``.
        options: Of Pillow's encoder.

    Returns:
        RGB ``uint8`` of the same shape.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    buffer.seek(0)
    with Image.open(buffer) as decoded:
        return np.array(decoded)


def check_pixels(pixels: np.ndarray) -> None:
    """Refuse what is no image.

    Args:
        pixels: Wanted: RGB ``uint8``, shape ``(H, W, 3)``, with a pixel at least.

    Raises:
        ValueError: If it is anything else, naming its shape and type.
    """
    shape: tuple[int, ...] = getattr(pixels, "shape", ())
    dtype = getattr(pixels, "dtype", type(pixels).__name__)
    if dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
        raise ValueError(
            f"Expected RGB pixels, uint8 of shape (H, W, 3), received shape {shape} and "
            f"type {dtype}. Read images with kiqa.load_image(path).pixels."
        )


def check_level(pixels: np.ndarray, level: float, kind: str, meaning: str) -> float:
    """Refuse what is no image, and a level that is no positive, finite number.

    Args:
        pixels: As for `check_pixels`.
        level: Level of the distortion.
        kind: Name of the distortion.
        meaning: What the level is, for the message.

    Returns:
        The level.

    Raises:
        ValueError: As `check_pixels`; or if the level is no such number,
            naming the usual ones.
    """
    check_pixels(pixels)
    if not isinstance(level, (int, float, np.integer, np.floating)) or not (
        math.isfinite(level) and level > 0
    ):
        raise ValueError(
            f"Expected {meaning} (finite, above 0) for {kind!r}, received {level!r}. "
            f"The usual levels are {LEVELS[kind]}."
        )
    return float(level)


def check_rng(rng: np.random.Generator) -> None:
    """Refuse anything but a generator: nothing is drawn from global state.

    Args:
        rng: Source of randomness.

    Raises:
        ValueError: If it is no ``numpy.random.Generator``.
    """
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"Expected rng, a numpy.random.Generator, received {type(rng).__name__}. "
            "Pass numpy.random.default_rng(seed)."
        )
