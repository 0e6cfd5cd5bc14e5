"""What holds for every image and every damage: properties of the loader, tried by hypothesis."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from kiqa.io.images import ImageError, load_image, strips

from .awkward_images import JPEGS, LOSSLESS, PICTURE
from .files import chunk, encoded, png

SETTINGS = settings(
    deadline=None, derandomize=True, max_examples=60, suppress_health_check=list(HealthCheck)
)
SMALL = PICTURE[:24, :32]
FILES = {
    "png": png(SMALL),
    "interlaced": png(SMALL, interlaced=True),
    "jpeg": encoded(SMALL, "JPEG"),
    "progressive": encoded(SMALL, "JPEG", progressive=True),
    "webp": encoded(SMALL, "WEBP"),
    "gif": encoded(Image.fromarray(SMALL).quantize(32), "GIF"),
    "tiff": encoded(SMALL, "TIFF", compression="tiff_lzw"),
    "bmp": encoded(SMALL, "BMP"),
    "jpeg 2000": encoded(SMALL, "JPEG2000", tile_size=(16, 16)),
    "exif": JPEGS["long_exif.jpg"],
    "text": LOSSLESS["many_texts.png"][:20_000],
}
PIXELS = arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3)))


def loads_or_refuses(data):
    """The only two ends there are."""
    try:
        loaded = load_image(data)
    except ImageError as error:
        assert "\n" not in str(error)
        return
    assert loaded.pixels.dtype == np.uint8 and loaded.pixels.shape[2] == 3
    assert loaded.pixels.size


@SETTINGS
@given(st.binary(max_size=200), st.sampled_from(list(FILES)), st.integers(0, 40))
def test_any_bytes(data, kind, kept):
    """Also behind the beginning of an image."""
    loads_or_refuses(FILES[kind][:kept] + data)


@pytest.mark.slow
@settings(SETTINGS, max_examples=300)
@given(st.sampled_from(list(FILES)), st.data())
def test_any_damage(kind, draw):
    """Bytes changed, left out, doubled."""
    data = bytearray(FILES[kind])
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(data) - 1))
        what = draw.draw(st.sampled_from(("change", "cut", "double")))
        if what == "change":
            data[at] = draw.draw(st.integers(0, 255))
        else:
            length = draw.draw(st.integers(1, 30))
            data[at : at + length] = 2 * data[at : at + length] if what == "double" else b""
    loads_or_refuses(bytes(data))


@SETTINGS
@given(PIXELS, st.booleans(), st.integers(1, 60))
def test_lossless_files_give_their_pixels(pixels, interlaced, strip):
    """Of any size, in strips of any height."""
    with mock.patch.object(strips, "_STRIP_PIXELS", strip):
        for data in (png(pixels, interlaced=interlaced), encoded(pixels, "BMP"),
                     encoded(pixels, "WEBP", lossless=True)):  # fmt: skip
            np.testing.assert_array_equal(load_image(data).pixels, pixels)


@SETTINGS
@given(PIXELS, st.booleans(), st.floats(0, 0.999), st.booleans())
def test_a_png_without_all_rows_is_refused(pixels, interlaced, share, flat):
    """Whatever its colours: also where the missing rows would have been black."""
    pixels = np.zeros_like(pixels) if flat else pixels
    data = png(pixels, rows=share, interlaced=interlaced)
    try:
        load_image(data)
    except ImageError:
        return
    raise AssertionError("an incomplete image was loaded")


@SETTINGS
@given(
    st.lists(st.tuples(st.sampled_from((b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"tIME", b"prVt",
                                        b"acTL", b"fcTL", b"pHYs", b"sBIT", b"bKGD", b"cHRM")),
                       st.binary(max_size=300)), max_size=5),
    st.booleans(),
)  # fmt: skip
def test_chunks_beside_the_pixels_change_nothing(said, behind):
    """Valid or not, before the pixels or after them."""
    chunks = b"".join(chunk(kind, content) for kind, content in said)
    data = png(SMALL, behind=chunks) if behind else png(SMALL, extra=chunks)
    np.testing.assert_array_equal(load_image(data).pixels, SMALL)


@SETTINGS
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4))))
def test_pillow_images_and_arrays_of_one_mode_agree(pixels):
    """An array with ``mode`` is what the Pillow image of that mode is."""
    for mode in ("RGBA", "CMYK"):
        image = Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes())
        np.testing.assert_array_equal(load_image(pixels, mode=mode).pixels,
                                      load_image(image).pixels)  # fmt: skip
