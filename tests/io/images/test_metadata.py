"""Colour profile and EXIF of a file: what a re-encoded image keeps."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from kiqa.io.images.headers import ImageError
from kiqa.io.images.metadata import Metadata, exif_orientation, read_metadata

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
PIXELS = np.full((10, 12, 3), 99, np.uint8)


def exif(orientation):
    """EXIF data that state an orientation."""
    made = Image.Exif()
    made[0x0112] = orientation
    return made


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_profile_and_exif_are_read(encode, kind):
    """Byte by byte; EXIF without the head that JPEG puts before it."""
    options = {"icc_profile": SRGB, "exif": exif(6)}
    read = read_metadata(encode(PIXELS, kind, **options))
    assert read.icc == SRGB
    assert read.exif[:2] in (b"II", b"MM") and exif_orientation(read.exif) == 6


def test_exif_behind_the_pixels_of_a_png_is_read(encode):
    """Pillow writes it there, and other programs do."""
    data = encode(PIXELS, "PNG", exif=exif(3))
    chunk = data.index(b"eXIf")
    length = int.from_bytes(data[chunk - 4 : chunk], "big") + 12
    moved = data[: chunk - 4] + data[chunk - 4 + length :]
    end = moved.index(b"IEND") - 4
    moved = moved[:end] + data[chunk - 4 : chunk - 4 + length] + moved[end:]
    assert moved.index(b"IDAT") < moved.index(b"eXIf")
    assert exif_orientation(read_metadata(moved).exif) == 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_none_is_empty(encode, kind):
    """No profile, no EXIF."""
    assert read_metadata(encode(PIXELS, kind)) == Metadata(b"", b"")


def test_profiles_of_other_colour_spaces_are_left_out(encode):
    """They would be wrong for the RGB pixels that are coded."""
    assert LAB[16:20] == b"Lab "
    assert read_metadata(encode(PIXELS, "JPEG", icc_profile=LAB)).icc == b""
    cmyk = SRGB[:16] + b"CMYK" + SRGB[20:]
    data = encode(Image.fromarray(PIXELS).convert("CMYK"), "JPEG", icc_profile=cmyk)
    assert read_metadata(data).icc == b""


def test_what_is_no_image_is_refused():
    """As by `kiqa.load_image`."""
    for data in (b"", b"no image", b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(ImageError, match="image bytes"):
            read_metadata(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_read(orientation):
    """1 to 8, with and without the head."""
    data = exif(orientation).tobytes()
    assert exif_orientation(data) == orientation
    assert exif_orientation(data.removeprefix(b"Exif\0\0")) == orientation


def test_orientations_that_are_none_are_one():
    """Nothing, another tag, other numbers, damaged data."""
    other = Image.Exif()
    other[0x010E] = "a title"
    cut = exif(6).tobytes()[:20]
    for data in (b"", other.tobytes(), exif(0).tobytes(), exif(9).tobytes(), cut, b"Exif\0\0nono"):
        assert exif_orientation(data) == 1
