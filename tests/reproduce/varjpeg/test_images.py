"""Images for the comparison, and their differences."""

import numpy as np
import pytest

from kiqa.reproduce.varjpeg.images import blurred_outside, psnr


def test_photograph_is_blurred_outside_the_mask_only(photo):
    """Sharp pixels are the image's own; the rest has lost its detail."""
    pixels, mask = blurred_outside(photo, "x")
    assert 0.05 < mask.mean() < 0.3
    assert np.abs(pixels[mask].astype(int) - photo[mask]).max() <= 2
    detail = [np.abs(np.diff(p.astype(float), axis=0))[~mask[1:]].mean() for p in (photo, pixels)]
    assert detail[1] < 0.6 * detail[0]
    again, _ = blurred_outside(photo, "x")
    other, _ = blurred_outside(photo, "y")
    assert np.array_equal(again, pixels) and not np.array_equal(other, pixels)


def test_psnr_by_hand():
    """10 log10(255^2 / mean squared error), of the mask only where one is given."""
    first = np.zeros((2, 2, 3), np.uint8)
    second = first.copy()
    second[0, 0] = 51  # 255 / 5
    assert psnr(first, second) == pytest.approx(10 * np.log10(25 * 4))
    mask = np.array([[True, False], [False, False]])
    assert psnr(first, second, mask) == pytest.approx(10 * np.log10(25))
    assert psnr(first, second, ~mask) == float("inf")
