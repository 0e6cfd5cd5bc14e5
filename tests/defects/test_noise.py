"""The noise of flat blocks."""

import numpy as np
import pytest

from kiqa.data.distortions import colour_noise, gaussian_noise
from kiqa.defects.noise import noise_level


@pytest.mark.parametrize("sd", [5, 10, 20, 40])
@pytest.mark.parametrize("level", [60, 128])
def test_the_noise_of_a_plane(sd, level):
    """Its standard deviation, by the luma and by the chroma."""
    plane = np.full((256, 256, 3), level, np.uint8)
    luma, chroma = noise_level(gaussian_noise(plane, sd, np.random.default_rng(0)))
    if level - 2 * sd > 0:
        assert (luma, chroma) == pytest.approx((sd, sd), rel=0.12)
    else:
        assert min(luma, chroma) > 20


def test_the_noise_of_an_image(photo):
    """Fine fur is no noise; noise of the colours alone is seen."""
    rng = np.random.default_rng(0)
    assert max(noise_level(photo)) < 6
    assert noise_level(gaussian_noise(photo, 20, rng))[0] == pytest.approx(20, rel=0.2)
    luma, chroma = noise_level(colour_noise(photo, 12, rng))
    assert chroma > 15 and luma < 8


def test_strong_noise_is_not_overlooked(photo):
    """Where it reaches black and white in every block."""
    rng = np.random.default_rng(0)
    assert min(noise_level(gaussian_noise(photo, 90, rng))) > 40


def test_images_without_a_block_to_look_at():
    """Clipped all over, or tiny."""
    assert noise_level(np.full((64, 64, 3), 255, np.uint8)) is None
    assert noise_level(np.full((31, 400, 3), 90, np.uint8)) is None
    assert noise_level(np.full((32, 32, 3), 90, np.uint8)) == (0, 0)
