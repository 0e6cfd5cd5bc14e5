"""Light and contrast."""

import numpy as np
import pytest

from kiqa.data.distortions import overexposure, underexposure
from kiqa.defects.exposure import brightest, clipped_area, contrast


def test_areas_count_and_small_lights_do_not():
    """Specular lights of some pixels are clipped in good images, too."""
    image = np.full((200, 200, 3), 90, np.uint8)
    image[::20, ::20] = 255
    image[5:100:20, 5:11] = 255
    assert clipped_area(image) == 0
    image[50:100, 100:200] = 255
    assert clipped_area(image) == pytest.approx(50 * 100 / 200**2, rel=0.05)
    image[..., 1:] = 10
    assert clipped_area(image) > 0.1  # one channel at its end is enough


def test_stops_are_seen(photo):
    """Longer and shorter exposure move their measure, stop by stop."""
    over = [clipped_area(overexposure(photo, stops)) for stops in (0.5, 1.5, 2.5)]
    assert over == sorted(over) and over[-1] > 0.1 > clipped_area(photo)
    gray = [underexposure(photo, stops).mean(axis=2).astype(np.float32) for stops in (1, 2, 4)]
    assert [brightest(each) for each in gray] == sorted(map(brightest, gray), reverse=True)


def test_a_single_light_is_not_the_brightness():
    """Less than 2 % of a night."""
    night = np.full((200, 200), 12, np.float32)
    night[:15, :15] = 255
    assert brightest(night) == pytest.approx(12)


def test_contrast_leaves_the_ends_out():
    """2 % at each; a plane has none."""
    ramp = np.linspace(0, 100, 201, dtype=np.float32).reshape(3, 67)
    assert contrast(ramp) == pytest.approx(96)
    assert contrast(np.full((9, 9), 7, np.float32)) == 0
