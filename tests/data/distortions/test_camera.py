"""Distortions of cameras and of transmission."""

import io

import numpy as np
import pytest
from PIL import Image

from kiqa.data.distortions import (
    available_distortions,
    colour_noise,
    jpeg2000,
    motion_blur,
    overexposure,
    underexposure,
)

KINDS = available_distortions()
needs_jpeg2000 = pytest.mark.skipif("jpeg2000" not in KINDS, reason="a Pillow without JPEG 2000")


@needs_jpeg2000
def test_jpeg2000_is_pillows_at_that_ratio(photo):
    """The result is what a file of 1/40 of the pixels' bytes holds."""
    buffer = io.BytesIO()
    options = {"quality_mode": "rates", "quality_layers": [40], "irreversible": True}
    Image.fromarray(photo).save(buffer, "JPEG2000", **options)
    assert len(buffer.getvalue()) == pytest.approx(photo.size / 40, rel=0.05)
    np.testing.assert_array_equal(jpeg2000(photo, 40), np.array(Image.open(buffer)))


@needs_jpeg2000
@pytest.mark.parametrize("ratio", [1, 0.5])
def test_jpeg2000_ratio_without_compression_is_refused(ratio, smooth):
    """A ratio of 1 or less compresses nothing."""
    with pytest.raises(ValueError, match=r"above 1 for 'jpeg2000', received .*usual levels"):
        jpeg2000(smooth(), ratio)


def test_exposure_is_a_gain_in_linear_light():
    """Mid-gray 188 is half of the light (sRGB): a stop more is white, a stop less is 137."""
    gray = np.full((4, 4, 3), 188, np.uint8)
    assert overexposure(gray, 1).max() == overexposure(gray, 1).min() == 255
    assert underexposure(gray, 1).max() == underexposure(gray, 1).min() == 137
    assert underexposure(overexposure(gray // 2, 1), 1)[0, 0, 0] == pytest.approx(94, abs=1)


def test_very_many_stops_are_white_or_black():
    """A gain beyond floating point clips like any other."""
    assert overexposure(np.full((2, 2, 3), 1, np.uint8), 1e6).min() == 255
    assert underexposure(np.full((2, 2, 3), 255, np.uint8), 1e6).max() == 0


def test_motion_blur_is_a_line():
    """A point becomes a line of the level's length, in a direction that the seed decides."""
    point = np.zeros((61, 61, 3), np.uint8)
    point[30, 30] = 255
    seen = set()
    for seed in range(5):
        streak = motion_blur(point, 5, np.random.default_rng(seed)).astype(float)[..., 0]
        assert streak.sum() == pytest.approx(255, rel=0.05)
        rows, columns = np.nonzero(streak)
        centre = np.average(rows, weights=streak[rows, columns])
        assert centre == pytest.approx(30, abs=0.1)
        weights = streak[rows, columns] / streak.sum()
        spread = np.sum(weights * ((rows - 30.0) ** 2 + (columns - 30.0) ** 2))
        # A line of length 5 has a mean square of 25/12; sharing among pixels adds up to 1/2.
        assert 25 / 12 - 0.1 < spread < 25 / 12 + 0.6
        seen.add(streak.tobytes())
    assert len(seen) == 5


def test_colour_noise_leaves_the_luma():
    """Cb and Cr have the level's deviation, Y only errors of rounding."""
    gray = np.full((80, 80, 3), 128, np.uint8)
    noisy = colour_noise(gray, 12, np.random.default_rng(0)).astype(float)
    red, green, blue = np.moveaxis(noisy, -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    assert np.std(luma) < 0.5 and np.mean(luma) == pytest.approx(128, abs=0.1)
    assert np.std((blue - luma) / 1.772) == pytest.approx(12, rel=0.05)
    assert np.std((red - luma) / 1.402) == pytest.approx(12, rel=0.05)
