"""Features on disk: continued, refused by hash, damaged."""

import json
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kiqa.data import biq2021
from kiqa.io.weights import Details, export_h5
from kiqa.maps import rnn_biqa
from kiqa.maps.gaze import GazeForm, gaze_of
from kiqa.training.rnn_biqa import features as feature_extraction
from kiqa.training.rnn_biqa.feature_folder import open_folder
from kiqa.training.rnn_biqa.features import extract_features


def _extractor(path, *, bias=0.0, mode="rnn-features"):
    """Mean of each colour, and twice the maximum."""
    x = keras.Input((224, 224, 3), name="patch")
    y = keras.layers.Rescaling(1 / 255, offset=bias, name="scale")(x)
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(y)
    maximum = keras.layers.GlobalMaxPooling2D(name="maximum")(y)
    y = keras.layers.Concatenate(name="features")([mean, maximum])
    about = {"name": "rnn_features", "version": "1", "scale": "features", "mode": mode}
    return export_h5(keras.Model(x, y), path, Details(higher_is_better=True, **about))


@pytest.fixture
def extractor(tmp_path):
    return _extractor(tmp_path / "rnn_features.h5")


@pytest.fixture
def records(tmp_path, photo):
    """Four pictures of BIQ2021's layout; the third cannot be read."""
    (tmp_path / "biq" / "Images").mkdir(parents=True)
    rows = []
    for index in range(4):
        name = f"p{index}.png"
        Image.fromarray(photo[: 230 + 60 * index, :300]).save(tmp_path / "biq" / "Images" / name)
        rows.append({"Image Name": name, "MOS": index / 4})
    (tmp_path / "biq" / "Images" / "p2.png").write_bytes(b"no picture")
    pd.DataFrame(rows).to_csv(tmp_path / "biq" / "Train (Images and MOS).csv", index=False)
    return biq2021(tmp_path / "biq")


def _fill(records, folder, extractor, **options):
    options = {"form": GazeForm(), "workers": 2} | options
    return list(extract_features(records, folder, extractor=extractor, **options))


def test_folder_holds_each_images_sequence(records, extractor, tmp_path):
    """In the order of the gaze, with the scores and the extractor; bad files are named."""
    rows = _fill(records, tmp_path / "f", extractor, half=False)
    assert [row["error"] is None for row in rows] == [True, True, False, True]
    assert "p2.png" in rows[2]["error"]
    folder = open_folder(tmp_path / "f")
    assert folder.names == ["p0.png", "p1.png", "p3.png"]
    assert [row["mos"] for row in folder.rows] == [0, 0.25, 0.75]
    (sequence,) = folder.sequences(["p1.png"])
    with Image.open(records[1].path) as image:
        patches = gaze_of(np.asarray(image)).patches() / 255
    expected = np.concatenate([patches.mean(axis=(1, 2)), patches.max(axis=(1, 2))], axis=1)
    np.testing.assert_allclose(sequence.values, expected, rtol=1e-3)  # float32 sums
    assert (tmp_path / "f" / "extractor.h5").read_bytes() == extractor.read_bytes()


def test_images_that_scoring_refuses_have_no_features(records, extractor, tmp_path, photo):
    """Below 32 pixels a side."""
    Image.fromarray(photo[:31, :150]).save(records[0].path)
    Image.fromarray(photo[:32, :150]).save(records[1].path)
    small, least = _fill(records[:2], tmp_path / "f", extractor)
    assert "p0.png: Expected an image of at least 32x32 pixels" in small["error"]
    assert least["error"] is None


def test_half_precision_halves_the_files(records, extractor, tmp_path):
    """float16 by default: values within a thousandth."""
    _fill(records, tmp_path / "a", extractor)
    _fill(records, tmp_path / "b", extractor, half=False)
    for one, two in zip(
        open_folder(tmp_path / "a").sequences(),
        open_folder(tmp_path / "b").sequences(),
        strict=True,
    ):
        assert one.values.dtype == np.float32
        np.testing.assert_allclose(one.values, two.values, rtol=1e-3)


def test_neighbours_change_no_digit(records, extractor, tmp_path, monkeypatch):
    """A network's last digits may depend on the batch; a batch is therefore of one image."""

    real = rnn_biqa.network_function

    def with_batch(model, **options):
        run = real(model, **options)
        return lambda patches: run(patches) + len(patches)

    monkeypatch.setattr(rnn_biqa, "network_function", with_batch)
    _fill(records, tmp_path / "all", extractor)
    _fill(records[1:2], tmp_path / "alone", extractor)
    (alone,) = open_folder(tmp_path / "alone").sequences()
    (beside,) = open_folder(tmp_path / "all").sequences(["p1.png"])
    np.testing.assert_array_equal(alone.values, beside.values)


