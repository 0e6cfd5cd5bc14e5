"""Blocks of JPEG."""

import numpy as np
import pytest

from kiqa.data.distortions import gaussian_noise, jpeg
from kiqa.defects.compression import blockiness


def test_worse_qualities_are_blockier(photo):
    """And a photograph is not."""
    found = [blockiness(jpeg(photo, quality)) for quality in (50, 15, 5)]
    assert found == sorted(found) and found[0] > 0.1
    assert blockiness(photo) < 0.06


@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 5), (7, 1)])
def test_the_grid_may_begin_anywhere(photo, top, left):
    """As in a part of an image."""
    assert blockiness(jpeg(photo, 10)[top:, left:]) == pytest.approx(
        blockiness(jpeg(photo, 10)), rel=0.1
    )


@pytest.mark.parametrize("value", [0, 128, 255])
def test_planes_and_noise_have_none(value):
    """Nothing divides by nothing."""
    plane = np.full((128, 128, 3), value, np.uint8)
    assert blockiness(plane) == 0
    assert blockiness(gaussian_noise(plane, 20, np.random.default_rng(0))) < 0.06


def test_large_images_are_looked_at_in_the_middle():
    """Borders beyond do not count; small images have no value."""
    image = np.full((64, 3000, 3), 90, np.uint8)
    image[:, :200] = jpeg(np.random.default_rng(0).integers(0, 256, (64, 200, 3), np.uint8), 1)
    assert blockiness(image) == 0
    assert blockiness(image[:63]) is None
