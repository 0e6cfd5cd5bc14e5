"""What stands beside the pixels is read wherever it stands, and kept from the decoder."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from kiqa.io.images import ImageError, load_image
from kiqa.io.images.containers import taken_apart

from ...robustness.files import chunk, encoded, png, segment, with_segments

EXIF = struct.pack("<4sIHHHIHHI", b"II*\0", 8, 1, 0x0112, 3, 1, 6, 0, 0)
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
HEX = b"\nexif\n%d\n%s" % (len(EXIF), EXIF.hex().encode())
TEXTS = {
    "eXIf": chunk(b"eXIf", EXIF),
    "iTXt": chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
    "packed iTXt": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP)),
    "zTXt": chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(HEX)),
    "tEXt": chunk(b"tEXt", b"Raw profile type exif\0" + HEX),
}


@pytest.fixture(scope="module")
def crop(photo):
    """Pixels, wider than high."""
    return photo[100:140, 100:160]


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("behind", [False, True])
def test_orientation_of_a_png(crop, kind, behind):
    """In each place and spelling that programs use."""
    text = TEXTS[kind]
    data = png(crop, behind=text) if behind else png(crop, extra=text)
    loaded = load_image(data)
    np.testing.assert_array_equal(loaded.pixels, np.rot90(crop, -1))
    assert (loaded.exif_orientation, loaded.converted) == (6, ("orientation",))


@pytest.mark.parametrize(
    "content", [b"Exif\0\0" + EXIF, b"http://ns.adobe.com/xap/1.0/\0" + XMP], ids=["exif", "xmp"]
)
def test_orientation_of_a_jpeg(crop, content):
    """In EXIF, or in XMP."""
    plain = encoded(crop, "JPEG")
    loaded = load_image(with_segments(plain, segment(0xE1, content)))
    np.testing.assert_array_equal(loaded.pixels, np.rot90(load_image(plain).pixels, -1))


def test_the_decoder_is_given_the_pixels_only(crop):
    """Of both kinds of file nothing else is left."""
    bare = png(crop)
    assert taken_apart(png(crop, extra=TEXTS["eXIf"], behind=TEXTS["zTXt"])).pixels == bare
    jpeg = encoded(crop, "JPEG")
    parts = taken_apart(with_segments(jpeg, segment(0xE1, b"Exif\0\0" + EXIF), segment(0xFE, b"x")))
    assert (parts.pixels, parts.exif, parts.scans) == (jpeg, EXIF, 1)


def test_unknown_critical_chunks_are_the_decoders_matter(crop):
    """They may change the pixels."""
    assert b"ABCD" in taken_apart(png(crop, extra=chunk(b"ABCD", b""))).pixels


def test_animated_png_and_multi_picture_jpeg(crop):
    """The first image, and that there are more."""
    second = Image.fromarray(crop[::-1])
    animated = encoded(crop, "PNG", save_all=True, append_images=[second])
    loaded = load_image(animated)
    np.testing.assert_array_equal(loaded.pixels, crop)
    assert (loaded.format, loaded.converted) == ("PNG", ("first frame",))

    pair = encoded(crop, "MPO", save_all=True, append_images=[second])
    loaded = load_image(pair)
    np.testing.assert_array_equal(loaded.pixels, load_image(encoded(crop, "JPEG")).pixels)
    assert (loaded.format, loaded.converted) == ("MPO", ("first frame",))


def test_profiles_in_several_segments(crop):
    """Of a JPEG file, in the order of their numbers."""
    plain = encoded(crop, "JPEG")
    parts = [segment(0xE2, b"ICC_PROFILE\0" + bytes([n, 2]) + bytes([n]) * 9) for n in (2, 1)]
    assert taken_apart(with_segments(plain, *parts)).icc == b"\1" * 9 + b"\2" * 9


@pytest.mark.slow
def test_bombs_of_text_are_not_unpacked(crop):
    """100 MB in 100 kB say nothing about the orientation."""
    packed = zlib.compress(XMP + bytes(100_000_000))
    data = png(crop, extra=chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed))
    assert taken_apart(data).xmp == b""
    np.testing.assert_array_equal(load_image(data).pixels, crop)


@pytest.mark.slow
def test_a_million_parts_are_too_many(crop):
    """Each costs time."""
    with pytest.raises(ImageError, match="more than 1000000 parts"):
        load_image(png(crop, extra=chunk(b"prVt", b"") * 1_000_001))
