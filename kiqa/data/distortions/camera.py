"""JPEG 2000, exposure, motion blur and colour noise."""

import math

import cv2
import numpy as np
from PIL import features

from kiqa.data.distortions.checks import LEVELS, check_level, check_rng, encoded, to_uint8

# Rows of the BT.601 matrix from (Y, Cb, Cr) to RGB: what chroma adds (JFIF).
_CB = np.array([0.0, -0.344136, 1.772])
_CR = np.array([1.402, -0.714136, 0.0])
_OVERSAMPLING = 8  # points a pixel on the line of a motion blur
_STOPS = 16  # more changes nothing: all is white, or black, of 8 bits (12 are enough)


def jpeg2000_is_available() -> bool:
    """Say whether the installed Pillow can encode JPEG 2000."""
    return bool(features.check("jpg_2000"))


def require_jpeg2000() -> None:
    """Refuse a Pillow that cannot encode JPEG 2000, before anything is done.

    Raises:
        ValueError: If it is one.
    """
    if not jpeg2000_is_available():
        raise ValueError(
            "Expected a Pillow with JPEG 2000 (OpenJPEG). Received: one without. Install Pillow's "
            "wheel, or leave out 'jpeg2000' as available_distortions() does."
        )


def jpeg2000(
    pixels: np.ndarray, level: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Encode as JPEG 2000 in memory and decode again.

    Pillow's encoder (OpenJPEG), irreversible wavelet, one quality layer.

    Args:
        pixels: As for `kiqa.data.distortions.gaussian_blur`.
        level: Compression ratio, above 1: 24 bits a pixel over the level.
        rng: As for `kiqa.data.distortions.gaussian_blur`.

    Returns:
        As `kiqa.data.distortions.gaussian_blur`.

    Raises:
        ValueError: If the pixels or the level are not as stated, or this
            Pillow has no JPEG 2000.
    """
    ratio = check_level(pixels, level, "jpeg2000", "a compression ratio")
    require_jpeg2000()
    if ratio <= 1:
        raise ValueError(
            f"Expected a compression ratio above 1 for 'jpeg2000', received {level!r}. "
            f"The usual levels are {LEVELS['jpeg2000']}."
        )
    return encoded(
        pixels, "JPEG2000", quality_mode="rates", quality_layers=[ratio], irreversible=True
    )


def overexposure(
    pixels: np.ndarray, level: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Expose longer: more light, clipped at white.

    Args:
        pixels: As for `kiqa.data.distortions.gaussian_blur`.
        level: Stops, above 0: linear light (sRGB's transfer function) is
            multiplied by ``2**level``.
        rng: As for `kiqa.data.distortions.gaussian_blur`.

    Returns:
        As `kiqa.data.distortions.gaussian_blur`.

    Raises:
        ValueError: As `kiqa.data.distortions.gaussian_blur`.
    """
    return _exposed(pixels, check_level(pixels, level, "overexposure", "a number of stops"))


def underexposure(
    pixels: np.ndarray, level: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Expose shorter: less light, and shadows rounded to few levels.

    Args:
        pixels: As for `overexposure`.
        level: As for `overexposure`, but light is divided by ``2**level``.
        rng: As for `overexposure`.

    Returns:
        As `overexposure`.

    Raises:
        ValueError: As `overexposure`.
    """
    return _exposed(pixels, -check_level(pixels, level, "underexposure", "a number of stops"))


def motion_blur(pixels: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Move the camera on a straight line while exposing.

    The kernel is a line of even weight through the centre in a random
    direction, drawn with fractions of pixels; beyond the border the image is
    reflected with the edge pixel repeated.

    Args:
        pixels: As for `kiqa.data.distortions.gaussian_blur`.
        level: Length of the line in pixels, above 0.
        rng: Source of the direction.

    Returns:
        As `kiqa.data.distortions.gaussian_blur`.

    Raises:
        ValueError: If the pixels, the level or ``rng`` are not as stated.
    """
    length = check_level(pixels, level, "motion_blur", "a length in pixels")
    check_rng(rng)
    kernel = _line_kernel(length, rng.uniform(0, math.pi))
    blurred = cv2.filter2D(pixels.astype(np.float32), -1, kernel, borderType=cv2.BORDER_REFLECT)
    return to_uint8(blurred)


def colour_noise(pixels: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise to the chroma (Cb and Cr of BT.601), not to the luma.

    Where a channel is clipped to 0-255 the luma changes after all.

    Args:
        pixels: As for `motion_blur`.
        level: Standard deviation of Cb and of Cr in levels (of 255), above 0.
        rng: Source of the noise.

    Returns:
        As `motion_blur`.

    Raises:
        ValueError: As `motion_blur`.
    """
    sd = check_level(pixels, level, "colour_noise", "a standard deviation of Cb and Cr")
    check_rng(rng)
    chroma = rng.normal(0.0, sd, (*pixels.shape[:2], 2))
    return to_uint8(pixels + chroma[..., :1] * _CB + chroma[..., 1:] * _CR)


def _exposed(pixels, stops):
    """Multiply linear light (IEC 61966-2-1) by 2**stops; all 256 values by one table."""
    gain = 2.0 ** min(max(stops, -_STOPS), _STOPS)
    values = np.arange(256) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    light = np.clip(light * gain, 0, 1)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return to_uint8(255 * coded)[pixels]


def _line_kernel(length, angle):
    """A line through the centre, its points shared bilinearly among pixels."""
    reach = math.ceil(length / 2) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    count = max(2, math.ceil(length * _OVERSAMPLING))
    along = ((np.arange(count) + 0.5) / count - 0.5) * length
    rows, columns = reach + along * math.sin(angle), reach + along * math.cos(angle)
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = rows - top, columns - left
    for add_row, weight_row in ((0, 1 - down), (1, down)):
        for add_column, weight_column in ((0, 1 - right), (1, right)):
            np.add.at(kernel, (top + add_row, left + add_column), weight_row * weight_column)
    return kernel / kernel.sum()
