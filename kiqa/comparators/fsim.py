"""FSIM and FSIMc: similarity of phase congruency and gradients, and of colour.

On the luminance of YIQ, not rounded; images with a shorter side of 384
pixels or more are made smaller first, by means over squares of ``round(side / 256)``
pixels, as in the authors' ``FeatureSIM.m``.

Public names: `fsim`, `fsimc`, `fsim_map`, `LEAST_SIDE`.

References:
    L. Zhang et al., FSIM: a feature similarity index for image quality
    assessment, IEEE TIP 20(8), 2011.
"""

import numpy as np
from scipy.ndimage import correlate

from kiqa.comparators.luminance import (
    block_means,
    check_same,
    check_side,
    chrominance,
    thesis_luminance,
)
from kiqa.comparators.phase_congruency import phase_congruency

LEAST_SIDE = 16  # ours: of smaller images the long filters see nothing but their borders

_T1, _T2, _T3, _T4 = 0.85, 160.0, 200.0, 200.0  # section III
_LAMBDA = 0.03  # power of the similarity of colour
_SCHARR = np.array([[3.0, 0, -3], [10, 0, -10], [3, 0, -3]]) / 16


def fsim(image: np.ndarray, reference: np.ndarray) -> float:
    """Return the feature similarity of the luminance.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), at least `LEAST_SIDE` a side.
        reference: The undistorted image, of the same shape.

    Returns:
        FSIM in 0..1, higher is better, 1 for equal images.

    Raises:
        ValueError: If an image is too small or the shapes differ.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()[:64, :64]
        >>> round(fsim(image, image), 6)
        1.0
    """
    return _pooled(*_similarity(image, reference, colour=False))


def fsimc(image: np.ndarray, reference: np.ndarray) -> float:
    """Return the feature similarity with colour.

    Args:
        image: As for `fsim`.
        reference: As for `fsim`.

    Returns:
        FSIMc in 0..1, higher is better; FSIM of gray images.

    Raises:
        ValueError: As `fsim`.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()[:64, :64]
        >>> fsimc(image, image[..., ::-1]) < fsim(image, image[..., ::-1])  # other colours
        True
    """
    return _pooled(*_similarity(image, reference, colour=True))


def fsim_map(image: np.ndarray, reference: np.ndarray, *, colour: bool) -> tuple[np.ndarray, int]:
    """Return the similarity at every place, without the weights of pooling.

    Args:
        image: As for `fsim`.
        reference: As for `fsim`.
        colour: Of FSIMc, not FSIM.

    Returns:
        ``float64`` of shape (ceil(H / step), ceil(W / step)), higher is better;
        and the step in pixels.

    Raises:
        ValueError: As `fsim`.
    """
    values, _ = _similarity(image, reference, colour=colour)
    return values, _step(np.shape(image))


def _pooled(values, weights):
    """Weighted mean; the plain one where no place has any phase congruency."""
    total = weights.sum()
    return float(np.mean(values) if total == 0 else np.sum(values * weights) / total)


def _step(shape):
    """Pixels between places; a half is rounded up, as Matlab rounds."""
    return max(1, int(np.floor(min(shape[:2]) / 256 + 0.5)))


def _similarity(image, reference, *, colour):
    """Similarity and weight of each place."""
    check_same(image, reference)
    check_side(image, LEAST_SIDE, name="fsim")
    step = _step(np.shape(image))
    own, other = (block_means(thesis_luminance(each), step) for each in (image, reference))
    phases = phase_congruency(own), phase_congruency(other)
    values = _alike(*phases, _T1) * _alike(_gradient(own), _gradient(other), _T2)
    if colour:
        pairs = zip(chrominance(image), chrominance(reference), (_T3, _T4), strict=True)
        product = 1.0
        for first, second, constant in pairs:
            product = product * _alike(
                block_means(first, step), block_means(second, step), constant
            )
        # The authors' real part of a negative number's power.
        values = values * np.real(np.asarray(product, np.complex128) ** _LAMBDA)
    return values, np.maximum(*phases)


def _alike(first, second, constant):
    return (2 * first * second + constant) / (first**2 + second**2 + constant)


def _gradient(values):
    """Gradient magnitude by Scharr's filters, zeros outside of the image."""
    across = correlate(values, _SCHARR, mode="constant")
    down = correlate(values, _SCHARR.T, mode="constant")
    return np.sqrt(across**2 + down**2)
