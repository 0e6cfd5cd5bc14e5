"""What a file says before its pixels are decoded."""

import pytest
from PIL import Image

from kiqa.io.images import load_image
from kiqa.io.images.headers import upright_size


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_sizes_are_those_of_upright_images(tmp_path, suffix, orientation):
    """Width and height of an image on its side are exchanged, as where it is loaded."""
    image = Image.new("RGB", (30, 20))
    exif = image.getexif()
    exif[0x0112] = orientation
    path = tmp_path / f"image{suffix}"
    image.save(path, exif=exif)
    assert upright_size(path) == ((30, 20) if orientation == 6 else (20, 30))
    assert load_image(path).pixels.shape[:2] == upright_size(path)
