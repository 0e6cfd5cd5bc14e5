"""What a report knows of an image."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from kiqa.defects.reasons import REASON_KEYS
from kiqa.reporting.entries import entries_of
from kiqa.scoring import Scorer


def _entries(paths, **options):
    return list(entries_of([(str(p), p.name) for p in paths], Scorer("stand-in"), **options))


def test_an_image_and_a_bad_file(tmp_path, stand_in, photo):
    """In the order of the inputs; the error is all that is known of the bad one."""
    Image.fromarray(photo).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no image")
    good, bad = _entries([tmp_path / "a.png", tmp_path / "b.png"])
    assert good.row["error"] is None and good.score > 0 and good.look is not None
    assert set(REASON_KEYS) <= set(good.row) and set(REASON_KEYS) <= set(bad.row)
    assert "b.png" in bad.row["error"] and bad.thumbnail is None and bad.quality_map is None
    with Image.open(io.BytesIO(good.thumbnail)) as small:
        assert (small.format, max(small.size)) == ("WEBP", 384)


def test_maps_are_bytes_in_their_place(tmp_path, stand_in, photo):
    """At most 64 cells a side; the frame of the stand-in's windows is outside."""
    Image.fromarray(photo).save(tmp_path / "a.png")
    (entry,) = _entries([tmp_path / "a.png"])
    found = entry.quality_map
    codes = np.frombuffer(base64.b64decode(found["values"]), np.uint8)
    assert codes.size == found["rows"] * found["columns"]
    assert max(found["rows"], found["columns"]) <= 64
    assert (found["model"], found["ends"]) == ("stand-in", [0.0, 1.0])
    assert codes.mean() / 255 == pytest.approx(entry.score, abs=0.01)
    left, top, width, height = found["place"]
    assert left > 0 and top > 0 and left + width < 100 and top + height < 100
    assert _entries([tmp_path / "a.png"], maps=False, side=None)[0].quality_map is None


def test_small_images_have_no_map_and_an_error_from_the_model(tmp_path, stand_in):
    """The stand-in takes 64 pixels a side."""
    Image.new("RGB", (70, 70), (90, 20, 20)).save(tmp_path / "a.png")
    Image.new("RGB", (20, 20), (90, 20, 20)).save(tmp_path / "b.png")
    good, small = _entries([tmp_path / "a.png", tmp_path / "b.png"])
    assert good.look is None and good.row["error"] is None
    assert "64x64" in small.row["error"]


def test_what_is_alike_does_not_depend_on_the_thumbnails(tmp_path, stand_in, photo):
    """A report of many images, of few, and `kiqa pick` without any see the same."""
    for number in range(4):
        noise = np.random.default_rng(number).normal(0, 25, photo.shape)
        Image.fromarray((photo + noise).clip(0, 255).astype(np.uint8)).save(
            tmp_path / f"{number}.png"
        )
    paths = sorted(tmp_path.iterdir())
    found = [
        [(entry.look, entry.light) for entry in _entries(paths, maps=False, side=side)]
        for side in (384, 256, 192, None)
    ]
    assert all(each == found[0] for each in found)
