"""Reader of CSIQ, on a small tree in the published layout."""

import pytest

from kiqa.data import csiq

CSIQ_ROWS = [
    ["CSIQ DMOS", None, None],
    [None, None, None, "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"],
    [None, None, None, 1600, 1, "noise", 1, 0.05, 0.062],
    [None, None, None, 1600, 5, "jpeg 2000", "2", 0.1, 0.4],
    [None, None, None, "aerial_city", 3, "contrast", 5, 0.2, 0.9],
]


@pytest.fixture
def csiq_root(tmp_path, touch, write_workbook):
    """CSIQ with three images and the workbook."""
    touch(tmp_path / "src_imgs", ["1600.png", "aerial_city.png"])
    touch(tmp_path / "dst_imgs" / "awgn", ["1600.AWGN.1.png"])
    touch(tmp_path / "dst_imgs" / "jpeg2000", ["1600.jpeg2000.2.png"])
    touch(tmp_path / "dst_imgs" / "contrast", ["aerial_city.contrast.5.png"])
    write_workbook(tmp_path / "csiq.DMOS.xlsx", CSIQ_ROWS, sheet="all_by_image")
    return tmp_path


def test_csiq_reads_the_workbook(csiq_root):
    """Header found by its names, DMOS turned round, files by kind."""
    records = csiq(csiq_root)
    assert [r.name for r in records] == [
        *("awgn/1600.AWGN.1.png", "jpeg2000/1600.jpeg2000.2.png"),
        "contrast/aerial_city.contrast.5.png",
    ]
    assert all(r.path.is_file() and r.reference.is_file() for r in records)
    assert [r.mos for r in records] == pytest.approx([0.938, 0.6, 0.1])
    assert [r.mos01 for r in records] == pytest.approx([0.938, 0.6, 0.1])
    assert [r.sd for r in records] == [0.05, 0.1, 0.2]
    assert [(r.content, r.distortion, r.level) for r in records] == [
        *(("1600", "awgn", 1), ("1600", "jpeg2000", 2), ("aerial_city", "contrast", 5)),
    ]


def test_csiq_reads_the_text_form(csiq_root):
    """The same records but for the deviations."""
    expected = [(r.name, r.mos) for r in csiq(csiq_root)]
    (csiq_root / "csiq.DMOS.xlsx").unlink()
    (csiq_root / "csiq_label.txt").write_text(
        "1600.AWGN.1.png 0.062\n1600.jpeg2000.2.png 0.4\naerial_city.contrast.5.png 0.9\n"
    )
    records = csiq(csiq_root)
    assert [(r.name, r.mos) for r in records] == expected
    assert {r.sd for r in records} == {None}
    with (csiq_root / "csiq_label.txt").open("a") as stream:
        stream.write("1600.FOG.1.png 0.3")
    with pytest.raises(ValueError, match=r"'FOG' in csiq_label\.txt line 4"):
        csiq(csiq_root)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (CSIQ_ROWS[2][3:], "more than once"),
        ([1600, 1, "fog", 1, 0, 0.5], "'fog' in csiq.DMOS.xlsx row 6"),
        ([1600, 1, "noise", 7, 0, 0.5], "'7' in csiq.DMOS.xlsx row 6"),
        ([1600, 1, "noise", 2, 0, "n/a"], "'n/a'.*row 6"),
        ([1600, 1, "noise", 2, 0, 1.5], "from 0 to 1.*row 6"),
    ],
)
def test_csiq_names_a_wrong_row(csiq_root, write_workbook, row, message):
    """Kind, level and score are checked; the row is named."""
    rows = [*CSIQ_ROWS, [None, None, None, *row]]
    write_workbook(csiq_root / "csiq.DMOS.xlsx", rows, sheet="all_by_image")
    with pytest.raises(ValueError, match=message):
        csiq(csiq_root)


def test_csiq_names_a_workbook_that_is_none(csiq_root, write_workbook):
    """Another sheet, no header, no zip: each is a ValueError with the file."""
    path = csiq_root / "csiq.DMOS.xlsx"
    write_workbook(path, CSIQ_ROWS, sheet="all_by_distortion")
    with pytest.raises(ValueError, match="all_by_image.*all_by_distortion"):
        csiq(csiq_root)
    write_workbook(path, CSIQ_ROWS[:1], sheet="all_by_image")
    with pytest.raises(ValueError, match="'image' and 'dmos'"):
        csiq(csiq_root)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"csiq\.DMOS\.xlsx, which cannot be read"):
        csiq(csiq_root)
