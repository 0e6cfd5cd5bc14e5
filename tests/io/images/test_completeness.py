"""Properly closed files of which a part is missing."""

import numpy as np
import pytest

from kiqa.io.images import ImageError, load_image
from kiqa.io.images.completeness import check_jpeg

from ...robustness.files import closed_early, first_tile_only, png


@pytest.fixture(scope="module")
def crop(photo):
    """Pixels."""
    return photo[100:228, 100:260]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpegs_closed_early(encode, crop, share, progressive, mode):
    """Whatever their colours and their scans."""
    from PIL import Image

    data = encode(Image.fromarray(crop).convert(mode), "JPEG", progressive=progressive)
    check_jpeg(data)
    with pytest.raises(ImageError, match="premature end|truncated|decoded"):
        load_image(closed_early(data, share))


def test_harmless_complaints_are_none(encode, crop):
    """Bytes too many say nothing about the pixels."""
    data = encode(crop, "JPEG")
    scan = data.index(b"\xff\xda")
    for odd in (
        data + bytes(9),
        data[:-2] + b"junk" + data[-2:],
        data[:scan] + b"xx" + data[scan:],
    ):
        np.testing.assert_array_equal(load_image(odd).pixels, load_image(data).pixels)


@pytest.mark.parametrize("interlaced", [False, True])
def test_complete_pngs_with_black_last_rows(crop, interlaced):
    """They look as if rows were missing, and are counted."""
    black = crop.copy()
    black[60:] = 0
    np.testing.assert_array_equal(load_image(png(black, interlaced=interlaced)).pixels, black)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.99, 0.9999])
@pytest.mark.parametrize("interlaced", [False, True])
def test_pngs_closed_early(crop, share, interlaced):
    """Down to the last byte."""
    with pytest.raises(ImageError, match="expected a complete image"):
        load_image(png(crop, rows=share, interlaced=interlaced))


@pytest.mark.parametrize("color", ["1", "P", "LA", "RGBA"])
def test_other_kinds_of_png_are_complete(encode, crop, color):
    """The number of bytes of a row follows from kind and depth."""
    from PIL import Image

    image = Image.fromarray(np.zeros_like(crop)).convert(color)
    assert load_image(encode(image, "PNG")).pixels.max() in (0, 255)


def test_tiles_of_jpeg_2000(encode, crop):
    """All there, one there, a cut one; as a file and as a bare codestream."""
    for options in ({}, {"no_jp2": True}):
        data = encode(crop, "JPEG2000", tile_size=(64, 64), **options)
        assert load_image(data).pixels.shape == crop.shape
    with pytest.raises(ImageError, match="5 of 6 tiles are missing"):
        load_image(first_tile_only(data))
    with pytest.raises(ImageError, match="is cut"):
        load_image(data[: len(data) // 2] + b"\xff\xd9")
