"""What the head of an image file says."""

import pytest

from kiqa.io.images import plain_coding


@pytest.fixture(scope="module")
def good(awkward_folder):
    """Folder of usable files."""
    return awkward_folder / "good"


def test_plain_coding(awkward_folder):
    """Only complete 8-bit RGB and gray JPEG and PNG without orientation or alpha are plain."""
    plain = {
        path.name: plain_coding(path.read_bytes())
        for folder in ("good", "bad")
        for path in (awkward_folder / folder).iterdir()
    }
    assert {name: coding for name, coding in plain.items() if coding} == {
        "rgb.png": "png",
        "gray.png": "png",
        "one_pixel.png": "png",
        "RGB_UPPER.JPG": "jpeg",
        "gray.jpg": "jpeg",
        "exif1.jpg": "jpeg",
    }
