"""BRISQUE's statistics beyond the twins of tests/parity."""

import numpy as np
import pytest

from kiqa.comparators.brisque import FEATURES, LEAST_SIDE, brisque_features


def test_statistics_of_the_smallest_image(photo):
    """36 finite numbers; below that size an error names it."""
    features = brisque_features(photo[:LEAST_SIDE, 40 : 40 + LEAST_SIDE])
    assert features.shape == (FEATURES,) and np.isfinite(features).all()
    with pytest.raises(ValueError, match="16x16 pixels for brisque. Received: 40x15"):
        brisque_features(photo[:15, :40])


def test_a_black_image_has_no_statistics():
    """An error about the image, not a NaN."""
    with pytest.raises(ValueError, match="with structure"):
        brisque_features(np.zeros((32, 32, 3), np.uint8))
