"""What each step of VarJPEG makes of an image."""

import numpy as np
import pytest
from PIL import Image

from kiqa.varjpeg import Settings, coded, decode, inspect_stream, prepare, steps


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("form", ["thesis", "compatible"])
def test_every_step_is_shown_upright(encode, picture, disc, form, orientation):
    """One value per pixel, of the image as it is shown; they belong together."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = encode(picture(61, 90), "PNG", exif=exif)
    size = (61, 90) if orientation == 1 else (90, 61)
    importance = disc(*size, centre=(0.2, 0.9))
    made = prepare(source, importance, settings=Settings(form=form, clusters=4))
    encoded = coded(made, 30)
    shown = steps(made, encoded)
    for name in ("pixels", "importance", "kept", "impulses", "blurred", "qualities", "decoded"):
        assert getattr(shown, name).shape[:2] == size
    np.testing.assert_array_equal(shown.importance, importance)
    assert shown.kept.mean() == pytest.approx(0.1, abs=0.02)
    assert shown.importance[shown.kept].min() > np.percentile(importance, 89)
    assert shown.impulses.sum() == 4
    np.testing.assert_array_equal(shown.decoded, decode(encoded.data))
    assert shown.encoded is encoded and shown.source_bpp == 8 * len(source) / (61 * 90)
    best = np.unravel_index(np.argmax(shown.blurred), size)
    assert np.hypot(best[0] - 0.2 * size[0], best[1] - 0.9 * size[1]) < 25
    assert shown.blurred.max() == 1 and shown.blurred.min() >= 0


def test_qualities_are_those_of_the_blocks(prepared):
    """Eight by eight pixels have one, 30 + 15 M of their mean."""
    made = prepared(61, 90)
    shown = steps(made, coded(made, 30))
    blocks = inspect_stream(shown.encoded.data).qualities[0]
    assert shown.qualities.shape == (61, 90)
    np.testing.assert_array_equal(shown.qualities[::8, ::8], blocks)
    inner = shown.blurred[:56, :88].reshape(7, 8, 11, 8).mean(axis=(1, 3))
    assert np.abs(30 + 15 * inner - blocks[:7, :11]).max() <= 0.501


def test_gray_images_and_arrays(prepared):
    """Pixels of two axes; no bitrate of a source."""
    made = prepared(40, 56, gray=True)
    shown = steps(made, coded(made, 50))
    assert shown.pixels.shape == shown.decoded.shape == (40, 56)
    assert shown.source_bpp is None
