"""Gray maps: the image, area-resized to the grid of windows."""

import numpy as np
import pytest

from kiqa.maps.fish import gray_of
from kiqa.maps.gray import gray_map


def test_values_are_means_of_areas():
    """A 128x192 image at stride 16 has 5x9 cells; each mean is that of its part."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (128 + 32, 192)).astype(float)
    found = gray_map(image, stride=16)
    assert found.values.shape == (7, 9)
    # 192 pixels / 9 and 160 / 7 are no whole numbers: weigh the pixels at the edges.
    weights = [
        np.clip(np.minimum(i + 1, high) - np.maximum(i, low), 0, None)
        for i, low, high in (
            (np.arange(160), 2 * 160 / 7, 3 * 160 / 7),
            (np.arange(192), 4 * 192 / 9, 5 * 192 / 9),
        )
    ]
    expected = np.average(np.average(image, axis=0, weights=weights[0]), weights=weights[1])
    assert found.values[2, 4] == pytest.approx(expected / 255, abs=1e-5)


def test_range_and_place(photo):
    """float32 in 0..1 on the grid of Patchnet's map."""
    found = gray_map(photo, stride=4)
    assert found.values.dtype == np.float32
    assert found.values.shape == ((300 - 64) // 4 + 1, (451 - 64) // 4 + 1)
    assert 0 <= found.values.min() < found.values.max() <= 1
    assert found.values.mean() == pytest.approx(gray_of(photo).mean() / 255, abs=1e-3)
    assert (found.stride, found.offset, found.image_size) == (4, 31.5, (300, 451))


def test_small_images_are_refused():
    """One window is needed."""
    with pytest.raises(ValueError, match="Received: 90x63"):
        gray_map(np.zeros((63, 90)))
