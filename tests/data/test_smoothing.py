"""The Gaussian blur of maps."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from kiqa.data.smoothing import blur_map


@pytest.mark.parametrize("mode", ["reflect", "nearest", "constant"])
@pytest.mark.parametrize("shape", [(48, 64), (37, 101), (30, 7)])
def test_blur_is_that_of_scipy(shape, mode):
    """Every border mode equals gaussian_filter to 1e-6 with sigma 10 % of the width."""
    values = np.random.default_rng(0).random(shape)
    expected = gaussian_filter(values, 0.1 * shape[1], mode=mode, truncate=4)
    blurred = blur_map(values, mode=mode)
    assert blurred.dtype == np.float32
    np.testing.assert_allclose(blurred, expected, atol=1e-6)


def test_blur_leaves_exact_zeros_where_the_kernel_does_not_reach():
    """Beyond four standard deviations nothing is above 0, although the transform rounds."""
    votes = np.zeros((60, 200), np.float32)
    votes[:, :30] = 1
    expected = gaussian_filter(votes.astype(float), 20.0) > 0
    assert not expected.all()
    np.testing.assert_array_equal(blur_map(votes) > 0, expected)
    assert np.all(blur_map(np.zeros((60, 200))) == 0)


def test_blur_keeps_a_constant_and_can_be_switched_off():
    """A constant map stays the same number everywhere; blur 0 changes nothing."""
    constant = blur_map(np.full((60, 90), 0.3))
    assert set(np.unique(constant)) == {np.float32(0.3)}
    values = np.random.default_rng(0).random((5, 6)).astype(np.float32)
    np.testing.assert_array_equal(blur_map(values, blur=0), values)


@pytest.mark.parametrize(
    ("values", "options", "said"),
    [
        (np.zeros((2, 2, 2)), {}, r"shape \(2, 2, 2\)"),
        (np.full((2, 2), np.nan), {}, "4 values that are not finite"),
        (np.zeros((2, 2)), {"mode": "mirrored"}, "'mirrored'"),
        (np.zeros((2, 2)), {"blur": 10}, "received 10"),
    ],
)
def test_blur_refuses_what_it_cannot_do(values, options, said):
    """Colour maps, NaN, unknown modes and a blur in pixels are refused."""
    with pytest.raises(ValueError, match=said):
        blur_map(values, **options)
