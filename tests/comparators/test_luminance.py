"""Gray values and block means of the comparators."""

import numpy as np
from scipy.signal import convolve2d

from kiqa.comparators.luminance import block_means, chrominance, thesis_luminance


def test_luminance_and_colour_of_known_pixels():
    """White is 255 without colour; red is 0.299, 0.596 and 0.211 of it."""
    pixels = np.array([[[255, 255, 255], [255, 0, 0]]], np.uint8)
    np.testing.assert_allclose(thesis_luminance(pixels), [[255, 76.245]], atol=1e-9)
    first, second = chrominance(pixels)
    np.testing.assert_allclose(first, [[0, 151.98]], atol=1e-9)
    np.testing.assert_allclose(second, [[0, 53.805]], atol=1e-9)


def test_block_means_are_matlabs_filter_and_step():
    """As `conv2(values, ones(n)/n^2, 'same')` at every n-th pixel, odd and even n."""
    values = np.random.default_rng(0).uniform(0, 255, (17, 14))
    for side in (1, 2, 3, 4):
        whole = convolve2d(values, np.ones((side, side)) / side**2, mode="full")
        start = side // 2
        same = whole[start : start + 17, start : start + 14]
        np.testing.assert_allclose(block_means(values, side), same[::side, ::side], atol=1e-9)
