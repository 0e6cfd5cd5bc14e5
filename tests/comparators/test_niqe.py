"""NIQE beyond the twins of tests/parity."""

import numpy as np
import pytest

from kiqa.comparators.niqe import FEATURES, Gaussian, fit_gaussian, niqe_distance, niqe_features


def test_blocks_of_an_image(photo):
    """What is left over right and below is not looked at."""
    features, sharpness = niqe_features(photo)
    assert features.shape == (3 * 4, FEATURES) and sharpness.shape == (12,)
    np.testing.assert_array_equal(niqe_features(photo[:288, :384])[0], features)


def test_one_block_is_too_few(photo):
    """A covariance needs two; flat blocks do not count."""
    image = photo[:96, :192].copy()
    assert fit_gaussian(niqe_features(image)[0]).covariance.shape == (36, 36)
    image[:, 90:] = 0
    with pytest.raises(ValueError, match="at least 2 blocks of 96x96"):
        fit_gaussian(niqe_features(image)[0])
    with pytest.raises(ValueError, match="96x96 pixels for niqe"):
        niqe_features(photo[:95])


def test_distance_of_gaussians():
    """With unit covariances it is the distance of the means; a singular one is allowed."""
    unit = np.eye(FEATURES)
    first = Gaussian(np.zeros(FEATURES), unit)
    assert niqe_distance(Gaussian(np.full(FEATURES, 0.5), unit), first) == pytest.approx(3)
    singular = Gaussian(np.zeros(FEATURES), np.zeros((FEATURES, FEATURES)))
    assert niqe_distance(singular, singular) == 0
