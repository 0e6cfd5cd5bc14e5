"""Tables as people have them: encodings, separators, decimal commas, index columns."""

import csv
import io

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from kiqa.data.tables import read_header, read_table, read_text
from kiqa.data.tables.cells import read_cells

PLAIN = "image,mos\na b.jpg,1.5\nä.jpg,2\n"
READ = [(2, {"image": "a b.jpg", "mos": "1.5"}), (3, {"image": "ä.jpg", "mos": "2"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(tmp_path, encoding):
    """UTF-8 and UTF-16, with and without a byte order mark."""
    path = tmp_path / "t.csv"
    path.write_bytes(PLAIN.encode(encoding))
    assert read_table(path, ("image", "mos")) == READ
    assert read_text(path) == PLAIN


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace(",", ";").replace("1.5", "1,5"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        'image mos\n"a b.jpg"  1.5\nä.jpg 2\n',
        ",image,mos\n0,a b.jpg,1.5\n1,ä.jpg,2\n",
        "image,mos\n1,a b.jpg,1.5\n2,ä.jpg,2\n",
        "image,mos,,\na b.jpg,1.5,,\nä.jpg,2,,\n",
        'image,mos\na b.jpg,"1,5"\nä.jpg,2\n',
        "IMAGE;Other;MOS\r\na b.jpg;x;1,5\r\nä.jpg;y, z;2\r\n",
    ],
    ids=["semicolons and decimal commas", "semicolons", "tabs", "bars", "blanks", "index",
         "row names of R", "trailing commas", "quoted decimal comma", "more columns"],
)  # fmt: skip
def test_dialects(tmp_path, text):
    """All read as the plain table does."""
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_table(path, ("image", "mos")) == READ


def test_first_line_of_excel(tmp_path):
    """sep=; is no header; line numbers count it."""
    path = tmp_path / "t.csv"
    path.write_text("sep=;\nimage;mos\na;1,5\n", encoding="utf-8-sig")
    assert read_table(path, ("image", "mos")) == [(3, {"image": "a", "mos": "1.5"})]
    assert read_header(path) == ["image", "mos"]


def test_a_workbook_gives_its_first_sheet(tmp_path):
    """With row numbers for lines; numbers need no decimal comma."""
    book = Workbook()
    for row in (["Image", "MOS"], ["a", 1.5], [None, None], ["b", 2]):
        book.active.append(row)
    path = tmp_path / "t.csv"  # the name does not matter
    book.save(path)
    assert read_table(path, ("image", "mos")) == [
        (2, {"image": "a", "mos": "1.5"}),
        (4, {"image": "b", "mos": "2"}),
    ]


@pytest.mark.parametrize("cell", ["1,234", "-12,500"])
def test_what_may_be_a_thousand_stays(tmp_path, cell):
    """Between commas, for a reader of numbers to refuse; between semicolons it is a fraction."""
    path = tmp_path / "t.csv"
    path.write_text(f'image,mos\na,"{cell}"\n')
    assert read_table(path, ("mos",)) == [(2, {"mos": cell})]
    path.write_text(f"image;mos\na;{cell}\n")
    assert read_table(path, ("mos",)) == [(2, {"mos": cell.replace(",", ".")})]


def test_names_with_commas_keep_them(tmp_path):
    """Only columns of nothing but numbers are changed."""
    path = tmp_path / "t.csv"
    path.write_text("image;mos\n1,5;1,5\n1,5.jpg;2,5\n")
    assert [row["image"] for _, row in read_table(path, ("image", "mos"))] == ["1,5", "1,5.jpg"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        (b"%PDF-1.7", "a PDF document"),
        (b'[{"image": "a", "mos": 1}]', "JSON"),
        (b"<!DOCTYPE html><table>", "a web page or XML"),
        ("image,mos\nä,1\n".encode("cp1252"), "byte 0xe4 in line 2: another encoding"),
        (b"image,mos\na,b.jpg,1\nc.jpg,2\n", "received 3 in line 2, separated by commas"),
        (b"a.jpg,1.5\nb.jpg,2\n", "a header line is missing"),
        (b"PK\x03\x04 no workbook", "cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_anything_else_is_named(tmp_path, content, named):
    """One line with the file and what it is."""
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        read_table(path, ("image", "mos"))
    assert named in str(caught.value) and "t.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_messages_do_not_list_thousands_of_columns(tmp_path):
    """The first twenty are enough."""
    path = tmp_path / "t.csv"
    path.write_text(",".join(f"c{n}" for n in range(5000)) + "\n")
    with pytest.raises(ValueError, match="and 4980 more") as caught:
        read_table(path, ("image", "mos"))
    assert len(str(caught.value)) < 500


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=6)
_ROWS = st.lists(st.tuples(_TEXT, st.floats(-1e6, 1e6).map(lambda v: f"{v:.4f}")), min_size=1)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    rows=_ROWS,
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    comma=st.booleans(),
    index=st.booleans(),
)
def test_every_dialect_gives_the_same_cells(
    tmp_path_factory, rows, separator, encoding, comma, index
):
    """Names of any characters and numbers, written by a CSV writer."""
    path = tmp_path_factory.getbasetemp() / "property.csv"
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerow([*([""] if index else []), "image", "mos"])
    for number, (name, value) in enumerate(rows):
        shown = value.replace(".", ",") if comma else value
        writer.writerow([*([number] if index else []), name, shown])
    names = [name for name, _ in rows]
    assume(not any("," in name for name in names))  # all of them numbers with a decimal comma
    path.write_bytes(text.getvalue().encode(encoding))
    assert [row for _, row in read_table(path, ("image", "mos"))] == [
        {"image": name, "mos": value} for name, value in rows
    ]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    """With a ValueError of one line that names the file."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    try:
        lines = read_cells(path)
    except ValueError as error:
        assert "any.csv" in str(error)
    else:
        assert all(isinstance(cell, str) for _, row in lines for cell in row)
