"""PSNR and the mean squared error by the thesis's formulas."""

import numpy as np
import pytest

from kiqa.comparators.psnr import LARGEST, mse, psnr


def test_formulas_on_luminance():
    """An error of 10 in red alone is 2.99 of luminance."""
    image = np.zeros((4, 4, 3), np.uint8)
    other = image.copy()
    other[..., 0] = 10
    assert mse(other, image) == pytest.approx(2.99**2)
    assert psnr(other, image) == pytest.approx(10 * np.log10(255**2 / 2.99**2))


def test_equal_images_have_the_largest():
    """No infinite score, which no row could hold; nearly equal images have no better one."""
    image = np.full((200, 200, 3), 7, np.uint8)
    nearly = image.copy()
    nearly[0, 0, 2] += 1
    assert psnr(image, image) == LARGEST == psnr(nearly, image)
