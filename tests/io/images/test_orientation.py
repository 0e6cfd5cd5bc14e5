"""Turning pixels by EXIF orientation: as Pillow does, and back."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from kiqa.io.images.orientation import turned_back, turned_upright

PIXELS = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_is_what_pillow_makes(orientation):
    """`ImageOps.exif_transpose` is the reference."""
    image = Image.fromarray(PIXELS)
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(turned_upright(PIXELS, orientation), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pixels", [PIXELS, PIXELS[..., 0]], ids=["colour", "gray"])
def test_back_undoes_upright(orientation, pixels):
    """And the other way."""
    upright = turned_upright(pixels, orientation)
    np.testing.assert_array_equal(turned_back(upright, orientation), pixels)
    np.testing.assert_array_equal(turned_upright(turned_back(pixels, orientation), orientation),
                                  pixels)  # fmt: skip


def test_nothing_is_copied():
    """Views of the same memory."""
    assert all(np.shares_memory(turned_upright(PIXELS, number), PIXELS) for number in range(1, 9))
