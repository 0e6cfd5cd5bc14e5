"""What people pass: Pillow images, open files, arrays of four channels."""

import io
import os

import numpy as np
import pytest
from PIL import Image, ImageOps

from kiqa.io.images import ImageError, load_image
from kiqa.io.images.sources import read_file

from ...robustness.icc import rgb_profile


@pytest.fixture(scope="module")
def crop(photo):
    """Pixels."""
    return photo[100:164, 100:180]


def test_unread_pillow_images_are_their_files(awkward_folder):
    """All of them: pixels, hash and provenance; the user's object still works.

    Pillow does not say whether a WebP file has been read: its pixels are taken.
    """
    for path in sorted((awkward_folder / "good").iterdir()):
        expected = load_image(path)
        with Image.open(path) as image:
            loaded = load_image(image)
            np.testing.assert_array_equal(loaded.pixels, expected.pixels, err_msg=path.name)
            assert loaded.path is None
            assert (loaded.sha256 == expected.sha256) == (path.suffix != ".webp"), path.name
            assert loaded.provenance() == expected.provenance()
            assert np.asarray(image).size


def test_read_pillow_images(awkward_folder):
    """8-bit files that Pillow has read give the same pixels; orientation counts."""
    for path in sorted((awkward_folder / "good").iterdir()):
        if path.name.endswith("16.png") and path.name != "gray16.png":
            continue  # what Pillow has cut to 8 bits is lost
        with Image.open(path) as image:
            image.load()
            loaded = load_image(image)
        np.testing.assert_array_equal(loaded.pixels, load_image(path).pixels, err_msg=path.name)


def test_upright_pillow_images_are_not_turned_again(awkward_folder):
    """After `ImageOps.exif_transpose`."""
    path = awkward_folder / "good" / "exif6.jpg"
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image)
    loaded = load_image(upright)
    np.testing.assert_array_equal(loaded.pixels, load_image(path).pixels)
    assert loaded.exif_orientation == 1


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"]
)
def test_pillow_images_of_any_8_bit_mode(crop, mode):
    """What Pillow converts to RGB, over white where there is transparency."""
    image = Image.fromarray(crop)
    image = image.convert("L").convert("LA").convert("La") if mode == "La" else image
    image = image.convert("RGBA").convert("RGBa") if mode == "RGBa" else image
    image = image.convert("P").convert("PA") if mode == "PA" else image.convert(mode)
    loaded = load_image(image)
    straight = {"La": "LA", "RGBa": "RGBA"}.get(mode, mode)
    expected = np.asarray(image.convert(straight).convert("RGB"))
    np.testing.assert_array_equal(loaded.pixels, expected)
    assert loaded.mode == mode


@pytest.mark.parametrize("mode", ["F", "I", "LAB"])
def test_pillow_images_without_a_white_are_refused(crop, mode):
    """By their mode."""
    image = Image.new(mode, (10, 10))
    with pytest.raises(ImageError, match=f"mode {mode}"):
        load_image(image)


def test_profile_of_a_pillow_image_counts(crop, encode):
    """Read or not."""
    data = encode(crop, "PNG", icc_profile=rgb_profile())
    expected = load_image(data)
    image = Image.open(io.BytesIO(data))
    image.load()
    np.testing.assert_array_equal(load_image(image).pixels, expected.pixels)
    assert load_image(image).converted == expected.converted


def test_pillow_images_without_pixels_are_refused():
    """As arrays are."""
    with pytest.raises(ImageError, match="expected pixels"):
        load_image(Image.new("RGB", (0, 5)))


def test_later_frames_of_a_pillow_image(encode, crop):
    """The one that it stands at."""
    second = Image.fromarray(crop[::-1])
    data = encode(crop, "WEBP", lossless=True, save_all=True, append_images=[second])
    with Image.open(io.BytesIO(data)) as image:
        image.seek(1)
        np.testing.assert_array_equal(load_image(image).pixels, crop[::-1])


def test_open_files(tmp_path, encode, crop):
    """Files, memory, and whatever reads bytes, from where it stands."""
    data = encode(crop, "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with open(path, "rb") as file:
        assert load_image(file).sha256 == load_image(path).sha256
        with pytest.raises(ImageError, match=r"a\.png: .*seek\(0\)"):
            load_image(file)
    behind = io.BytesIO(b"head" + data)
    behind.seek(4)
    np.testing.assert_array_equal(load_image(behind).pixels, crop)
    with open(path, encoding="latin-1") as text, pytest.raises(ImageError, match="mode 'rb'"):
        load_image(text)
    with pytest.raises(ImageError, match="at most 100 bytes"):
        load_image(io.BytesIO(data), max_bytes=100)


@pytest.mark.parametrize("mode", ["RGBA", "CMYK"])
def test_arrays_of_four_channels_need_a_mode(crop, mode):
    """The message says how; other modes do not fit."""
    array = np.dstack([crop, crop[..., :1]])
    with pytest.raises(ImageError, match=r"mode='RGBA' or mode='CMYK'.*mode='RGBA'\)"):
        load_image(array)
    image = Image.frombytes(mode, array.shape[1::-1], array.tobytes())
    np.testing.assert_array_equal(load_image(array, mode=mode).pixels, load_image(image).pixels)
    with pytest.raises(ImageError, match="mode='RGB'"):
        load_image(crop, mode=mode)
    with pytest.raises(ImageError, match="arrays only"):
        load_image(image, mode=mode)


def test_files_are_judged_before_they_are_read(tmp_path):
    """By size and first bytes: a sparse file takes no time, a pipe does not wait."""
    sparse = tmp_path / "huge.jpg"
    with open(sparse, "wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(ImageError, match="at most 1073741824 bytes, received 5368709120"):
        load_image(sparse)
    video = tmp_path / "film.jpg"
    video.write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    with pytest.raises(ImageError, match="a video"):
        read_file(video, 1 << 30)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match="folder or device"):
        load_image(tmp_path / "pipe.jpg")


def test_rows_of_huge_files(tmp_path, stand_in):
    """A folder with one goes on; the file is not hashed either."""
    from kiqa.scoring.decoding import content_hash

    with open(tmp_path / "huge.jpg", "wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(ValueError, match="5368709120"):
        content_hash(tmp_path / "huge.jpg")
