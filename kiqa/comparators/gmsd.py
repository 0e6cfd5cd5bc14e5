"""GMSD: how much the similarity of gradients varies over the image.

On Matlab's ``rgb2gray`` of both images, at half the resolution.

Public names: `gmsd`, `gradient_similarity`, `LEAST_SIDE`.

References:
    W. Xue et al., Gradient magnitude similarity deviation: a highly efficient
    perceptual image quality index, IEEE TIP 23(2), 2014.
"""

import numpy as np
from scipy.ndimage import correlate

from kiqa.comparators.luminance import block_means, check_same, check_side
from kiqa.maps.fish import gray_of

LEAST_SIDE = 6  # 3x3 places, one of them with a whole Prewitt window
STRIDE = 2  # pixels between the cells of the map

_T = 170.0  # section II-B
_PREWITT = np.array([[1.0, 0, -1]] * 3) / 3


def gradient_similarity(image: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the similarity of gradient magnitudes at every second pixel.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), at least `LEAST_SIDE` a side.
        reference: The undistorted image, of the same shape.

    Returns:
        ``float64`` of shape (ceil(H / 2), ceil(W / 2)) in 0..1, higher is
        better; cell (0, 0) has its centre at pixel (0.5, 0.5).

    Raises:
        ValueError: If an image is too small or the shapes differ.
    """
    check_same(image, reference)
    check_side(image, LEAST_SIDE, name="gmsd")
    own, other = (_magnitude(block_means(gray_of(each), STRIDE)) for each in (image, reference))
    return (2 * own * other + _T) / (own**2 + other**2 + _T)


def gmsd(image: np.ndarray, reference: np.ndarray) -> float:
    """Return the standard deviation of the similarity of gradients.

    Args:
        image: As for `gradient_similarity`.
        reference: As for `gradient_similarity`.

    Returns:
        GMSD, at least 0, lower is better, 0 for equal images. The deviation
        divides by n - 1, as the authors' ``std2`` does.

    Raises:
        ValueError: As `gradient_similarity`.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()
        >>> gmsd(image, image)
        0.0
    """
    return float(np.std(gradient_similarity(image, reference), ddof=1))


def _magnitude(values):
    """Gradient magnitude by Prewitt's filters, zeros outside of the image."""
    across = correlate(values, _PREWITT, mode="constant")
    down = correlate(values, _PREWITT.T, mode="constant")
    return np.sqrt(across**2 + down**2)
