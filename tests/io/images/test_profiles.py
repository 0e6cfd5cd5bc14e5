"""Colour profiles: what is converted, what is left alone, what is only said."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from kiqa.io.images import load_image
from kiqa.io.images.profiles import UNUSABLE

from ...robustness.icc import DISPLAY_P3, SRGB, cmyk_profile, gray_profile, rgb_profile

BUILT_IN = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
P3 = rgb_profile()
CHANGE = "Display P3 of the tests to sRGB"


@pytest.fixture(scope="module")
def muted(photo):
    """A photograph of colours that both spaces hold."""
    return (photo[100:180, 100:200].astype(float) * 0.5 + 60).astype(np.uint8)


def to_srgb(pixels):
    """The definition: through XYZ, in floating point."""
    linear = (pixels / 255.0) ** 2.2 @ DISPLAY_P3.T @ np.linalg.inv(SRGB).T
    linear = linear.clip(0, 1)
    low = linear <= 0.0031308
    return 255 * np.where(low, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_colours_become_srgb(encode, muted, kind):
    """In every kind of file that holds profiles, to the level that 8 bits allow."""
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}.get(kind, {})
    stored = load_image(encode(muted, kind, **options)).pixels
    loaded = load_image(encode(muted, kind, icc_profile=P3, **options))
    assert np.abs(loaded.pixels - to_srgb(stored)).max() < 2.5
    assert np.abs(loaded.pixels.astype(int) - stored).max() > 5
    assert (loaded.converted, loaded.icc) == ((CHANGE,), True)


def test_black_and_white_stay(encode):
    """And so do the grays between."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    pixels = load_image(encode(ramp, "PNG", icc_profile=P3)).pixels
    assert pixels[0, 0].tolist() == [0, 0, 0] and pixels[0, 255].tolist() == [255, 255, 255]
    assert np.ptp(pixels.astype(int), axis=2).max() <= 1


@pytest.mark.parametrize("profile", [BUILT_IN, rgb_profile(SRGB, name="nearly")], ids=["is", "not"])
def test_srgb_is_left_alone(encode, photo, profile):
    """Bit for bit; one gamma of 2.2 is another curve than sRGB's."""
    loaded = load_image(encode(photo, "PNG", icc_profile=profile))
    same = np.array_equal(loaded.pixels, photo)
    assert same == (profile is BUILT_IN) == (loaded.converted == ())


def test_pixels_can_stay_as_stored(encode, muted):
    """For who keeps the profile with them."""
    loaded = load_image(encode(muted, "PNG", icc_profile=P3), color_managed=False)
    np.testing.assert_array_equal(loaded.pixels, muted)
    assert (loaded.converted, loaded.icc) == ((), True)


@pytest.mark.parametrize("profile", [gray_profile(), rgb_profile(gamma=1.0)], ids=["gray", "rgb"])
def test_gray_has_profiles_of_gray_and_of_rgb(encode, muted, profile):
    """Linear gray is much brighter than its numbers."""
    gray = muted[..., 0]
    loaded = load_image(encode(gray, "PNG", icc_profile=profile))
    linear = gray / 255.0
    expected = 255 * np.where(linear <= 0.0031308, 12.92 * linear,
                              1.055 * linear ** (1 / 2.4) - 0.055)  # fmt: skip
    assert np.abs(loaded.pixels - expected[..., None]).max() < 1.6
    assert loaded.converted[0] == "gray to RGB" and loaded.converted[1].endswith(" to sRGB")


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_by_its_profile(encode, kind):
    """Paper is white, full ink black, and yellow not that of Pillow's formula."""
    inks = [(0, 0, 0, 0), (255, 255, 255, 255), (0, 0, 255, 0)]
    pixels = np.repeat(np.array([inks], np.uint8), 16, axis=1).repeat(16, axis=0)
    image = Image.frombytes("CMYK", pixels.shape[1::-1], pixels.tobytes())
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    loaded = load_image(encode(image, kind, icc_profile=cmyk_profile(), **options))
    white, black, yellow = loaded.pixels[8, [8, 24, 40]].astype(int)
    assert white.min() >= 253 and black.max() <= 2
    assert yellow[2] < yellow[0] < 250 and yellow[0] > 200
    assert loaded.converted == ("CMYK to RGB", "press of the tests to sRGB")


def test_palettes_transparency_and_16_bits(encode, png_bytes, muted):
    """The colours are converted, then laid over a white that stays white."""
    palette = Image.fromarray(muted).quantize(32)
    loaded = load_image(encode(palette, "PNG", icc_profile=P3))
    stored = np.asarray(palette.convert("RGB"))
    assert np.abs(loaded.pixels - to_srgb(stored)).max() < 2.5
    assert loaded.converted == ("palette to RGB", CHANGE)

    alpha = np.full((*muted.shape[:2], 1), 255, np.uint8)
    alpha[:, :50] = 0
    rgba = np.dstack([muted, alpha])
    for data, first in (
        (encode(Image.fromarray(rgba), "PNG", icc_profile=P3), ()),
        (_with_profile(png_bytes(rgba * np.uint16(257), 6)), ("16-bit to 8-bit",)),
    ):
        loaded = load_image(data)
        assert np.abs(loaded.pixels[:, 50:] - to_srgb(muted[:, 50:])).max() < 2.5
        assert loaded.pixels[:, :50].min() == 255
        assert loaded.converted == (*first, CHANGE, "alpha over white")


def _with_profile(png):
    """A PNG file with the profile, compressed, behind its header."""
    import zlib

    from ...robustness.files import chunk

    return png[:33] + chunk(b"iCCP", b"name\0\0" + zlib.compress(P3)) + png[33:]


@pytest.mark.parametrize(
    "profile",
    [b"profile", P3[:200], P3[:16] + b"GRAY" + P3[20:], cmyk_profile(), bytes(500)],
    ids=["text", "cut", "gray for colour", "cmyk for rgb", "zeros"],
)
def test_unusable_profiles_are_said(encode, muted, profile):
    """The pixels are as stored."""
    for kind in ("PNG", "JPEG"):
        loaded = load_image(encode(muted, kind, icc_profile=profile))
        np.testing.assert_array_equal(loaded.pixels, load_image(encode(muted, kind)).pixels)
        assert (loaded.converted, loaded.icc) == ((UNUSABLE,), True)


def test_names_are_fit_for_a_table(encode, muted):
    """No escape sequences, no lines, no novels."""
    profile = rgb_profile(name="\x1b[31mred\nline " + "x" * 200)
    (change,) = load_image(encode(muted, "PNG", icc_profile=profile)).converted
    assert change.isprintable() and change.endswith(" to sRGB") and len(change) < 80


def test_one_bit_is_black_and_white_whatever_the_profile(encode, muted):
    """There is nothing to convert."""
    image = Image.fromarray(muted).convert("1")
    loaded = load_image(encode(image, "PNG", icc_profile=gray_profile()))
    assert set(np.unique(loaded.pixels)) == {0, 255}
    assert loaded.converted == ("1-bit to RGB",)
