"""BRISQUE: 36 statistics of an image, which a support vector regression rates.

At two resolutions: shape and variance of the normalised gray values, and of
the products of neighbours in four directions shape, mean and both variances.
Gray is Matlab's ``rgb2gray`` of ``uint8``; outside of the image are zeros.

The regression is a weights file, ``brisque.h5`` (`kiqa.models.brisque`), trained
by ``python -m kiqa.train_comparator brisque``.

Public names: `brisque_features`, `LEAST_SIDE`, `FEATURES`.

References:
    A. Mittal, A. K. Moorthy, A. C. Bovik, No-reference image quality assessment
    in the spatial domain, IEEE TIP 21(12), 2012; Table I.
"""

import numpy as np
from scipy.special import gamma

from kiqa.comparators.luminance import check_side
from kiqa.comparators.natural_scenes import (
    fit_asymmetric,
    fit_symmetric,
    halved,
    neighbour_products,
    normalised,
)
from kiqa.maps.fish import gray_of

LEAST_SIDE = 16  # ours: 8 pixels, one window, at the second resolution
FEATURES = 36

_SHIFTS = ((0, 1), (1, 0), (1, 1), (-1, 1))  # horizontal, vertical, both diagonals
_SCALES = 2


def brisque_features(image: np.ndarray) -> np.ndarray:
    """Return the statistics of an image.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), at least `LEAST_SIDE` a side.

    Returns:
        ``float64`` of shape (36,). For each resolution: shape and variance of
        the normalised values; for each of four directions shape, mean, left
        variance and right variance of the products.

    Raises:
        ValueError: If the image is too small, or has no structure of which
            there could be statistics.

    Examples:
        >>> from skimage import data
        >>> brisque_features(data.chelsea()).shape
        (36,)
    """
    check_side(image, LEAST_SIDE, name="brisque")
    gray = gray_of(image)
    found = []
    for scale in range(_SCALES):
        gray = halved(gray) if scale else gray
        values, _ = normalised(gray, border="constant")
        found += fit_symmetric(values)
        for products in neighbour_products(values[None], _SHIFTS):
            shape, left, right = fit_asymmetric(products)[0]
            ratio = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
            mean = (right - left) * gamma(2 / shape) / gamma(1 / shape) * ratio
            found += [shape, mean, left**2, right**2]
    features = np.array(found, np.float64)
    if not np.isfinite(features).all():
        raise ValueError(
            "Expected an image with structure, whose neighbouring pixels differ in both "
            "directions. Received: one without, at its own size or at half of it. "
            "Use an image that is not flat, or another model."
        )
    return features
