"""Images in a page: original bytes where browsers show the same pixels, PNG elsewhere."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.io.images import ImageError, load_image
from kiqa.studies.boxes import write_boxes_study
from kiqa.studies.embedding import embed_file, embed_image, embed_pixels

ORIGINAL = {"rgb.png", "RGB_UPPER.JPG", "gray.jpg", "exif6.jpg", "palette.png", "photo.webp"}
CHANGED = {"exif6.tif", "exif6.png", "rgba.png", "cmyk.jpg", "rgb16.png", "animated.gif"}


@pytest.mark.parametrize("name", sorted(ORIGINAL | CHANGED))
def test_bytes_stay_unless_a_browser_would_show_something_else(awkward_folder, name):
    """What is changed becomes a PNG of the pixels that kiqa sees."""
    path = awkward_folder / "good" / name
    embedded, image = embed_image(path), load_image(path)
    assert (embedded.width, embedded.height) == (image.width, image.height)
    if name in ORIGINAL:
        assert embedded.data == path.read_bytes()
    else:
        assert embedded.mime == "image/png"
        np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(embedded.data))), image.pixels)


@pytest.mark.parametrize("name", ["truncated.jpg", "text.jpg", "zero_bytes.jpg"])
def test_damaged_images_are_named(awkward_folder, name):
    """A study does not begin with an image that cannot be shown."""
    with pytest.raises(ImageError, match=name):
        embed_image(awkward_folder / "bad" / name)


def test_missing_file_is_named(tmp_path):
    """Both ways in say which file is missing."""
    with pytest.raises(FileNotFoundError, match=r"away\.png"):
        embed_image(tmp_path / "away.png")
    with pytest.raises(FileNotFoundError, match=r"away\.png"):
        embed_file(tmp_path / "away.png", width=1, height=1)
    with pytest.raises(FileNotFoundError, match=r"away\.png"):  # no address of the network
        embed_image("https://example.org/away.png")


def test_file_of_another_size_or_kind_is_refused(awkward_folder):
    """A version must lie pixel by pixel on its reference."""
    good = awkward_folder / "good"
    assert embed_file(good / "rgb.png", width=83, height=97).mime == "image/png"
    with pytest.raises(ImageError, match="expected 84x97 pixels, received 83x97"):
        embed_file(good / "rgb.png", width=84, height=97)
    with pytest.raises(ImageError, match="upright JPEG or PNG"):
        embed_file(good / "exif6.jpg", width=83, height=97)
    with pytest.raises(ImageError, match="upright JPEG or PNG"):
        embed_file(good / "photo.bmp", width=83, height=97)


def test_pixels_become_png_without_loss(photo):
    """The PNG gives the array back."""
    embedded = embed_pixels(photo)
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(embedded.data))), photo)


def test_browser_shows_the_pixels_that_kiqa_sees(awkward_folder, chromium, tmp_path):
    """Every readable kind of image, turned ones too, is upright in Chromium and the same."""
    files = sorted(Path(awkward_folder / "good").iterdir())
    write_boxes_study([(file.name, file) for file in files], tmp_path / "page.html")
    tab = chromium.open(tmp_path / "page.html")
    shown = tab.js("""
    Promise.all(Array.from(document.querySelectorAll("script[id^=p]"), async node => {
      const image = new Image();
      image.src = "data:" + node.dataset.mime + ";base64," + node.textContent;
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
      return [canvas.width, canvas.height, btoa(String.fromCharCode(...data))];
    }))""")
    assert len(shown) == len(files)
    for file, (width, height, text) in zip(files, shown, strict=True):
        import base64

        pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)[..., :3]
        expected = load_image(file).pixels
        assert pixels.shape == expected.shape, file.name
        assert np.abs(pixels.astype(int) - expected).mean() < 0.5, file.name
