"""What an image may cost, and that asking for more gives more."""

from importlib.metadata import version

import numpy as np
import pytest

from kiqa.io.images import MAX_BYTES, ImageError, load_image
from kiqa.io.images.cost import MAX_PASSES, decoding_cost
from kiqa.io.images.headers import open_file

from ...robustness.files import chunk, of_many_scans, png_header

PILLOW = int(version("Pillow").partition(".")[0])
PIXELS = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "JPEG2000", "GIF", "AVIF"])
def test_the_limit_counts_memory_and_is_inclusive(encode, kind):
    """For every kind of file alike."""
    data = encode(PIXELS, kind)
    image, parts = open_file(data, "it")
    cost = decoding_cost(image, parts, deep=False)
    assert cost > 7 * 40 * 50
    assert load_image(data, max_bytes=cost).width == 50
    with pytest.raises(ImageError, match="MiB to load, received 50x40 pixels .* raise max_bytes"):
        load_image(data, max_bytes=cost - 1)


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({}, 150_000_000),
        ({"color_type": 0}, 260_000_000),
        ({"color_type": 6, "depth": 16}, 50_000_000),
    ],
    ids=["rgb", "gray", "16-bit rgba"],
)
def test_the_default_is_a_gibibyte(options, most):
    """So many pixels of each kind of PNG are within it, at most."""
    assert MAX_BYTES == 2**30
    for pixels, refused in ((int(0.95 * most), False), (int(1.1 * most), True)):
        data = png_header(1000, pixels // 1000, **options) + chunk(b"IDAT", bytes(70))
        with pytest.raises(ImageError) as caught:
            open_file(data, "it", max_pixels=10**9)
        assert ("MiB to load" in str(caught.value)) == refused


def test_scans_are_counted(encode):
    """Their number, and the pixels of all together."""
    progressive = encode(PIXELS, "JPEG", progressive=True)
    assert open_file(progressive, "it").parts.scans == 10
    assert open_file(encode(PIXELS, "JPEG"), "it").parts.scans == 1
    assert open_file(of_many_scans(progressive, 400), "it").parts.scans == 409
    with pytest.raises(ImageError, match="at most 500 scans .* received 609 scans of 50x40"):
        load_image(of_many_scans(progressive, 600))
    large = encode(np.zeros((3000, 3000, 3), np.uint8), "JPEG", progressive=True)
    assert 3000 * 3000 * 309 > MAX_PASSES
    with pytest.raises(ImageError, match="309 scans of 3000x3000"):
        load_image(of_many_scans(large, 300))


@pytest.mark.skipif(PILLOW < 13, reason="Pillow before 13 has no limit of WebP; ours stands")
def test_pillows_limit_of_webp_is_said(encode, monkeypatch):
    """Where it is lower than ours, the message says which it is."""
    from PIL import Image

    data = encode(PIXELS, "WEBP")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ImageError, match=r"PIL\.Image\.MAX_IMAGE_PIXELS"):
        load_image(data)
