"""Scorer and the two functions on it: one image in, a number, a map or a row out."""

import json
import math
import pickle

import numpy as np
import pytest

import kiqa
from kiqa import scoring
from kiqa.scoring import ROW_KEYS, Scorer


def _gray(level=51, size=(72, 80)):
    return np.full((*size, 3), level, np.uint8)


def test_score_is_the_mean_of_the_map(stand_in):
    """The score of an image is the plain mean over its quality map."""
    ramp = np.repeat(np.arange(0, 160, 2, dtype=np.uint8)[None], 72, axis=0)
    image = np.repeat(ramp[:, :, None], 3, axis=2)
    one = Scorer(stride=4)
    assert one.map(image).values.shape == (3, 5)
    assert one.score(image) == pytest.approx(one.map(image).values.mean(), abs=1e-7)


def test_path_bytes_and_array_get_the_same_score(stand_in, photos):
    """It does not matter how the image comes in."""
    path = photos / "b.png"
    scores = [Scorer().score(source) for source in (path, path.read_bytes(), _gray(111))]
    assert scores == pytest.approx([111 / 255] * 3)


def test_row_holds_every_key_and_is_json(stand_in, photos):
    """A row has the published keys, JSON-able values, and where they come from."""
    (row,) = Scorer(stride=4)([photos / "a.png"])
    assert tuple(row) == ROW_KEYS
    assert json.loads(json.dumps(row, allow_nan=False)) == row
    expected = {
        "path": str(photos / "a.png"),
        "width": 80,
        "height": 72,
        "scale": "0..1",
        "higher_is_better": True,
        "model": "stand-in",
        "weights_sha256": "0" * 64,
        "stride": 4,
        "kiqa": kiqa.__version__,
        "error": None,
        "format": "PNG",
        "mode": "RGB",
        "exif_orientation": 1,
        "converted": [],
        "icc": False,
    }
    assert {key: row[key] for key in expected} == expected
    assert row["score"] == pytest.approx(0.2)
    assert row["sha256"] == scoring.content_hash(photos / "a.png")
    assert row["seconds"] >= 0


@pytest.mark.parametrize("name", ["small.png", "empty.jpg", "notes.jpg", "torn.png"])
def test_bad_file_is_a_row_that_names_it(stand_in, photos, name):
    """What cannot be scored has an error naming the file, a hash, and no score."""
    (row,) = Scorer()([photos / name])
    assert name in row["error"]
    assert "\n" not in row["error"]
    assert row["score"] is None
    assert row["sha256"] == scoring.content_hash(photos / name)


def test_unreadable_file_has_no_hash(stand_in, photos):
    """A missing file and a folder are errors about circumstances: without a hash."""
    rows = Scorer()([photos / "missing.png", photos])
    assert [row["sha256"] for row in rows] == [None, None]
    assert "missing.png" in rows[0]["error"]
    assert "folder" in rows[1]["error"]


def test_sources_keep_their_order(stand_in, photos):
    """One row for each source, also for bytes, arrays and bad ones."""
    rows = Scorer()([_gray(255), b"no image", photos / "a.png"])
    assert [row["score"] for row in rows] == [pytest.approx(1.0), None, pytest.approx(0.2)]
    assert [row["path"] for row in rows] == [None, None, str(photos / "a.png")]
    assert rows[1]["sha256"] is not None


def test_score_that_is_not_finite_is_an_error(stand_in, monkeypatch):
    """NaN from a network never becomes a score."""
    one = Scorer()
    one.score(_gray())
    monkeypatch.setattr(
        stand_in[0], "map", lambda pixels: type("Map", (), {"mean": lambda self: math.nan})()
    )
    with pytest.raises(ValueError, match="finite quality"):
        one.score(_gray())
    (row,) = one([_gray()])
    assert row["score"] is None
    assert "nan" in row["error"]


def test_failure_of_the_machine_is_tried_again(stand_in, photos, monkeypatch):
    """An error that says nothing about the content leaves the hash out and names the file."""
    one = Scorer()
    one.score(_gray())

    def fail(pixels):
        raise RuntimeError("out of\nmemory")

    monkeypatch.setattr(stand_in[0], "map", fail)
    path = str(photos / "a.png")
    rows = one([_gray(), path])
    assert rows[0]["error"] == "RuntimeError: out of memory"
    assert rows[1]["error"] == f"{path}: RuntimeError: out of memory"
    assert [row["sha256"] for row in rows] == [None, None]


def test_scorer_survives_pickling_without_its_network(stand_in):
    """A pickled scorer has the same settings and loads its own network."""
    one = Scorer("patchnet", stride=4)
    one.score(_gray())
    copy = pickle.loads(pickle.dumps(one))
    assert (copy.model, copy._loaded) == ("patchnet", None)
    assert copy.stride == 4
    assert copy.score(_gray()) == one.score(_gray())
    assert len(stand_in) == 2


@pytest.mark.parametrize("stride", [0, -1, 1.5, True, "8"])
def test_stride_below_one_is_refused(stride):
    """A stride is a whole number of pixels."""
    with pytest.raises(ValueError, match="stride"):
        Scorer(stride=stride)


def test_default_model_is_the_same_everywhere():
    """The package's default and the scorer's are one name."""
    assert kiqa.DEFAULT_SCORER == Scorer().model
