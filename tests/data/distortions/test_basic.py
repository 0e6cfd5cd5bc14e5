"""Blur, noise and JPEG compression."""

import io

import numpy as np
import pytest
from PIL import Image

from kiqa.data.distortions import (
    gaussian_blur,
    gaussian_noise,
    jpeg,
)


def test_blur_does_not_mix_channels():
    """A red image stays free of green and blue."""
    pixels = np.zeros((20, 20, 3), np.uint8)
    pixels[8:12, 8:12, 0] = 255
    assert gaussian_blur(pixels, 2)[..., 1:].max() == 0


def test_blur_of_an_image_smaller_than_the_kernel():
    """One pixel stays what it is under a wide blur."""
    pixels = np.array([[[3, 90, 250]]], np.uint8)
    np.testing.assert_array_equal(gaussian_blur(pixels, 6), pixels)


def test_noise_has_the_stated_deviation():
    """Noise of 10 levels on mid-gray has standard deviation 10 and mean 0."""
    pixels = np.full((200, 200, 3), 128, np.uint8)
    noise = gaussian_noise(pixels, 10, np.random.default_rng(0)) - 128.0
    assert abs(noise.std() - 10) < 0.1  # 120,000 samples: standard error 0.02
    assert abs(noise.mean()) < 0.15


def test_noise_is_clipped_not_wrapped():
    """White stays bright and black stays dark."""
    rng = np.random.default_rng(0)
    assert gaussian_noise(np.full((50, 50, 3), 255, np.uint8), 20, rng).min() > 100
    assert gaussian_noise(np.zeros((50, 50, 3), np.uint8), 20, rng).max() < 155


def test_noise_is_the_generators_normal(smooth):
    """The noise is one draw of the pixels' shape: seeds of published numbers stay valid."""
    drawn = smooth() + np.random.default_rng(3).normal(0, 10, smooth().shape)
    expected = np.clip(np.rint(drawn), 0, 255)
    np.testing.assert_array_equal(gaussian_noise(smooth(), 10, np.random.default_rng(3)), expected)


def test_jpeg_is_pillows_at_420(smooth):
    """The result is what a file of that quality and 4:2:0 holds."""
    buffer = io.BytesIO()
    Image.fromarray(smooth()).save(buffer, "JPEG", quality=15, subsampling="4:2:0")
    np.testing.assert_array_equal(jpeg(smooth(), 15), np.array(Image.open(buffer)))


@pytest.mark.parametrize("quality", [101, 30.5])
def test_jpeg_quality_off_the_scale_is_refused(quality, smooth):
    """JPEG quality is a whole number up to 100."""
    with pytest.raises(ValueError, match="whole quality from 1 to 100"):
        jpeg(smooth(), quality)
