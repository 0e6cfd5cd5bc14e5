"""Reader of KADID-10k, on a small tree in the published layout."""

import logging

import pytest

from kiqa.data.readers.kadid10k import kadid10k


@pytest.fixture
def kadid(tmp_path, touch):
    """KADID-10k with two references."""
    root = tmp_path / "kadid10k"
    touch(root / "images", ["I01.png", "I02.png", "I01_01_01.png", "I02_25_05.png"])
    (root / "dmos.csv").write_text(
        "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4.57,0.25\nI02_25_05.png,I02.png,1.00,0\n"
    )
    return tmp_path


def test_kadid10k_is_not_turned_round(kadid):
    """Its dmos is a MOS: higher is better; var is a variance."""
    records = kadid10k(kadid)
    assert [(r.mos, r.sd) for r in records] == [(4.57, 0.5), (1.0, 0.0)]
    assert [(r.content, r.distortion, r.level) for r in records] == [
        *(("I01", "01", 1), ("I02", "25", 5)),
    ]
    assert [r.reference.name for r in records] == ["I01.png", "I02.png"]
    assert records[1].mos01 == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("I01_01_02.png,I02.png,3,0.1", "I01_01_02.png.*line 4"),
        ("I01_01.png,I01.png,3,0.1", "line 4"),
        ("I01_01_01.png,I01.png,3,0.1", "more than once"),
        ("I01_01_02.png,I01.png,0.5,0.1", "from 1 to 5"),
        ("I01_01_02.png,I01.png,3,-1", "sd.*'-1'"),
    ],
)
def test_kadid10k_names_a_wrong_line(kadid, line, message):
    """A reference that is not of the name, other names, duplicates, scores off the scale."""
    with (kadid / "kadid10k" / "dmos.csv").open("a") as stream:
        stream.write(line)
    with pytest.raises(ValueError, match=message):
        kadid10k(kadid)


def test_kadid10k_matches_names_without_case_and_reports_what_is_missing(kadid, caplog):
    """An image in capitals is found; one whose reference is gone is left out."""
    images = kadid / "kadid10k" / "images"
    (images / "I01_01_01.png").rename(images / "i01_01_01.PNG")
    (images / "I02.png").unlink()
    with caplog.at_level(logging.WARNING):
        (record,) = kadid10k(kadid)
    assert (record.name, record.path.name) == ("I01_01_01.png", "i01_01_01.PNG")
    assert "I02.png" in caplog.text
    (images / "i01_01_01.PNG").unlink()
    (images / "I02_25_05.png").unlink()
    with pytest.raises(FileNotFoundError, match="2 of 2 images"):
        kadid10k(kadid)
