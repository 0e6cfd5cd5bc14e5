"""Another history of a file: cut, size, encoding, mirror."""

import numpy as np
import pytest

from kiqa.data.distortions.history import with_history


def test_same_seed_same_image_and_the_input_stays(photo):
    before = photo.copy()
    first, second = (with_history(photo, rng=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(photo, before)
    other = with_history(photo, rng=np.random.default_rng(4))
    assert other.shape != first.shape or (other != first).any()


def test_sizes_stay_within_what_is_stated(photo):
    sides = []
    for seed in range(60):
        found = with_history(photo, rng=np.random.default_rng(seed))
        assert found.dtype == np.uint8
        assert found.flags.c_contiguous
        sides.append(found.shape[0] / photo.shape[0])
    assert 0.78 * 0.5 - 0.01 < min(sides) < 0.6
    assert 0.95 < max(sides) <= 1


def test_small_images_keep_32_pixels():
    for seed in range(30):
        pixels = np.zeros((32, 40, 3), np.uint8)
        assert min(with_history(pixels, rng=np.random.default_rng(seed)).shape[:2]) == 32
    with pytest.raises(ValueError, match="at least 32 pixels"):
        with_history(np.zeros((31, 40, 3), np.uint8), rng=np.random.default_rng(0))


def test_what_people_see_hardly_changes(photo):
    """Mean colours stay: no part of the augmentation is a degradation."""
    for seed in range(20):
        found = with_history(photo, rng=np.random.default_rng(seed))
        assert np.abs(found.mean(axis=(0, 1)) - photo.mean(axis=(0, 1))).max() < 12
