"""Awkward images through the loader and the commands: sound ones load, others say why not."""

import json

import numpy as np
import pytest

from kiqa.cli.main import main
from kiqa.io.images import ImageError, load_image

from .awkward_images import JPEGS, LOSSLESS, PICTURE, REFUSED

# Of TIFF's metadata Pillow warns; kiqa silences that at import, and pytest's filters undo it.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")


@pytest.mark.parametrize("name", LOSSLESS)
def test_sound_files_are_scored_as_their_pixels(awkward_images, name):
    """Whatever stands beside the pixels."""
    loaded = load_image(awkward_images / "sound" / name)
    np.testing.assert_array_equal(loaded.pixels, PICTURE)
    assert set(loaded.converted) <= {"first frame"}


@pytest.mark.parametrize("name", JPEGS)
def test_sound_jpegs_are_scored_as_the_plain_one(awkward_images, name):
    """To the last bit, and without a warning, which would be an error here."""
    loaded = load_image(awkward_images / "sound" / name)
    np.testing.assert_array_equal(loaded.pixels, load_image(JPEGS["plain.jpg"]).pixels)
    assert np.abs(loaded.pixels.astype(int) - PICTURE).mean() < 6
    assert loaded.converted == ()


@pytest.mark.parametrize("name", REFUSED)
def test_refused_files_say_why(awkward_images, name):
    """One short line with the file's name, the reason and a remedy."""
    path = awkward_images / "refused" / name
    with pytest.raises(ImageError) as caught:
        load_image(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: expected ")
    assert REFUSED[name][1] in message
    assert "\n" not in message and len(message) < 600


def test_score_gives_each_file_one_row(awkward_images, stand_in, capfd):
    """Refused files are rows with an error; nothing else is written by anybody."""
    # By name: of a folder, what is called no image and is none would be skipped.
    paths = sorted(str(path) for path in awkward_images.rglob("*.*"))
    assert main(["score", *paths, "--format", "jsonl"]) == 1
    out, err = capfd.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == len(LOSSLESS) + len(JPEGS) + len(REFUSED)
    for row in rows:
        refused = "/refused/" in row["path"]
        assert (row["score"] is None) == refused
        assert (row["error"] is not None) == refused
        assert row["sha256"] is not None  # a verdict about the content, not to be tried again
    assert err == f"kiqa: {len(REFUSED)} of {len(rows)} files could not be scored\n"
