"""Readers of data sets with references, on small trees in the published layouts."""

import logging
import zipfile

import numpy as np
import pytest
from scipy.io import savemat

from kiqa.data import DATASETS, FOUR_DISTORTIONS, csiq, kadid10k, live, tid2008, tid2013
from kiqa.data.records import live_dmos
from kiqa.data.splits import assign_split, counted_split

LIVE_FOLDERS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _touch(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


@pytest.fixture
def live_root(tmp_path):
    """All 982 entries; every tenth is a hidden reference; three images are on disk."""
    root = tmp_path / "databaserelease2"
    _touch(root / "refimgs", [f"ref{i}.bmp" for i in range(29)])
    for folder in LIVE_FOLDERS:
        _touch(root / folder, ["img2.bmp"])
    hidden = np.zeros((1, 982))
    hidden[0, ::10] = 1
    dmos = np.where(hidden, 0, np.linspace(-2.64, 111.77, 982))
    deviations = np.full((1, 982), 3.5)
    savemat(root / "dmos_realigned.mat", {"dmos_new": dmos, "dmos_std": deviations, "orgs": hidden})
    savemat(root / "dmos.mat", {"dmos": dmos / 2, "orgs": hidden})
    names = np.empty((1, 982), object)
    names[0] = [f"ref{i % 29}.bmp" for i in range(982)]
    savemat(root / "refnames_all.mat", {"refnames_all": names})
    (root / "jp2k" / "info.txt").write_text("ref1.bmp img2.bmp 0.75\n\nref0.bmp img1.bmp 0\n")
    return tmp_path


def test_live_turns_dmos_round_and_knows_images_by_their_order(live_root, caplog):
    """The second entry is jp2k/img2, the 229th jpeg/img2; 100 - DMOS, and back."""
    with caplog.at_level(logging.WARNING):
        records = live(live_root)
    assert "images are missing" in caplog.text
    entries = [1, 228, 461, 635, 809]
    expected = [i for i in entries if i % 10]
    dmos = np.linspace(-2.64, 111.77, 982)[expected]
    assert [r.name for r in records] == [f"{folder}/img2.bmp" for folder in LIVE_FOLDERS]
    assert [r.distortion for r in records] == list(LIVE_FOLDERS)
    assert [r.mos for r in records] == pytest.approx(100 - dmos)
    assert [live_dmos(r) for r in records] == pytest.approx(dmos)
    assert [r.content for r in records] == [f"ref{i % 29}" for i in expected]
    assert all(
        r.reference == live_root / "databaserelease2/refimgs" / f"{r.content}.bmp" for r in records
    )
    assert [r.level for r in records] == [0.75, None, None, None, None]
    assert {(r.sd, r.mos_range, r.set) for r in records} == {(3.5, (0.0, 100.0), None)}
    assert live(live_root / "databaserelease2") == records


def test_live_reads_the_original_scores_when_told(live_root):
    """dmos.mat is never taken silently for the realigned file."""
    realigned, original = live(live_root), live(live_root, scores="original")
    assert [live_dmos(r) * 2 for r in original] == pytest.approx([live_dmos(r) for r in realigned])
    (live_root / "databaserelease2" / "dmos_realigned.mat").unlink()
    with pytest.raises(FileNotFoundError, match=r"dmos_realigned\.mat"):
        live(live_root)
    with pytest.raises(ValueError, match="realigned.*'old'"):
        live(live_root, scores="old")


def test_live_takes_references_from_info_txt(live_root):
    """Without refnames_all.mat the folders' lists say the references."""
    root = live_root / "databaserelease2"
    (root / "refnames_all.mat").unlink()
    for folder, count in LIVE_FOLDERS.items():
        lines = [f"REF3.bmp IMG{n}.bmp {n / 100}\n" for n in range(1, count + 1)]
        (root / folder / "info.txt").write_text("".join(lines))
    assert {(r.content, r.level) for r in live(live_root)} == {("ref3", 0.02)}
    (root / "wn" / "info.txt").write_text("ref1.bmp img1.bmp\n")
    with pytest.raises(ValueError, match=r"wn/info\.txt line 1"):
        live(live_root)


def test_live_refuses_files_of_another_length(live_root):
    """Images are known by their order: a shorter list would shift them."""
    path = live_root / "databaserelease2" / "dmos_realigned.mat"
    ones = np.ones((1, 981))
    savemat(path, {"dmos_new": ones, "dmos_std": ones, "orgs": ones})
    with pytest.raises(ValueError, match="982.*981"):
        live(live_root)


@pytest.fixture
def tid(tmp_path):
    """TID2013 with the mixed case of the published files."""
    root = tmp_path / "tid2013"
    _touch(root / "reference_images", ["I01.BMP", "i25.bmp"])
    _touch(root / "distorted_images", ["I01_01_1.bmp", "i01_01_2.bmp", "I01_11_1.BMP"])
    _touch(root / "distorted_images", ["i25_24_5.bmp"])
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
    assert live_dmos(records[3]) == pytest.approx(90)
    assert tid2013(tid / "tid2013") == records


def test_tid2008_has_its_own_kinds_and_levels(tid):
    """The same files are refused as TID2008: kind 24 and level 5 are not of it."""
    with pytest.raises(ValueError, match="line 4.*i?25_24_5.*tid2008"):
        tid2008(tid / "tid2013")
    path = tid / "tid2013" / "mos_with_names.txt"
    path.write_text(path.read_text().replace("I25_24_5", "I01_17_4"))
    _touch(tid / "tid2013" / "distorted_images", ["I01_17_4.bmp"])
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


def _workbook(path, sheet, rows):
    """Write a workbook as spreadsheet programs do: shared strings, numbers as values."""
    strings = sorted({cell for row in rows for cell in row if isinstance(cell, str)})
    lines = []
    for r, row in enumerate(rows, 1):
        cells = []
        for c, cell in enumerate(row):
            place = f"{chr(ord('A') + c)}{r}"
            if isinstance(cell, str):
                cells.append(f'<c r="{place}" t="s"><v>{strings.index(cell)}</v></c>')
            elif cell is not None:
                cells.append(f'<c r="{place}"><v>{cell}</v></c>')
        lines.append(f'<row r="{r}">{"".join(cells)}</row>')
    shared = "".join(f"<si><r><t>{s[:2]}</t></r><r><t>{s[2:]}</t></r></si>" for s in strings)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
            f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
            "</Relationships>",
        )
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{shared}</sst>')
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
        )