def test_continues_what_was_interrupted(records, extractor, tmp_path, monkeypatch):
    """A second run computes only what is missing or damaged, and writes no row twice."""
    rows = extract_features(records, tmp_path / "f", extractor=extractor, form=GazeForm())
    next(rows)
    rows.close()
    assert open_folder(tmp_path / "f").names == ["p0.png"]
    looked = []
    original = feature_extraction.gaze_of
    monkeypatch.setattr(
        feature_extraction, "gaze_of", lambda *args: looked.append(1) or original(*args)
    )
    _fill(records, tmp_path / "f", extractor)
    assert len(looked) == 2
    damaged = tmp_path / "f" / open_folder(tmp_path / "f").rows[0]["file"]
    damaged.write_bytes(b"torn")
    _fill(records, tmp_path / "f", extractor)
    assert len(looked) == 3
    lines = (tmp_path / "f" / "images.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["name"] for line in lines) == [f"p{i}.png" for i in (0, 1, 2, 3)]


def test_shards_make_the_whole(records, extractor, tmp_path):
    """Several processes fill one folder; together they have every image once."""
    for number in (1, 2, 3):
        try:
            _fill(records, tmp_path / "f", extractor, shard=(number, 3))
        except ValueError as error:  # no image in this shard
            assert "Expected images" in str(error)
    assert sorted(open_folder(tmp_path / "f").names) == ["p0.png", "p1.png", "p3.png"]


def test_lists_that_disagree_are_refused(records, extractor, tmp_path):
    """Scores were corrected between a whole list and one in shards."""
    _fill(records, tmp_path / "f", extractor)
    corrected = [replace(record, mos=record.mos + 0.125) for record in records]
    for number in (1, 2):
        _fill(corrected, tmp_path / "f", extractor, shard=(number, 2))
    with pytest.raises(
        ValueError, match="one score and part .* in images.jsonl .* Delete the list"
    ):
        open_folder(tmp_path / "f")
    (tmp_path / "f" / "images.jsonl").unlink()
    assert len(open_folder(tmp_path / "f").names) == 3


def test_an_old_error_hides_no_image(records, extractor, tmp_path):
    """What one list of images could not use, another may have finished since."""
    whole, torn = records[0].path.read_bytes(), records[2].path.read_bytes()
    records[0].path.write_bytes(torn)
    _fill(records, tmp_path / "f", extractor)
    assert "p0.png" not in open_folder(tmp_path / "f").names
    records[0].path.write_bytes(whole)
    for number in (1, 2):
        _fill(records, tmp_path / "f", extractor, shard=(number, 2))
    assert sorted(open_folder(tmp_path / "f").names) == ["p0.png", "p1.png", "p3.png"]


def test_reading_leaves_the_folder_as_it_is(records, extractor, tmp_path):
    """Also the line that another process is just writing."""
    _fill(records, tmp_path / "f", extractor)
    with open(tmp_path / "f" / "images.jsonl", "ab") as file:
        file.write(b'{"name": "p4')
    before = {path: path.stat() for path in (tmp_path / "f").rglob("*")}
    assert open_folder(tmp_path / "f").names == ["p0.png", "p1.png", "p3.png"]
    assert {path: path.stat().st_size for path in (tmp_path / "f").rglob("*")} == {
        path: found.st_size for path, found in before.items()
    }


def test_scores_must_be_numbers(records, extractor, tmp_path):
    """The image is named."""
    _fill(records, tmp_path / "f", extractor)
    path = tmp_path / "f" / "images.jsonl"
    path.write_text(path.read_text().replace('"mos": 0.25', '"mos": NaN'))
    with pytest.raises(ValueError, match="finite score.*1 others.*'p1.png': nan"):
        open_folder(tmp_path / "f")


@pytest.mark.parametrize(
    "change", [{"form": GazeForm(smaller_side=230)}, {"extractor": {"bias": 1.0}}]
)
def test_refuses_to_mix_features(records, extractor, tmp_path, change):
    """Another extractor or another form in one folder."""
    _fill(records, tmp_path / "f", extractor)
    if "extractor" in change:
        change = {"extractor": _extractor(tmp_path / "other.h5", **change["extractor"])}
    with pytest.raises(ValueError, match="the same as now.*Use another folder"):
        _fill(records, tmp_path / "f", **{"extractor": extractor, **change})


def _spoil(folder, **arrays):
    row = folder.rows[0]
    with np.load(folder.path / row["file"]) as file:
        content = dict(file) | arrays
    np.savez(folder.path / row["file"], **content)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"extractor": "0" * 64}, "of an extractor with sha256 0000"),
        ({"values": np.full((3, 6), np.nan, np.float32)}, "finite features.*18 that are not"),
        ({"values": np.empty((0, 6), np.float32), "low": 0}, "an empty sequence"),
        ({"values": np.ones((3, 5), np.float32)}, r"shape \(patches, 6\)"),
        ({"low": 99}, "99 of them of the half"),
    ],
)
def test_refuses_files_that_are_not_these_features(records, extractor, tmp_path, arrays, message):
    """By the extractor's hash, NaN, emptiness and shape."""
    _fill(records, tmp_path / "f", extractor)
    folder = open_folder(tmp_path / "f")
    _spoil(folder, **arrays)
    with pytest.raises(ValueError, match=message):
        folder.sequences()


def test_missing_things_are_named(records, extractor, tmp_path):
    """No folder, no file, no such image."""
    with pytest.raises(FileNotFoundError, match="train_rnn_biqa features"):
        open_folder(tmp_path / "nothing")
    _fill(records, tmp_path / "f", extractor)
    folder = open_folder(tmp_path / "f")
    with pytest.raises(ValueError, match="without 1 of 2, such as .*'q.png'"):
        folder.sequences(["p0.png", "q.png"])
    (folder.path / folder.rows[0]["file"]).unlink()
    with pytest.raises(FileNotFoundError, match="not there"):
        folder.sequences()


def test_refuses_a_file_of_another_kind(records, tmp_path):
    """A pooling network is no extractor."""
    wrong = _extractor(tmp_path / "w.h5", mode="rnn-biqa")
    with pytest.raises(ValueError, match="mode 'rnn-features'.*'rnn-biqa'"):
        _fill(records, tmp_path / "f", wrong)
