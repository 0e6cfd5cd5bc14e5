"""Percentiles, and intervals by split conformal prediction."""

import numpy as np

from kiqa.training.lite.calibration import interval, percentiles


def test_percentiles_are_101_rising_scores():
    found = percentiles(np.linspace(0, 1, 500))
    np.testing.assert_allclose(found, np.arange(101) / 100, atol=1e-5)


def test_half_width_is_the_error_of_that_rank():
    """Of 19 images in a range, 90 % is the 18th error: ceil(20 * 0.9)."""
    edges_from = np.linspace(0, 1, 401)
    predicted = np.repeat([0.1, 0.3, 0.6, 0.9], 19)
    errors = np.tile(np.arange(1, 20) / 100, 4)
    found = interval(predicted, predicted + errors, level=0.9, edges_from=edges_from)
    assert found["edges"] == [0.25, 0.5, 0.75]
    np.testing.assert_allclose(found["half_widths"], 0.18, atol=1e-5)


def test_a_range_with_too_few_images_gets_the_whole_scale():
    predicted = np.array([0.1] * 20 + [0.9] * 8)
    found = interval(predicted, predicted, level=0.9, edges_from=np.linspace(0, 1, 401))
    assert found["half_widths"] == [0.0, 1.0, 1.0, 1.0]


def coverage(predicted, wanted, found):
    """Share of images whose MOS lies in their interval."""
    places = np.searchsorted(found["edges"], predicted, side="right")
    half = np.asarray(found["half_widths"])[places]
    return float(np.mean(np.abs(predicted - wanted) <= half))


def test_coverage_of_new_images_is_the_level():
    rng = np.random.default_rng(0)

    def draw(n):
        predicted = rng.uniform(0, 1, n)
        return predicted, predicted + rng.normal(0, 0.02 + 0.1 * predicted)

    predicted, wanted = draw(2000)
    found = interval(predicted, wanted, level=0.9, edges_from=predicted)
    assert np.all(np.diff(found["half_widths"]) > 0)
    assert abs(coverage(*draw(4000), found) - 0.9) < 0.02
