"""Readers of TID2013 and TID2008, on a small tree in the published layout."""

import logging

import pytest

from kiqa.data.readers.tid2013 import tid2008, tid2013
from kiqa.data.splits import assign_split, counted_split


@pytest.fixture
def tid(tmp_path, touch):
    """TID2013 with the mixed case of the published files."""
    root = tmp_path / "tid2013"
    touch(root / "reference_images", ["I01.BMP", "i25.bmp"])
    touch(root / "distorted_images", ["I01_01_1.bmp", "i01_01_2.bmp", "I01_11_1.BMP"])
    touch(root / "distorted_images", ["i25_24_5.bmp"])
    lines = ["5.51429 I01_01_1.bmp", "5.56757 i01_01_2.bmp", "4.5 I01_11_1.bmp"]
    (root / "mos_with_names.txt").write_text("\r\n".join([*lines, "0.9 I25_24_5.bmp", ""]))
    (root / "mos_std.txt").write_text("0.1\n0.2\n0.3\n0.4\n")
    return tmp_path


def test_tid2013_matches_names_whatever_their_case(tid):
    """I01/i01, bmp/BMP and i25.bmp are found; kinds and levels come from the names."""
    records = tid2013(tid)
    assert [r.path.name for r in records] == [
        *("I01_01_1.bmp", "i01_01_2.bmp", "I01_11_1.BMP", "i25_24_5.bmp"),
    ]
    assert [r.reference.name for r in records] == ["I01.BMP"] * 3 + ["i25.bmp"]
    assert [r.content for r in records] == ["I01"] * 3 + ["I25"]
    assert [(r.distortion, r.level) for r in records] == [
        *(("01", 1), ("01", 2), ("11", 1), ("24", 5)),
    ]
    assert [r.sd for r in records] == [0.1, 0.2, 0.3, 0.4]
    assert records[0].mos == 5.51429
    assert records[3].mos01 == pytest.approx(0.1)
    assert tid2013(tid / "tid2013") == records


def test_tid2008_has_its_own_kinds_and_levels(tid, touch):
    """The same files are refused as TID2008: kind 24 and level 5 are not of it."""
    with pytest.raises(ValueError, match="line 4.*i?25_24_5.*tid2008"):
        tid2008(tid / "tid2013")
    path = tid / "tid2013" / "mos_with_names.txt"
    path.write_text(path.read_text().replace("I25_24_5", "I01_17_4"))
    touch(tid / "tid2013" / "distorted_images", ["I01_17_4.bmp"])
    assert {r.dataset for r in tid2008(tid / "tid2013")} == {"tid2008"}


def test_tid2013_reports_missing_images_and_references(tid, caplog):
    """Rows without either are left out, and named."""
    root = tid / "tid2013"
    (root / "distorted_images" / "i01_01_2.bmp").unlink()
    (root / "reference_images" / "i25.bmp").unlink()
    with caplog.at_level(logging.WARNING):
        assert [r.name for r in tid2013(tid)] == ["I01_01_1.bmp", "I01_11_1.bmp"]
    assert "1 of 4 images are missing" in caplog.text
    assert "1 reference images, of 1 of 4 images, are missing" in caplog.text
    assert "I25.BMP" in caplog.text
    with pytest.raises(ValueError, match="3000 scores"):
        tid2013(tid, require_complete=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1.0 i01_01_1.bmp", "more than once.*line 5"),
        ("1.0 I01_01_1.bmp", "more than once.*line 5"),
        ("9.5 I01_01_3.bmp", "from 0 to 9.*I01_01_3"),
        ("nan I01_01_3.bmp", "I01_01_3.*line 5"),
        ("I01_01_3.bmp", "line 5"),
        ("1.0 I01.bmp", "line 5"),
        ("1.0 I01_25_1.bmp", "kind 01..24"),
    ],
)
def test_tid2013_names_a_wrong_line(tid, line, message):
    """Duplicates, also in another case, scores off the scale and other names are refused."""
    root = tid / "tid2013"
    with (root / "mos_with_names.txt").open("a") as stream:
        stream.write(line)
    with (root / "mos_std.txt").open("a") as stream:
        stream.write("0.5")
    with pytest.raises(ValueError, match=message):
        tid2013(tid)


def test_tid2013_refuses_deviations_of_another_length(tid):
    """A line too few would shift the rest."""
    (tid / "tid2013" / "mos_std.txt").write_text("0.1\n0.2\n")
    with pytest.raises(ValueError, match=r"mos_std\.txt.*4.*received 2"):
        tid2013(tid)


def test_splits_are_by_reference(tid):
    """A split with one reference on both sides is refused; counted ones never are."""
    records = tid2013(tid)
    with pytest.raises(ValueError, match=r"one content in one set.*'I01'"):
        assign_split(
            records, dict(zip([r.name for r in records], ["train", "test"] * 2, strict=True))
        )
    split = counted_split(records, {"train": 1, "test": 1}, seed=0)
    assert {r.set for r in assign_split(records, split)} == {"train", "test"}
