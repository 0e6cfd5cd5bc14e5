"""NIQE: the distance of an image's statistics from those of pristine images.

Of every block of 96x96 pixels, and of its 48x48 at half the resolution, 18
statistics each. A Gaussian is fitted to the image's blocks and compared with
the one of the sharp blocks of pristine images. No score is ever learned from.

The pristine Gaussian is a weights file, ``niqe.h5`` (`kiqa.models.niqe`), fitted by
``python -m kiqa.train_comparator niqe``.

Public names: `niqe_features`, `sharp_blocks`, `niqe_distance`, `Gaussian`,
`fit_gaussian`, `BLOCK`, `FEATURES`.

References:
    A. Mittal, R. Soundararajan, A. C. Bovik, Making a "completely blind" image
    quality analyzer, IEEE SPL 20(3), 2013.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import gamma

from kiqa.comparators.luminance import check_side
from kiqa.comparators.natural_scenes import (
    fit_asymmetric,
    halved,
    neighbour_products,
    normalised,
)
from kiqa.maps.fish import gray_of

BLOCK = 96  # pixels a side
FEATURES = 36

_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
_SCALES = 2
_SHARP = 0.75  # of the sharpest block's mean deviation; pristine blocks below are left out
# Matlab's `pinv` drops singular values below this part of the largest.
_TOLERANCE = FEATURES * np.finfo(np.float64).eps


class Gaussian(NamedTuple):
    """Mean, shape (36,), and covariance, shape (36, 36), of the statistics of blocks."""

    mean: np.ndarray
    covariance: np.ndarray


def niqe_features(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the statistics of the blocks of an image.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), at least `BLOCK` a side; what is
            left over right and below is not looked at.

    Returns:
        Statistics, ``float64`` of shape (blocks, 36), NaN where a block has no
        structure; and sharpness, the mean local deviation of each block.

    Raises:
        ValueError: If the image is smaller than a block.

    Examples:
        >>> from skimage import data
        >>> features, sharpness = niqe_features(data.chelsea())
        >>> features.shape, sharpness.shape
        ((12, 36), (12,))
    """
    check_side(image, BLOCK, name="niqe")
    gray = gray_of(image)
    rows, columns = (length // BLOCK for length in gray.shape)
    gray = gray[: rows * BLOCK, : columns * BLOCK]
    scales, sharpness = [], np.zeros(0)
    for scale in range(_SCALES):
        gray = halved(gray) if scale else gray
        side = BLOCK >> scale
        values, deviation = normalised(gray, border="nearest")
        scales.append(_block_features(_blocks(values, side)))
        if scale == 0:
            sharpness = _blocks(deviation, side).mean(axis=(1, 2))
    return np.concatenate(scales, axis=1), sharpness


def sharp_blocks(image: np.ndarray) -> np.ndarray:
    """Return the statistics of the sharp blocks of a pristine image.

    Args:
        image: As for `niqe_features`.

    Returns:
        Of blocks sharper than 0.75 of the sharpest one, shape (some, 36).

    Raises:
        ValueError: As `niqe_features`.
    """
    features, sharpness = niqe_features(image)
    return features[sharpness > _SHARP * sharpness.max()]


def fit_gaussian(features: np.ndarray) -> Gaussian:
    """Fit a Gaussian to the statistics of blocks.

    Args:
        features: Shape (blocks, 36), at least two without NaN.

    Returns:
        The mean of each statistic, where it is known, and the covariance over
        the blocks of which all are known.

    Raises:
        ValueError: If fewer than two blocks have structure.
    """
    whole = features[np.isfinite(features).all(axis=1)]
    if len(whole) < 2:
        raise ValueError(
            f"Expected at least 2 blocks of {BLOCK}x{BLOCK} pixels with structure, such as an "
            f"image of {2 * BLOCK}x{BLOCK} pixels that is not flat, for niqe. Received: "
            f"{len(whole)} of {len(features)} blocks. Use a larger image, or another model."
        )
    return Gaussian(np.nanmean(features, axis=0), np.cov(whole, rowvar=False))


def niqe_distance(image: Gaussian, pristine: Gaussian) -> float:
    """Return the distance of two Gaussians.

    Args:
        image: Of the image's blocks.
        pristine: Of pristine images' blocks.

    Returns:
        NIQE, at least 0, lower is better; about 3 for good photographs, above
        10 for bad ones.
    """
    difference = pristine.mean - image.mean
    middle = (pristine.covariance + image.covariance) / 2
    inverse = np.linalg.pinv(middle, rcond=_TOLERANCE, hermitian=True)
    return float(np.sqrt(max(0.0, difference @ inverse @ difference)))


def _blocks(values, side):
    """The blocks of an image, shape (blocks, side, side)."""
    rows, columns = (length // side for length in values.shape)
    grid = values.reshape(rows, side, columns, side).swapaxes(1, 2)
    return grid.reshape(rows * columns, side, side)


def _block_features(blocks):
    """18 statistics of each block."""
    count = len(blocks)
    shape, left, right = _scales(blocks.reshape(count, -1))
    found = [shape, (left + right) / 2]
    for products in neighbour_products(blocks, _SHIFTS):
        shape, left, right = _scales(products)
        mean = (right - left) * gamma(2 / shape) / gamma(1 / shape)
        found += [shape, mean, left, right]
    return np.stack(found, axis=1)


def _scales(values):
    """Shape and both scales of the fitted distributions."""
    shape, left, right = fit_asymmetric(values).T
    factor = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, left * factor, right * factor
