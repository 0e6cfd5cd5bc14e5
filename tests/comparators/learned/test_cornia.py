"""What CORNIA looks at."""

import numpy as np
import pytest

from kiqa.comparators.learned.cornia import answers, normalised_patches
from kiqa.maps.fish import gray_of


def test_patches_are_normalised_gray_values(photo):
    """A patch of the image, less its mean, over its deviation and 10; the same ones each time."""
    image = photo[:40, :50]
    found = normalised_patches(image, 30)
    assert found.shape == (30, 49) and found.dtype == np.float32
    np.testing.assert_array_equal(found, normalised_patches(image, 30))
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-6)
    windows = np.lib.stride_tricks.sliding_window_view(gray_of(image), (7, 7)).reshape(-1, 49)
    expected = windows - windows.mean(axis=1, keepdims=True)
    expected = expected / (windows.std(axis=1, keepdims=True) + 10)
    nearest = np.abs(expected - found[5].astype(np.float64)).max(axis=1).min()
    assert nearest < 1e-5


def test_a_small_image_is_looked_at_everywhere(photo):
    """All of its positions, once each; below the least side it is refused."""
    assert len(normalised_patches(photo[:16, :17], 500)) == 10 * 11
    with pytest.raises(ValueError, match="16x16 pixels for cornia"):
        normalised_patches(photo[:15, :60], 5)


def test_answers_are_the_largest_of_both_signs():
    """Counted by hand, on two patches and three words."""
    patches = np.array([[1.0, 0], [0, 2]])
    kernel, bias = np.array([[1.0, -1, 3], [2, -2, -1]]), np.array([0.5, 0, 0])
    np.testing.assert_allclose(answers(patches, kernel, bias), [4.5, 0, 3, 0, 4, 2])
