"""Fits of generalised Gaussians, and Matlab's half."""

import numpy as np
import pytest
from scipy.stats import gennorm

from kiqa.comparators.natural_scenes import fit_asymmetric, fit_symmetric, halved, normalised


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.0])
def test_shapes_are_found_again(shape):
    """Of drawn values, within the error of so many; both sides alike."""
    values = gennorm.rvs(shape, scale=1.5, size=100_000, random_state=5)
    found, variance = fit_symmetric(values)
    assert found == pytest.approx(shape, rel=0.03)
    assert variance == pytest.approx(np.mean(values**2))
    ((found, left, right),) = fit_asymmetric(values[None])
    assert found == pytest.approx(shape, rel=0.03)
    assert left == pytest.approx(right, rel=0.03)


def test_sides_are_told_apart():
    """Negative values twice as wide; a side without values is NaN and the shape the least."""
    values = np.abs(np.random.default_rng(6).normal(size=20_000))
    values[::2] *= -2
    fits = fit_asymmetric(np.stack([values, np.abs(values)]))
    assert fits[0, 1] / fits[0, 2] == pytest.approx(2, rel=0.03)
    assert fits[1, 0] == pytest.approx(0.2) and np.isnan(fits[1, 1])
    assert fit_symmetric(np.zeros(5)) == (0.2, 0.0)


def test_half_keeps_ramps_and_means():
    """A ramp stays one away from the borders; an odd side is rounded up."""
    ramp = np.arange(40.0)[None] + np.zeros((21, 1))
    half = halved(ramp)
    assert half.shape == (11, 20)
    np.testing.assert_allclose(half[:, 3:-3], 2 * np.arange(3, 17)[None] + 0.5 + np.zeros((11, 1)))


def test_normalised_values_of_a_flat_image():
    """Nothing is left inside; at the border it depends on what lies outside."""
    flat = np.full((20, 20), 80.0)
    values, deviation = normalised(flat, border="nearest")
    assert np.abs(values).max() < 1e-4 and deviation.max() < 1e-4
    values, _ = normalised(flat, border="constant")
    assert values[0, 0] > 0.5
