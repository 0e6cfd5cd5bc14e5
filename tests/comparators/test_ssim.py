"""SSIM and MS-SSIM beyond the recorded values of tests/parity."""

import numpy as np
import pytest

from kiqa.comparators.ssim import ms_ssim, ssim, ssim_map


def test_a_constant_shift_changes_the_luminance_term_only(photo):
    """Of flat images the map is the luminance term everywhere."""
    low, high = (np.full((20, 30, 3), value, np.uint8) for value in (100, 120))
    c1 = (0.01 * 255) ** 2
    expected = (2 * 100 * 120 + c1) / (100**2 + 120**2 + c1)
    values = ssim_map(low, high)
    assert values.shape == (10, 20)
    np.testing.assert_allclose(values, expected, atol=1e-9)
    assert ssim(low, high) == pytest.approx(expected)


def test_an_inverted_image_has_no_real_power(photo):
    """Negative terms count as 0, not as complex or NaN."""
    image = photo[:200, :200]
    assert ms_ssim(255 - image, image) == 0