CSIQ_ROWS = [
    ["CSIQ DMOS", None, None],
    [None, None, None, "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"],
    [None, None, None, 1600, 1, "noise", 1, 0.05, 0.062],
    [None, None, None, 1600, 5, "jpeg 2000", "2", 0.1, 0.4],
    [None, None, None, "aerial_city", 3, "contrast", 5, 0.2, 0.9],
]


@pytest.fixture
def csiq_root(tmp_path):
    """CSIQ with three images and the workbook."""
    _touch(tmp_path / "src_imgs", ["1600.png", "aerial_city.png"])
    _touch(tmp_path / "dst_imgs" / "awgn", ["1600.AWGN.1.png"])
    _touch(tmp_path / "dst_imgs" / "jpeg2000", ["1600.jpeg2000.2.png"])
    _touch(tmp_path / "dst_imgs" / "contrast", ["aerial_city.contrast.5.png"])
    _workbook(tmp_path / "csiq.DMOS.xlsx", "all_by_image", CSIQ_ROWS)
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
    assert [live_dmos(r) for r in records] == pytest.approx([6.2, 40, 90])
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
def test_csiq_names_a_wrong_row(csiq_root, row, message):
    """Kind, level and score are checked; the row is named."""
    rows = [*CSIQ_ROWS, [None, None, None, *row]]
    _workbook(csiq_root / "csiq.DMOS.xlsx", "all_by_image", rows)
    with pytest.raises(ValueError, match=message):
        csiq(csiq_root)


def test_csiq_names_a_workbook_that_is_none(csiq_root):
    """Another sheet, no header, no zip: each is a ValueError with the file."""
    path = csiq_root / "csiq.DMOS.xlsx"
    _workbook(path, "all_by_distortion", CSIQ_ROWS)
    with pytest.raises(ValueError, match="all_by_image.*all_by_distortion"):
        csiq(csiq_root)
    _workbook(path, "all_by_image", CSIQ_ROWS[:1])
    with pytest.raises(ValueError, match="'image' and 'dmos'"):
        csiq(csiq_root)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"csiq\.DMOS\.xlsx, which cannot be read"):
        csiq(csiq_root)


@pytest.fixture
def kadid(tmp_path):
    """KADID-10k with two references."""
    root = tmp_path / "kadid10k"
    _touch(root / "images", ["I01.png", "I02.png", "I01_01_01.png", "I02_25_05.png"])
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
    assert live_dmos(records[1]) == pytest.approx(100)


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


def test_splits_are_by_reference(tid):
    """A split with one reference on both sides is refused; counted ones never are."""
    records = tid2013(tid)
    with pytest.raises(ValueError, match=r"one content in one set.*'I01'"):
        assign_split(
            records, dict(zip([r.name for r in records], ["train", "test"] * 2, strict=True))
        )
    split = counted_split(records, {"train": 1, "test": 1}, seed=0)
    assert {r.set for r in assign_split(records, split)} == {"train", "test"}


def test_four_distortions_are_of_known_data_sets():
    """Four names each, for data sets that have readers."""
    assert DATASETS.keys() >= FOUR_DISTORTIONS.keys()
    assert {len(set(kinds)) for kinds in FOUR_DISTORTIONS.values()} == {4}
