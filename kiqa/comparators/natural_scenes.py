"""Statistics of natural images: what BRISQUE and NIQE measure.

Gray values less their local mean, over their local deviation, are near a
Gaussian in good photographs; products of neighbours have their own shape.
Distortions change the shapes, which generalised Gaussians are fitted to.

Public names: `normalised`, `halved`, `fit_symmetric`, `fit_asymmetric`,
`neighbour_products`.

References:
    A. Mittal et al., No-reference image quality assessment in the spatial
    domain, IEEE TIP 21(12), 2012 (BRISQUE).
    A. Mittal et al., Making a "completely blind" image quality analyzer, IEEE
    SPL 20(3), 2013 (NIQE).
    N.-E. Lasmar et al., Multiscale skewed heavy-tailed model for texture
    analysis, ICIP 2009 (the asymmetric fit).
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.ndimage import correlate1d
from scipy.special import gamma

_RADIUS, _SIGMA = 3, 7 / 6
_SHAPES = np.arange(200, 10001) / 1000  # 0.2 to 10 in steps of 0.001
# Squared mean of absolute values over mean of squares, of a generalised Gaussian; grows.
_RATIOS = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))


def normalised(gray: np.ndarray, *, border: str) -> tuple[np.ndarray, np.ndarray]:
    """Return gray values less their local mean, over their local deviation plus 1.

    Args:
        gray: Gray values 0..255, ``float64`` of shape (H, W).
        border: What lies outside of the image: ``"constant"``, zeros (BRISQUE),
            or ``"nearest"``, the pixel at the border (NIQE).

    Returns:
        The normalised values and the local deviations, both of shape (H, W).
    """
    weights = np.exp(-(np.arange(-_RADIUS, _RADIUS + 1) ** 2) / (2 * _SIGMA**2))
    weights /= weights.sum()

    def smooth(values):
        for axis in (0, 1):
            values = correlate1d(values, weights, axis=axis, mode=border)
        return values

    mean = smooth(gray)
    deviation = np.sqrt(np.abs(smooth(gray**2) - mean**2))
    return (gray - mean) / (deviation + 1), deviation


def halved(values: np.ndarray) -> np.ndarray:
    """Return an image at half its size, as Matlab's ``imresize`` makes it.

    Bicubic, the kernel twice as wide against aliasing, mirrored borders; not
    rounded.

    Args:
        values: ``float64`` of shape (H, W).

    Returns:
        ``float64`` of shape (ceil(H / 2), ceil(W / 2)).

    Examples:
        >>> halved(np.full((4, 5), 7.0)).round(6)
        array([[7., 7., 7.],
               [7., 7., 7.]])
    """
    for axis in (0, 1):
        values = np.moveaxis(_halved_rows(np.moveaxis(values, axis, 0)), 0, axis)
    return values


def _halved_rows(values):
    """The first axis at half its length."""
    length, count = len(values), -(-len(values) // 2)
    taps = np.arange(-3, 5)
    distances = np.abs(taps - 0.5) / 2  # a pixel's centre lies between two of the larger image
    near = 1.5 * distances**3 - 2.5 * distances**2 + 1
    far = -0.5 * distances**3 + 2.5 * distances**2 - 4 * distances + 2
    weights = np.where(distances <= 1, near, far)
    weights /= weights.sum()
    mirrored = np.r_[np.arange(length), np.arange(length)[::-1]]
    found = np.zeros((count, *values.shape[1:]))
    for tap, weight in zip(taps, weights, strict=True):
        found += weight * values[mirrored[(2 * np.arange(count) + tap) % (2 * length)]]
    return found


def fit_symmetric(values: np.ndarray) -> tuple[float, float]:
    """Fit a generalised Gaussian of mean zero by moments.

    Args:
        values: Normalised values, of any shape.

    Returns:
        Shape (2 is a Gaussian's), 0.2..10, and variance.
    """
    square = np.mean(values**2)
    if square == 0:
        return float(_SHAPES[0]), 0.0
    ratio = square / np.mean(np.abs(values)) ** 2
    # Matlab compares the inverse ratio; it falls where `_RATIOS` grows.
    inverse = 1 / _RATIOS[::-1]
    return float(_SHAPES[::-1][_nearest(inverse, ratio)]), float(square)


def fit_asymmetric(values: np.ndarray) -> np.ndarray:
    """Fit generalised Gaussians with two scales by moments, one to each row.

    Args:
        values: Shape (n, m): n fits to m values each.

    Returns:
        Shape (n, 3): shape, 0.2..10, and the root mean squares of the negative
        and of the positive values. A side without values is NaN, and the shape
        is then 0.2, as in the authors' code.
    """
    positive = np.maximum(values, 0)
    squares = np.einsum("nm,nm->n", values, values)
    right_squares = np.einsum("nm,nm->n", positive, positive)
    counts = np.count_nonzero(values, axis=1), np.count_nonzero(positive, axis=1)
    sums = 2 * positive.sum(axis=1) - values.sum(axis=1)  # of absolute values
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.sqrt(np.maximum(0, squares - right_squares) / (counts[0] - counts[1]))
        right = np.sqrt(right_squares / counts[1])
        skew = left / right
        ratio = sums**2 / squares / values.shape[1]
        ratio = ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    known = np.isfinite(ratio)
    shapes = np.full(len(values), _SHAPES[0])
    shapes[known] = _SHAPES[_nearest(_RATIOS, ratio[known])]
    return np.stack([shapes, left, right], axis=1)


def neighbour_products(
    values: np.ndarray, shifts: Sequence[tuple[int, int]]
) -> Iterator[np.ndarray]:
    """Yield the products of values with their neighbours, round the border.

    Args:
        values: Shape (n, H, W): n images or blocks.
        shifts: For each product the rows and columns that the neighbour is
            moved by, as in Matlab's ``circshift``.

    Yields:
        For each shift the products, shape (n, H * W).
    """
    for shift in shifts:
        yield (values * np.roll(values, shift, axis=(1, 2))).reshape(len(values), -1)


def _nearest(grid, wanted):
    """Index of the nearest value of a growing grid."""
    right = np.clip(np.searchsorted(grid, wanted), 1, len(grid) - 1)
    return right - (wanted - grid[right - 1] <= grid[right] - wanted)
