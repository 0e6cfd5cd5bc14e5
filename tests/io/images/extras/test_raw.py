"""Camera raw: the preview or a development, turned, bounded and whole."""

import numpy as np
import pytest
from PIL import Image

from kiqa.io.images import ImageError, load_image
from kiqa.io.images.extras.raw import DEVELOPED, PREVIEW, raw_name
from kiqa.io.images.taken import taken_at

from ....robustness.extra_files import dng
from ....robustness.files import camera_raw, encoded, iso_media, segment, with_segments


def test_names():
    """Also in the dress of TIFF; not of what is no raw file."""
    assert raw_name(camera_raw(big_endian=True, dng=True, main=True)) == "camera raw in a TIFF file"
    assert raw_name(iso_media(b"crx ")) == "camera raw (CR3)"
    assert raw_name(iso_media(b"heic")) is None
    assert raw_name(encoded(np.zeros((8, 8, 3), np.uint8), "TIFF")) is None


@pytest.fixture(scope="module")
def scene(photo):
    """Of even sides."""
    pytest.importorskip("rawpy", reason="needs kiqa[raw]")
    return photo[:200, :300]


def test_development(scene):
    """Half the size, in the colours of the scene."""
    image = load_image(dng(scene))
    assert (image.format, image.converted) == ("RAW", (DEVELOPED,))
    halves = scene.reshape(100, 2, 150, 2, 3).astype(float).mean(axis=(1, 3))
    assert image.pixels.shape == halves.shape
    assert np.abs(image.pixels - halves).mean() < 5


def test_preview(scene):
    """What the camera's own JPEG shows, if it has half of the pixels a side."""
    image = load_image(dng(scene, preview=scene))
    assert image.converted == (PREVIEW,)
    assert np.abs(image.pixels.astype(int) - scene).mean() < 4
    assert load_image(dng(scene, preview=scene[::2, ::2])).converted == (PREVIEW,)
    assert load_image(dng(scene, preview=scene[::3, ::3])).converted == (DEVELOPED,)


def _jpeg(pixels, orientation):
    """With EXIF first, as cameras write it."""
    exif = Image.Exif()
    exif[274] = orientation
    return with_segments(encoded(pixels, "JPEG"), segment(0xE1, exif.tobytes()))


def test_orientation(scene):
    """The raw file's, unless the preview states its own or is upright already."""
    for options in ({}, {"preview": scene}):
        image = load_image(dng(scene, orientation=6, **options))
        assert image.height > image.width and image.converted[1:] == ("orientation",)
    upright = np.ascontiguousarray(scene.swapaxes(0, 1)[:, ::-1])
    image = load_image(dng(scene, orientation=6, preview=upright))
    assert image.converted == (PREVIEW,)
    assert np.abs(image.pixels.astype(int) - upright).mean() < 4
    image = load_image(dng(scene, orientation=6, preview=_jpeg(scene, 8)))
    assert image.exif_orientation == 8


def test_time(scene, tmp_path):
    """For bursts, whichever of the two is shown."""
    for name, options in (("a", {}), ("b", {"preview": scene})):
        path = tmp_path / f"{name}.dng"
        path.write_bytes(dng(scene, time="2026:05:01 10:20:30", **options))
        assert taken_at(path) == 1777630830


def test_bounds(scene):
    """Of the sensor's pixels, and of memory for a development."""
    with pytest.raises(ImageError, match="at most 1000 pixels, received 300x200"):
        load_image(dng(scene, preview=scene), max_pixels=1000)
    with pytest.raises(ImageError, match="received 300x200 pixels of a sensor"):
        load_image(dng(scene), max_bytes=500_000)


def test_what_is_missing_is_noticed(scene):
    """Also where the preview is whole."""
    for file in (dng(scene), dng(scene, preview=scene)):
        with pytest.raises(ImageError, match="camera raw: bytes up to .* are missing"):
            load_image(file[: len(file) // 2])
    with pytest.raises(ImageError, match="premature end"):
        jpeg = encoded(scene, "JPEG")
        load_image(dng(scene, preview=jpeg[: len(jpeg) // 2] + b"\xff\xd9"))
    with pytest.raises(ImageError, match="ends beyond the end"):
        load_image(b"\0\0\0\x10ftypcrx " + bytes(4) + (1000).to_bytes(4, "big") + b"mdat")


def test_what_libraw_refuses_is_named(scene):
    """With its words."""
    for file in (camera_raw(big_endian=True, dng=True), iso_media(b"crx ")):
        with pytest.raises(ImageError, match="camera raw: "):
            load_image(file)
