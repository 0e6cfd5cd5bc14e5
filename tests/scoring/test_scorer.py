"""Scorer and the two functions on it: one image in, a number, a map or a row out."""

import json
import math
import pickle

import numpy as np
import pytest

import kiqa
from kiqa import scoring
from kiqa.io.memory import MemoryLimitError
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


def test_a_score_that_means_nothing_has_a_note(stand_in, photo):
    """The row says why; a photograph's has none, and an error needs none."""
    noise = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    scorer = Scorer()
    flat, noisy, good, bad = scorer([_gray(), noise, photo, b"no image"])
    assert flat["note"] == "flat image: out of the domain of stand-in"
    assert noisy["note"] == "pure noise: out of the domain of stand-in"
    assert flat["score"] is not None and flat["error"] is None
    assert good["note"] is None and bad["note"] is None
    assert scorer.note(_gray()) == flat["note"] and scorer.note(photo) is None


@pytest.mark.parametrize("memory", [0, -1, 1.5, True, "2G"])
def test_memory_is_a_number_of_bytes(memory):
    """The command line reads sizes."""
    with pytest.raises(ValueError, match="max_memory in bytes"):
        Scorer(max_memory=memory)


def test_memory_bounds_loading(stand_in, photos, monkeypatch):
    """With more or less than the usual; a row refused for it is tried again."""
    (row,) = Scorer(max_memory=1 << 20)([photos / "a.png"])
    assert row["sha256"] is None and row["score"] is None
    assert "takes at most 1 MiB to load" in row["error"] and "--memory" in row["error"]
    (row,) = Scorer(max_memory=1 << 30)([photos / "a.png"])
    assert row["error"] is None
    with pytest.raises(MemoryLimitError, match=r"a\.png"):
        Scorer(max_memory=1 << 20).score(photos / "a.png")
    monkeypatch.setattr("kiqa.io.images.cost.memory_limit", lambda: 5)
    assert Scorer().max_bytes == 5 and Scorer(max_memory=1 << 40).max_bytes == 1 << 40


@pytest.fixture
def patchnet():
    """The smallest of the shipped networks."""
    return Scorer("patchnet", max_memory=1 << 20)


def test_what_would_pass_the_bound_is_not_begun(patchnet, photo, monkeypatch):
    """By name, with the estimate; the row has no hash, so that it is tried again."""
    needed = patchnet.memory(*photo.shape[:2])
    assert needed > 3 * photo.shape[0] * photo.shape[1]
    with pytest.raises(MemoryLimitError) as caught:
        patchnet.score(photo)
    text = str(caught.value)
    assert (
        "at most 1 MiB" in text
        and f"{photo.shape[1]}x{photo.shape[0]} pixels with patchnet" in text
    )
    assert f"about {needed >> 20} MiB" in text
    (row,) = patchnet([photo])
    assert row["error"] == text and row["sha256"] is None and row["width"] == photo.shape[1]
    with pytest.raises(MemoryLimitError):
        patchnet.map(photo)
    enough = patchnet.having(max_memory=needed)
    assert 0 < enough.score(photo) < 1
    assert patchnet.max_memory == 1 << 20


def test_the_public_functions_take_a_bound(photo):
    """As `Scorer` does."""
    for function in (kiqa.score, kiqa.quality_map):
        with pytest.raises(MemoryLimitError, match="with patchnet"):
            function(photo, model="patchnet", max_memory=1000)
