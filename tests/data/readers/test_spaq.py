"""The reader of SPAQ."""

import zipfile

import pytest

from kiqa.data import DATASETS
from kiqa.data.readers.spaq import spaq

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _workbook(path, rows):
    """A workbook with inline strings, as some programs write them."""
    lines = []
    for row in rows:
        cells = [
            f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
            if isinstance(cell, str)
            else f"<c><v>{cell}</v></c>"
            for cell in row
        ]
        lines.append(f"<row>{''.join(cells)}</row>")
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets><sheet '
        'name="Tabelle" sheetId="1" r:id="a"/><sheet name="more" sheetId="2" r:id="b"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": '<R><R Id="a" Target="s.xml"/><R Id="b" Target="t.xml"/></R>',
        "xl/s.xml": sheet,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "SPAQ"
    (folder / "TestImage").mkdir(parents=True)
    (folder / "Annotations").mkdir()
    for name in ("00001.jpg", "00002.jpg"):
        (folder / "TestImage" / name).write_bytes(b"")
    _workbook(
        folder / "Annotations" / "MOS and Image attribute scores.xlsx",
        [
            ["Image name", "MOS", "Brightness"],
            ["00001.jpg", 34.2, 50],
            ["00002.jpg", 81, 60],
        ],
    )
    return tmp_path


def test_reads_the_published_layout(root):
    """The first sheet, whatever its name; the folder or the one above it."""
    for folder in (root, root / "SPAQ"):
        records = spaq(folder)
        assert [(r.name, r.mos, r.mos01) for r in records] == [
            ("00001.jpg", 34.2, pytest.approx(0.342)),
            ("00002.jpg", 81.0, pytest.approx(0.81)),
        ]
        assert {(r.sd, r.set, r.mos_range, r.dataset) for r in records} == {
            (None, None, (0.0, 100.0), "spaq")
        }
    assert DATASETS["spaq"] is spaq


def test_lists_the_columns_of_another_file(root):
    """The message has the columns found; completeness is insisted on when asked."""
    with pytest.raises(ValueError, match="11125"):
        spaq(root, require_complete=True)
    path = root / "SPAQ" / "Annotations" / "MOS and Image attribute scores.xlsx"
    _workbook(path, [["Image", "MOS"], ["00001.jpg", 3]])
    with pytest.raises(ValueError, match=r"'Image name'.*\['Image', 'MOS'\]"):
        spaq(root)
    _workbook(path, [])
    with pytest.raises(ValueError, match="Image name"):
        spaq(root)
