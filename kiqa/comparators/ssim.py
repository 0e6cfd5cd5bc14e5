"""SSIM and MS-SSIM: similarity of means, deviations and structure.

On Matlab's ``rgb2gray`` of both images, with windows that are Gaussians of
11x11 pixels, sigma 1.5, population statistics, and the mean over the places
where the whole window lies within the image: the authors' ``ssim_index.m``.
The image is not made smaller first, as the authors advise for large ones.

MS-SSIM looks at five resolutions, each the means of 2x2 pixels of the one
before: the authors' ``msssim.m``.

Public names: `ssim`, `ssim_map`, `ms_ssim`, `LEAST_SIDE`, `LEAST_SIDE_5`.

References:
    Z. Wang et al., Image quality assessment: from error visibility to structural
    similarity, IEEE TIP 13(4), 2004.
    Z. Wang et al., Multi-scale structural similarity for image quality
    assessment, Asilomar 2003.
"""

import numpy as np
from scipy.ndimage import correlate1d
from skimage.metrics import structural_similarity

from kiqa.comparators.luminance import check_same, check_side
from kiqa.maps.fish import gray_of

LEAST_SIDE = 11  # one window
LEAST_SIDE_5 = 176  # one window at the fifth resolution

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # 2003, section 3.2
_SIGMA, _RADIUS = 1.5, 5
_K1, _K2 = 0.01, 0.03


def ssim_map(image: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the similarity at every place.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), at least `LEAST_SIDE` a side.
        reference: The undistorted image, of the same shape.

    Returns:
        ``float64`` of shape (H - 10, W - 10), in -1..1, higher is better; cell
        (0, 0) has its centre at pixel (5, 5).

    Raises:
        ValueError: If an image is too small or the shapes differ.
    """
    check_same(image, reference)
    check_side(image, LEAST_SIDE, name="ssim")
    _, values = structural_similarity(
        gray_of(image),
        gray_of(reference),
        data_range=255,
        gaussian_weights=True,
        sigma=_SIGMA,
        use_sample_covariance=False,
        K1=_K1,
        K2=_K2,
        full=True,
    )
    return values[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def ssim(image: np.ndarray, reference: np.ndarray) -> float:
    """Return the structural similarity.

    Args:
        image: As for `ssim_map`.
        reference: As for `ssim_map`.

    Returns:
        Mean of the map, in -1..1, higher is better, 1 for equal images.

    Raises:
        ValueError: As `ssim_map`.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()
        >>> round(ssim(image, image), 6)
        1.0
    """
    return float(ssim_map(image, reference).mean())


def ms_ssim(image: np.ndarray, reference: np.ndarray) -> float:
    """Return the structural similarity over five resolutions.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), at least `LEAST_SIDE_5` a side.
        reference: The undistorted image, of the same shape.

    Returns:
        Product of the mean contrast and structure terms of the first four
        resolutions and the mean SSIM of the fifth, each to its power; in 0..1,
        higher is better, 1 for equal images. A negative mean counts as 0: its
        power would not be real.

    Raises:
        ValueError: If an image is too small or the shapes differ.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()
        >>> round(ms_ssim(image, image), 6)
        1.0
    """
    check_same(image, reference)
    check_side(image, LEAST_SIDE_5, name="ms_ssim")
    both = gray_of(image), gray_of(reference)
    product = 1.0
    for level, power in enumerate(_WEIGHTS, start=1):
        luminance, contrast = _terms(*both)
        last = level == len(_WEIGHTS)
        value = np.mean(luminance * contrast) if last else np.mean(contrast)
        product *= max(0.0, float(value)) ** power
        both = both if last else (_half(both[0]), _half(both[1]))
    return product


def _terms(image, reference):
    """The luminance term, and contrast times structure, where a whole window lies."""
    mean, other = _blurred(image), _blurred(reference)
    variance = _blurred(image**2) - mean**2
    variance_2 = _blurred(reference**2) - other**2
    covariance = _blurred(image * reference) - mean * other
    c1, c2 = (_K1 * 255) ** 2, (_K2 * 255) ** 2
    luminance = (2 * mean * other + c1) / (mean**2 + other**2 + c1)
    return luminance, (2 * covariance + c2) / (variance + variance_2 + c2)


def _blurred(values):
    """Gaussian means, of whole windows only."""
    weights = np.exp(-(np.arange(-_RADIUS, _RADIUS + 1) ** 2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    for axis in (0, 1):
        values = correlate1d(values, weights, axis=axis)
    return values[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]


def _half(values):
    """Means of 2x2 pixels; the last row or column of an odd side counts twice."""
    height, width = values.shape
    even = np.pad(values, [(0, height % 2), (0, width % 2)], mode="edge")
    return even.reshape(-(-height // 2), 2, -(-width // 2), 2).mean(axis=(1, 3))
