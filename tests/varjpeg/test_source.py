"""What is coded: pixels as stored, with colour profile, EXIF data and orientation."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from kiqa.io.images import load_image
from kiqa.io.images.metadata import Metadata
from kiqa.io.images.orientation import turned_upright
from kiqa.io.images.sources import read_file
from kiqa.varjpeg import read_source
from kiqa.varjpeg.markers import Segment
from kiqa.varjpeg.source import kept_metadata, metadata_segments

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
APP1, APP2 = 0xE1, 0xE2
GRAY = ("gray.png", "gray.jpg", "one_bit.png", "la.png", "gray16.png")
COLOUR = ("rgb.png", "RGB_UPPER.JPG", "rgba.png", "rgba16.png", "rgb16.png", "palette.png",
          "cmyk.jpg", "animated.gif", "photo.webp", "photo.bmp", "one_pixel.png",
          "la16.png")  # fmt: skip  # Pillow says RGBA of the last


@pytest.mark.parametrize("name", GRAY + COLOUR)
def test_pixels_are_those_of_load_image(awkward_folder, name):
    """Gray files of Pillow's modes have one plane, all else has three; by path and by bytes."""
    path = awkward_folder / "good" / name
    expected = load_image(path).pixels
    for image in (path, str(path), path.read_bytes()):
        source = read_source(image)
        assert source.upright.ndim == (2 if name in GRAY else 3)
        np.testing.assert_array_equal(source.rgb(), expected)
        np.testing.assert_array_equal(source.stored, source.upright)
    count = path.stat().st_size
    assert (source.file_bytes, source.sha256) == (count, load_image(path).sha256)
    assert source.bpp == 8 * count / (expected.shape[0] * expected.shape[1])


def test_loading_costs_no_more_than_is_allowed(awkward_folder):
    """By the header, or the file's size."""
    path = awkward_folder / "good" / "rgb.png"
    for most in (path.stat().st_size - 1, path.stat().st_size + 1):
        with pytest.raises(ValueError, match="at most"):
            read_source(path, max_bytes=most)


def test_a_file_is_read_once(tmp_path, encode, picture, monkeypatch):
    """Size, hash, metadata and pixels are of the same bytes; errors name it all the same."""
    path = tmp_path / "a.png"
    path.write_bytes(encode(picture(20, 30), "PNG"))
    expected = load_image(path)

    def read_and_remove(path, max_bytes):
        data = read_file(path, max_bytes)
        Path(path).unlink()
        return data

    monkeypatch.setattr("kiqa.varjpeg.source.read_file", read_and_remove)
    source = read_source(path)
    np.testing.assert_array_equal(source.upright, expected.pixels)
    assert source.sha256 == expected.sha256
    path.write_bytes(encode(picture(20, 30), "PNG")[:-40])
    with pytest.raises(ValueError, match=r"a\.png"):
        read_source(path)


def test_arrays_have_no_file(picture):
    """Neither size nor metadata; gray stays gray."""
    pixels = picture(20, 30)
    source = read_source(pixels)
    assert (source.file_bytes, source.bpp, source.sha256) == (None, None, None)
    assert (source.metadata, source.orientation) == (Metadata(), 1)
    np.testing.assert_array_equal(source.upright, pixels)
    gray = read_source(pixels[..., 0])
    assert gray.upright.shape == (20, 30) and gray.rgb().shape == (20, 30, 3)
    np.testing.assert_array_equal(gray.rgb()[..., 2], pixels[..., 0])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_pixels_are_stored_as_the_source_stores_them(awkward_folder, orientation, suffix):
    """The orientation is kept, and what is shown is upright."""
    path = awkward_folder / "good" / f"exif{orientation}.{suffix}"
    source = read_source(path)
    with Image.open(path) as image:
        stored = np.asarray(image)
    assert source.orientation == orientation
    np.testing.assert_array_equal(source.stored, stored)
    np.testing.assert_array_equal(turned_upright(source.stored, orientation), source.upright)


