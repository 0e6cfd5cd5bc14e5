"""Gaussian blur, Gaussian noise and JPEG: what the shipped Patchnet was trained on."""

import math

import cv2
import numpy as np

from kiqa.data.distortions.checks import LEVELS, check_level, check_rng, encoded, to_uint8

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
    sigma = check_level(pixels, level, "gaussian_blur", "a standard deviation in pixels")
    size = 2 * math.ceil(_TRUNCATE * sigma) + 1
    blurred = cv2.GaussianBlur(
        pixels.astype(np.float32),
        (size, size),
        sigmaX=sigma,
        sigmaY=sigma,
        borderType=cv2.BORDER_REFLECT,
    )
    return to_uint8(blurred)


def gaussian_noise(pixels: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Add independent Gaussian noise to every sample of every channel.

    Values are rounded to nearest and clipped to 0-255.

    Args:
        pixels: As for `gaussian_blur`.
        level: Standard deviation in gray levels (of 255), finite, above 0.
        rng: Source of the noise.

    Returns:
        As `gaussian_blur`.

    Raises:
        ValueError: If the pixels, the level or ``rng`` are not as stated.
    """
    sd = check_level(pixels, level, "gaussian_noise", "a standard deviation in gray levels")
    check_rng(rng)
    return to_uint8(pixels + rng.normal(0.0, sd, pixels.shape))


def jpeg(pixels: np.ndarray, level: float, rng: np.random.Generator | None = None) -> np.ndarray:
    """Encode as baseline JPEG in memory and decode again.

    Pillow's encoder with 4:2:0 chroma subsampling and the standard tables.

    Args:
        pixels: As for `gaussian_blur`.
        level: Quality, a whole number from 1 (worst) to 100.
        rng: As for `gaussian_blur`.

    Returns:
        As `gaussian_blur`.

    Raises:
        ValueError: As `gaussian_blur`.
    """
    quality = check_level(pixels, level, "jpeg", "a whole quality from 1 to 100")
    if quality != int(quality) or quality > 100:
        raise ValueError(
            f"Expected a whole quality from 1 to 100 for 'jpeg', received {level!r}. "
            f"The usual levels are {LEVELS['jpeg']}."
        )
    return encoded(pixels, "JPEG", quality=int(quality), subsampling=_CHROMA_420)
