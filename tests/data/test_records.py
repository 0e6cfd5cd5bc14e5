"""Records of scored images."""

import logging
from pathlib import Path

import pytest

from kiqa.data.records import ScoredImage, ScoreRow, build_records, select


def _build(folder, rows, **changes):
    arguments = {
        "folder": folder,
        "dataset": "invented",
        "mos_range": (1.0, 5.0),
        "published": 2,
        "require_complete": False,
    }
    return build_records(rows, **(arguments | changes))


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "B.JPG"):
        (tmp_path / name).touch()
    return tmp_path


def test_mos01_maps_the_scale_to_0_1():
    """The ends of the scale become 0 and 1, the middle one half."""
    values = [
        ScoredImage("a", Path("a"), mos, None, "a", "x", (1.0, 5.0)).mos01 for mos in (1, 3, 5)
    ]
    assert values == [0.0, 0.5, 1.0]


def test_rows_become_records_with_their_paths(folder):
    """Order, score, deviation and set are kept; a name in another case finds its file."""
    rows = [
        ScoreRow("line 2", "b.jpg", "4.5", "0.5", "test"),
        ScoreRow("line 3", "a.jpg", 2.0),
    ]
    first, second = _build(folder, rows)
    assert first == ScoredImage(
        "b.jpg", folder / "B.JPG", 4.5, 0.5, "b.jpg", "invented", (1.0, 5.0), "test"
    )
    assert (second.path, second.mos, second.sd, second.set) == (folder / "a.jpg", 2.0, None, None)


def test_missing_images_are_logged_and_left_out(folder, caplog):
    """The log says how many are missing and which."""
    rows = [ScoreRow("line 2", "a.jpg", 2), ScoreRow("line 3", "gone.jpg", 3)]
    with caplog.at_level(logging.WARNING):
        records = _build(folder, rows)
    assert [record.name for record in records] == ["a.jpg"]
    assert "1 of 2 images are missing" in caplog.text
    assert "gone.jpg" in caplog.text


def test_require_complete_insists_on_every_image(folder):
    """A missing image is an error then, with its name."""
    rows = [ScoreRow("line 2", "a.jpg", 2), ScoreRow("line 3", "gone.jpg", 3)]
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg"):
        _build(folder, rows, require_complete=True)


def test_require_complete_insists_on_the_published_number(folder):
    """A part of the rows is an error then, with both numbers."""
    with pytest.raises(ValueError, match="2 scores.*received 1"):
        _build(folder, [ScoreRow("line 2", "a.jpg", 2)], require_complete=True)


def test_no_image_at_all_is_an_error(folder):
    """A wrong folder is not an empty data set."""
    with pytest.raises(FileNotFoundError, match="1 of 1 images"):
        _build(folder, [ScoreRow("line 2", "gone.jpg", 2)])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        _build(folder / "nowhere", [ScoreRow("line 2", "a.jpg", 2)])


@pytest.mark.parametrize("mos", ["nan", "inf", "", "good", "0.5", "5.1"])
def test_a_score_off_the_scale_names_its_row(folder, mos):
    """NaN, infinity, text and values outside the range are refused."""
    rows = [ScoreRow("line 2", "a.jpg", "2"), ScoreRow("line 3", "b.jpg", mos)]
    with pytest.raises(ValueError, match=r"b\.jpg' \(line 3\)"):
        _build(folder, rows)


@pytest.mark.parametrize("sd", ["nan", -1.0])
def test_a_bad_deviation_names_its_row(folder, sd):
    """A deviation is finite and not negative."""
    with pytest.raises(ValueError, match=r"sd.*line 2"):
        _build(folder, [ScoreRow("line 2", "a.jpg", 2, sd)])


def test_duplicate_names_name_their_rows(folder):
    """Both places of a repeated name are in the message."""
    rows = [ScoreRow(f"line {i}", name, 2) for i, name in enumerate(["a.jpg", "b.jpg", "a.jpg"], 2)]
    with pytest.raises(ValueError, match=r"'a\.jpg' in line 2, line 4"):
        _build(folder, rows)


def test_select_returns_one_set_in_order():
    """Records of other sets are left out."""
    records = [
        ScoredImage(n, Path(n), 2, None, n, "x", (1.0, 5.0), s)
        for n, s in (("a", "train"), ("b", "test"), ("c", "train"), ("d", None))
    ]
    assert [record.name for record in select(records, "train")] == ["a", "c"]


def test_select_of_an_empty_set_counts_the_others():
    """An empty result is an error, not an empty table later on."""
    records = [ScoredImage("a", Path("a"), 2, None, "a", "x", (1.0, 5.0), "train")]
    with pytest.raises(ValueError, match="'val', received none among {'train': 1"):
        select(records, "val")
