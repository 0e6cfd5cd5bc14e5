"""Halves, enlargements and versions for a display."""

import numpy as np
import pytest

from kiqa.data.resizing import (
    at_least,
    for_display,
    halved,
    limited_side,
    parse_display,
    resampled,
)


def _noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("downscaling", ["area", "box"])
def test_half_of_even_sides_is_the_mean_of_four(downscaling):
    """Rounded half up, as both programs do."""
    image = _noise(6, 8)
    means = image.reshape(3, 2, 4, 2, 3).astype(float).mean(axis=(1, 3))
    np.testing.assert_array_equal(halved(image, downscaling=downscaling), np.floor(means + 0.5))


def test_half_of_odd_sides_by_the_box_repeats_the_last_pixel():
    """Matlab rounds the size up and mirrors at the border."""
    image = _noise(3, 5)
    found = halved(image, downscaling="box")
    assert found.shape == (2, 3, 3)
    np.testing.assert_array_equal(found[1, 2], image[2, 4])
    assert halved(image, downscaling="area").shape == (2, 2, 3)  # 1.5 and 2.5 to even


@pytest.mark.parametrize(
    ("shape", "small_images", "expected"),
    [
        ((300, 224), "scale", (300, 224)),
        ((112, 200), "scale", (224, 400)),
        ((112, 200), "squash", (224, 224)),
        ((500, 100), "squash", (224, 224)),
        ((1, 1), "scale", (224, 224)),
    ],
)
def test_small_images_are_enlarged(shape, small_images, expected):
    """The aspect is kept, or by the reference code lost."""
    image = _noise(*shape)
    found = at_least(image, 224, small_images=small_images)
    assert found.shape == (*expected, 3)
    assert (found is image) == (shape == expected)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((1536, 2048), (1080, 1440)), ((2048, 1536), (1080, 810)), ((600, 800), (600, 800))],
)
def test_display_only_shrinks(shape, expected):
    """The image fits the display and keeps its aspect."""
    image = np.zeros((*shape, 3), np.uint8)
    assert for_display(image, (1920, 1080)).shape[:2] == expected
    assert for_display(image, None) is image


def test_smaller_side_rounds_the_other_down():
    """SPAQ's versions: 768 x floor(W * 768 / H), never enlarged."""
    assert limited_side(_noise(900, 1201), 768).shape == (768, 1024, 3)
    image = _noise(700, 900)
    assert limited_side(image, 768) is image
    flat = np.full((100, 160, 3), 77, np.uint8)
    np.testing.assert_array_equal(limited_side(flat, 30), 77)


def test_display_is_read_from_text():
    """Width x height; anything else is refused."""
    assert parse_display("1920X1080") == (1920, 1080)
    for text in ("1920", "0x10", "axb", "-1x5"):
        with pytest.raises(ValueError, match="such as 1920x1080"):
            parse_display(text)


def test_refuses_unknown_ways():
    """The choices are named."""
    with pytest.raises(ValueError, match="area.*box"):
        halved(_noise(4, 4), downscaling="bilinear")
    with pytest.raises(ValueError, match="scale.*squash"):
        at_least(_noise(4, 4), 224, small_images="pad")


def test_resampling_is_by_area_where_it_shrinks(photo):
    """Half the sides are means of 2x2 pixels; twice them keep it; its own size is itself."""
    even = photo[:, :450]
    means = even.reshape(150, 2, 225, 2, 3).mean(axis=(1, 3))
    assert np.abs(resampled(even, 150, 225) - means).max() <= 0.5
    larger = resampled(even[:40, :60], 80, 120)
    assert larger.shape == (80, 120, 3)
    assert np.abs(larger[::2, ::2].astype(float) - even[:40, :60]).mean() < 6
    assert resampled(photo, *photo.shape[:2]) is photo
