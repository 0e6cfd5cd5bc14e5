"""HEIC files: pixels, metadata, bounds and holes."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from kiqa.io.images import ImageError, load_image
from kiqa.io.images.cost import decoding_cost
from kiqa.io.images.extras.heif import missing_data
from kiqa.io.images.headers import open_file

from ....robustness.extra_files import heic
from ....robustness.files import iso_media

pytest.importorskip("pillow_heif", reason="needs kiqa[heif]")


@pytest.fixture(scope="module")
def scene(photo):
    """Small: encoding takes its time."""
    return np.ascontiguousarray(photo[80:208, 100:292])


@pytest.fixture(scope="module")
def file(scene):
    """The image as HEIC."""
    return heic(scene)


def test_pixels_and_provenance(file, scene):
    """Of a plain file."""
    image = load_image(file)
    assert np.abs(image.pixels.astype(int) - scene).mean() < 2
    assert (image.format, image.mode, image.converted) == ("HEIF", "RGB", ())


@pytest.mark.parametrize("orientation", [3, 6, 7])
def test_the_file_turns_not_exif(scene, orientation):
    """pillow-heif writes the orientation as the file's own property; EXIF must not turn again."""
    exif = Image.Exif()
    exif[274] = orientation
    turned = load_image(heic(scene, exif=exif.tobytes())).pixels
    upright = {3: scene[::-1, ::-1], 6: scene.swapaxes(0, 1)[:, ::-1],
               7: scene.swapaxes(0, 1)[::-1, ::-1]}[orientation]  # fmt: skip
    assert turned.shape == upright.shape
    assert np.abs(turned.astype(int) - upright).mean() < 2


def test_alpha_gray_and_many_images(scene):
    """Over white; as three channels; the primary one."""
    clear = np.dstack([scene, np.zeros(scene.shape[:2], np.uint8)])
    assert load_image(heic(clear)).converted == ("alpha over white",)
    assert load_image(heic(clear)).pixels.min() > 250
    gray = load_image(heic(scene[..., 1]))
    assert gray.pixels.shape == scene.shape and "gray to RGB" in gray.converted
    second = heic(np.zeros((64, 64, 3), np.uint8), more=[scene], primary_index=1)
    image = load_image(second)
    assert image.width == scene.shape[1] and image.converted == ("first frame",)


def test_profile_becomes_srgb(scene):
    """As of any other format."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))  # not one of RGB
    image = load_image(heic(scene, icc_profile=profile.tobytes()))
    assert image.icc and image.converted == ("unusable colour profile ignored",)


def test_bounds(file, scene):
    """Pixels and memory, before anything is decoded; the memory's bound is inclusive."""
    height, width = scene.shape[:2]
    with pytest.raises(ImageError, match=rf"at most 1000 pixels, received {width}x{height}"):
        load_image(file, max_pixels=1000)
    cost = decoding_cost(*open_file(file, "it"), deep=False)
    assert load_image(file, max_bytes=cost).width == width
    with pytest.raises(ImageError, match=f"received {width}x{height} pixels of HEIF"):
        load_image(file, max_bytes=cost - 1)


@pytest.mark.parametrize("tile_size", [0, 64])
def test_what_is_missing_is_noticed(scene, tile_size):
    """At the end, and where zeros stand for what was never written."""
    whole = heic(scene, tile_size=tile_size)
    assert missing_data(whole) is None
    with pytest.raises(ImageError, match="HEIC that cannot be read|coded data"):
        load_image(whole[: len(whole) // 2])
    for start, end in ((0.5, 1), (0.6, 0.62), (0.999, 1)):
        start, end = int(start * len(whole)), int(end * len(whole))
        holed = whole[:start] + bytes(end - start) + whole[end:]
        with pytest.raises(ImageError, match="coded data are missing"):
            load_image(holed)


def test_what_libheif_refuses_is_named():
    """By file and format."""
    with pytest.raises(ImageError, match="HEIC that cannot be read"):
        load_image(iso_media(b"heic", b"mif1"))