@pytest.mark.parametrize("orientation", [1, 6])
def test_orientations_that_are_not_kept_are_applied(awkward_folder, orientation):
    """A TIFF file has no EXIF data to copy: its pixels are stored upright."""
    path = awkward_folder / "good" / f"exif{orientation}.tif"
    source = read_source(path)
    assert (source.orientation, source.metadata.exif) == (1, b"")
    np.testing.assert_array_equal(source.stored, load_image(path).pixels)


@pytest.mark.parametrize("shape", [(65501, 1), (1, 65501)])
def test_long_sides_are_refused_naming_jpegs_limit(encode, shape):
    """Arrays and files; 65,500 pixels are taken."""
    pixels = np.zeros((*shape, 3), np.uint8)
    size = f"{shape[1]}x{shape[0]}"
    message = f"at most 65500 pixels, the limit of JPEG in libjpeg, received {size}"
    for image in (pixels, encode(pixels, "PNG")):
        with pytest.raises(ValueError, match=message):
            read_source(image)
    assert max(read_source(pixels[:65500, :65500]).upright.shape) == 65500


def test_bad_files_are_refused(awkward_folder, tmp_path):
    """By the errors of `load_image`, and what is not there."""
    for path in sorted((awkward_folder / "bad").iterdir()):
        with pytest.raises(ValueError, match="xpected"):
            read_source(path)
        with pytest.raises(ValueError, match="xpected"):
            read_source(path.read_bytes())
    with pytest.raises(FileNotFoundError, match=r"gone\.png"):
        read_source(tmp_path / "gone.png")


def test_metadata_become_segments_as_pillow_reads_them(encode, picture):
    """Profile and EXIF, byte by byte."""
    exif = Image.Exif()
    exif[0x0112] = 6
    source = read_source(encode(picture(9, 9), "PNG", icc_profile=SRGB, exif=exif))
    segments = metadata_segments(source.metadata)
    assert [segment.marker for segment in segments] == [APP1, APP2]
    assert kept_metadata(segments) == source.metadata == Metadata(SRGB, exif.tobytes()[6:])


def test_long_profiles_are_split(encode, picture):
    """In the parts that ICC.1, annex B.4, states; their order in the file does not matter."""
    icc = SRGB[:128] + np.random.default_rng(0).bytes(150_000)
    segments = metadata_segments(Metadata(icc, b""))
    assert [len(payload) for _, payload in segments] == [65533, 65533, 14 + 150_128 - 2 * 65519]
    assert [payload[:14] for _, payload in segments] == [
        b"ICC_PROFILE\0" + bytes([number, 3]) for number in (1, 2, 3)
    ]
    assert kept_metadata(segments[::-1]).icc == icc
    pillow = kept_metadata(
        [Segment(APP2, body) for name, body in _applist(encode, picture, icc) if name == "APP2"]
    )
    assert pillow.icc == icc


def _applist(encode, picture, icc):
    from io import BytesIO

    return Image.open(BytesIO(encode(picture(9, 9), "JPEG", icc_profile=icc))).applist


def test_what_does_not_fit_is_refused():
    """A segment of EXIF, 255 of the profile."""
    fits = Metadata(b"", bytes(65527))
    assert kept_metadata(metadata_segments(fits)) == fits
    for metadata in (Metadata(b"", bytes(65528)), Metadata(bytes(255 * 65519 + 1), b"")):
        with pytest.raises(ValueError, match="EXIF data of at most 65527 bytes and a profile"):
            metadata_segments(metadata)


def test_segments_of_others_are_left_alone():
    """XMP, a second EXIF, an empty part of a profile."""
    first, second = Segment(APP1, b"Exif\0\0one"), Segment(APP1, b"Exif\0\0two")
    other = [Segment(APP1, b"http://ns.adobe.com/xap/1.0/\0"), Segment(APP2, b"MPF\0")]
    empty = Segment(APP2, b"ICC_PROFILE\0\1\1")
    assert kept_metadata([*other, first, second, empty]) == Metadata(b"", b"one")


def test_paths_may_be_of_any_kind(awkward_folder):
    """os.PathLike too."""
    path = Path(awkward_folder / "good" / "rgb.png")
    assert read_source(path).upright.shape == (97, 83, 3)
