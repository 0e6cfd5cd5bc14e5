"""PSNR: the mean squared error of the luminance, in decibels.

References:
    Thesis, section 2.2.2, formulas 1 and 2. Formula 2 prints MAX where the
    ratio has MAX squared, as everywhere else; the latter is what is computed.
"""

import numpy as np
from skimage.metrics import mean_squared_error

from kiqa.comparators.luminance import check_same, thesis_luminance

LARGEST = 100.0  # dB, ours: of equal images, whose PSNR is infinite, and of nearly equal ones


def mse(image: np.ndarray, reference: np.ndarray) -> float:
    """Return the mean squared error of the luminance.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3).
        reference: The undistorted image, of the same shape.

    Returns:
        Formula 1 of the thesis, 0..65025, lower is better.

    Raises:
        ValueError: If the shapes differ.

    Examples:
        >>> black = np.zeros((8, 8, 3), np.uint8)
        >>> mse(black + np.uint8(2), black)
        4.0
    """
    check_same(image, reference)
    return round(
        float(mean_squared_error(thesis_luminance(image), thesis_luminance(reference))), 12
    )


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """Return the peak signal to noise ratio of the luminance.

    Args:
        image: As for `mse`.
        reference: As for `mse`.

    Returns:
        ``10 log10(255**2 / mse)`` in decibels, higher is better, at most
        `LARGEST`.

    Raises:
        ValueError: If the shapes differ.

    Examples:
        >>> black = np.zeros((8, 8, 3), np.uint8)
        >>> round(psnr(black + np.uint8(2), black), 2)
        42.11
    """
    error = mse(image, reference)
    return LARGEST if error == 0 else min(LARGEST, float(10 * np.log10(255.0**2 / error)))
