"""Workbooks as text: what Excel and other programs write, and what is refused."""

import zipfile

import pytest

from kiqa.data.tables.spreadsheets import read_sheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{PACKAGE}/content-types">
<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>
<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPE}.sharedStrings+xml"/>
</Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{PACKAGE}/relationships">
<Relationship Id="a" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/>
</Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>
<sheet name="Tabelle" sheetId="1" r:id="a"/><sheet name="Scores" sheetId="2" r:id="b"/>
</sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{PACKAGE}/relationships">
<Relationship Id="a" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="b" Type="{RELATIONS}/worksheet" Target="worksheets/sheet2.xml"/>
</Relationships>""",
    "xl/sharedStrings.xml": f"""<sst xmlns="{MAIN}"><si><t>image</t></si>
<si><r><t>aerial</t></r><r><t>_city </t></r></si></sst>""",
    "xl/worksheets/sheet1.xml": f"""<worksheet xmlns="{MAIN}"><sheetData>
<row><c t="inlineStr"><is><t>first</t></is></c></row></sheetData></worksheet>""",
    "xl/worksheets/sheet2.xml": f"""<worksheet xmlns="{MAIN}"><sheetData>
<row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2" t="inlineStr"><is><t>n/a</t></is></c></row>
<row r="4"><c r="B4" t="s"><v>1</v></c><c r="C4"><v>0.062</v></c></row>
<row r="5"><c r="B5"><v>1600</v></c><c r="C5"><f>1/3</f><v>0.33333333333333298</v></c></row>
<row r="6"><c r="B6"><v>1600.0</v></c><c r="C6"><v>7.4999999999999997E-2</v></c></row>
</sheetData></worksheet>""",
}


def _workbook(path, **changed):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (PARTS | changed).items():
            archive.writestr(name, text)
    return path


def test_cells_are_text_at_their_places(tmp_path):
    """Shared, formatted and inline strings, numbers as their shortest text, empty cells."""
    path = _workbook(tmp_path / "scores.xlsx")
    assert read_sheet(path, "SCORES") == [
        (1, ["", "", ""]),
        (2, ["", "image", "n/a"]),
        (3, ["", "", ""]),
        (4, ["", "aerial_city", "0.062"]),
        (5, ["", "1600", "0.333333333333333"]),
        (6, ["", "1600", "0.075"]),
    ]
    assert read_sheet(path, None) == [(1, ["first"])]


def test_numbers_are_those_of_the_file(tmp_path):
    """Scores as Excel stores them, with up to 17 digits, come back to its 15 digits."""
    stored = ["58.666666666666664", "34.200000000000003", "0.062", "96", "1E-3", "99.9999"]
    cells = "".join(f"<row><c><v>{text}</v></c></row>" for text in stored)
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    path = _workbook(tmp_path / "scores.xlsx", **{"xl/worksheets/sheet1.xml": sheet})
    found = [float(cell) for _, (cell,) in read_sheet(path, None)]
    assert found == pytest.approx([float(text) for text in stored], rel=1e-14, abs=0)


def test_another_sheet_is_refused(tmp_path):
    """The sheets found are listed."""
    with pytest.raises(ValueError, match=r"'all'.*\['scores', 'tabelle'\]"):
        read_sheet(_workbook(tmp_path / "scores.xlsx"), "all")


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>not found</html>", "cut", "no XML", "large"],
)
def test_what_is_no_workbook_is_named(tmp_path, content):
    """Empty, foreign, cut and exploding files are ValueErrors with the path."""
    path = _workbook(tmp_path / "scores.xlsx")
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "cut":
        path.write_bytes(path.read_bytes()[:-300])
    elif content == "no XML":
        _workbook(path, **{"xl/workbook.xml": "<workbook"})
    else:
        _workbook(path, **{"xl/worksheets/sheet1.xml": " " * 64_000_001})
    with pytest.raises(ValueError, match=r"scores\.xlsx, which cannot be read"):
        read_sheet(path, None)


def test_a_missing_file_is_named(tmp_path):
    """Its path is in the message."""
    with pytest.raises(FileNotFoundError, match="absent.xlsx"):
        read_sheet(tmp_path / "absent.xlsx", None)


def _sheet(rows, head=""):
    return f'{head}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


@pytest.mark.parametrize(
    "sheet",
    [
        _sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        _sheet("<row r='1048576'><c r = 'xfd1048576'><v>1</v></c></row>"),
        _sheet('<row><c r="X&#70;D1048576"><v>1</v></c></row>'),
        _sheet(
            "<row><c><v>1</v></c></row>",
            '<!DOCTYPE worksheet [<!ATTLIST c r CDATA "XFD1048576">]>',
        ),
        _sheet('<row r="9"><c r="XFD1048576"><v>1</v></c></row>').encode("utf-16"),
        _sheet("".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 900))),
    ],
    ids=["corner", "other quotes", "entity", "default", "utf-16", "wide"],
)
def test_a_cell_far_off_costs_nothing(tmp_path, sheet):
    """The empty cells before it would take gigabytes; refused by its place, however written."""
    path = _workbook(tmp_path / "far.xlsx", **{"xl/worksheets/sheet1.xml": sheet})
    with pytest.raises(ValueError, match=r"far\.xlsx.*(cells, more than|not written as)"):
        read_sheet(path, None)
