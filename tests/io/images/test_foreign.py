"""Formats that kiqa does not read are named; its own are not."""

import pytest

from kiqa.io.images import load_image
from kiqa.io.images.foreign import named_format

from ...robustness.files import camera_raw, iso_media


def test_our_own_are_not_foreign(awkward_folder, encode, photo):
    """Also AVIF, which looks like HEIC."""
    for path in (awkward_folder / "good").iterdir():
        assert named_format(path.read_bytes()[:64]) is None, path.name
    for kind in ("AVIF", "JPEG2000", "PPM"):
        assert named_format(encode(photo[:64, :64], kind)[:64]) is None
    assert named_format(iso_media(b"mif1", b"avif")) is None


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (iso_media(b"heix"), "HEIC"),
        (iso_media(b"hevc"), "HEIC"),
        (iso_media(b"qt  "), "a video"),
        (iso_media(b"zzzz"), "an ISO media file"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?><svg/>", "XML"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"#?RADIANCE\n", "Radiance HDR"),
    ],
)
def test_others_are_named(start, name):
    """With a remedy."""
    found, remedy = named_format(start)
    assert found.startswith(name) and remedy


@pytest.mark.parametrize("big_endian", [True, False])
def test_a_tiff_with_smaller_copies_is_an_image(big_endian):
    """Its first directory is the image itself; further ones hang at the same tag."""
    image = load_image(camera_raw(big_endian=big_endian, main=True))
    assert image.pixels[..., 0].ravel().tolist() == list(range(64))
