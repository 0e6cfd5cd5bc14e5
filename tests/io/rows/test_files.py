"""Row files: what is written comes back, and nothing foreign is touched."""

import csv
import errno

import pytest

from kiqa.io.rows import RowFile, read_rows
from kiqa.io.rows.forms import format_header, format_row
from kiqa.io.text import unescaped

COLUMNS = ("path", "width", "height", "score", "higher_is_better", "error", "converted")
ROWS = [
    {
        "path": 'odd, "name"\udcff.png',
        "width": 80,
        "height": 64,
        "score": 0.1234567890123456,
        "higher_is_better": True,
        "error": None,
        "converted": ["orientation", "alpha over white"],
    },
    {
        "path": "b.png",
        "width": None,
        "height": None,
        "score": None,
        "higher_is_better": False,
        "error": "b.png: no image",
        "converted": [],
    },
]


def _open(path, form, resume=False):
    return RowFile(path, form=form, columns=COLUMNS, resume=resume)


def _write(path, form, rows=ROWS):
    file = _open(path, form)
    for row in rows:
        file.append(row)
    file.close()


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_rows_come_back_with_their_types(tmp_path, form):
    """Numbers, truth values, lists, None and bytes in names survive."""
    path = tmp_path / "rows"
    _write(path, form)
    file = _open(path, form, resume=True)
    file.close()
    assert file.finished == ROWS


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_rows_need_not_be_kept(tmp_path, form):
    """Their places are enough: rows come back, also while others are appended."""
    path = tmp_path / "rows"
    _write(path, form)
    file = RowFile(path, form=form, columns=COLUMNS, resume=True, keep=lambda found: [*found])
    places, rows = zip(*file.finished, strict=True)
    assert [*rows] == ROWS
    file.append(ROWS[0])
    assert [file.row_at(place) for place in reversed(places)] == ROWS[::-1]
    file.close()


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_reading_changes_nothing(tmp_path, form, capsys):
    """Whole rows come back; a line that is just being written stays as it is."""
    path = tmp_path / "rows"
    _write(path, form)
    torn = path.read_bytes() + format_row(ROWS[1], form, COLUMNS).encode()[:9]
    path.write_bytes(torn)
    assert read_rows(path, form=form, columns=COLUMNS) == ROWS
    assert path.read_bytes() == torn and "last row is not whole" in capsys.readouterr().err
    path.write_bytes(path.read_bytes()[: -9 - 1])  # a whole last row without its line break
    assert read_rows(path, form=form, columns=COLUMNS) == (ROWS if form == "jsonl" else ROWS[:-1])
    path.write_text("no rows\n")
    with pytest.raises(ValueError, match="line 1 is something else"):
        read_rows(path, form=form, columns=COLUMNS)


def test_csv_has_one_header(tmp_path):
    """A resumed CSV has its columns in the first line only."""
    path = tmp_path / "rows.csv"
    _write(path, "csv", ROWS[:1])
    file = _open(path, "csv", resume=True)
    file.append(ROWS[1])
    file.close()
    with path.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.reader(stream))
    assert lines[0] == list(COLUMNS)
    assert [unescaped(line[0]) for line in lines[1:]] == [row["path"] for row in ROWS]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("cut", [1, 10, 20])
def test_torn_last_line_is_cut(tmp_path, form, cut):
    """Whatever part of the last line is missing, the rows before stay."""
    path = tmp_path / "rows"
    _write(path, form)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    file = _open(path, form, resume=True)
    assert file.finished == ROWS[:1]
    file.append(ROWS[1])
    file.close()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_torn_first_line_is_cut(tmp_path, form):
    """A kill within the very first line leaves a file that can be continued."""
    path = tmp_path / "rows"
    _write(path, form)
    whole = path.read_bytes()
    path.write_bytes(whole[:5])
    file = _open(path, form, resume=True)
    for row in ROWS:
        file.append(row)
    file.close()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("content", [b"some text", b"some text\n", b'{"a": 1}\n', b"\xff\xd8\n\n"])
def test_foreign_file_is_refused_and_untouched(tmp_path, form, content):
    """Resuming something else names the file and changes nothing."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"photo\.jpg"):
        _open(path, form, resume=True)
    assert path.read_bytes() == content


@pytest.mark.parametrize("old", [",80,", '"odd, ""name""'])
def test_damaged_csv_row_is_refused_and_untouched(tmp_path, old):
    """A cell of the wrong kind or an odd number of quotes names the file and changes nothing."""
    path = tmp_path / "rows.csv"
    _write(path, "csv")
    content = path.read_bytes().replace(old.encode(), b',"wide,')
    content += b"x" * csv.field_size_limit() + b"\n"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"rows\.csv"):
        _open(path, "csv", resume=True)
    assert path.read_bytes() == content


def test_csv_number_that_is_none_is_refused(tmp_path):
    """The message names the file and the line, not only the text."""
    path = tmp_path / "rows.csv"
    _write(path, "csv")
    path.write_bytes(path.read_bytes().replace(b",80,", b",wide,"))
    with pytest.raises(ValueError, match=r"rows\.csv, whose line 2"):
        _open(path, "csv", resume=True)


def test_existing_file_is_not_overwritten(tmp_path):
    """Without resume a file with content is refused."""
    path = tmp_path / "rows.jsonl"
    _write(path, "jsonl")
    content = path.read_bytes()
    with pytest.raises(ValueError, match="--resume"):
        _open(path, "jsonl")
    assert path.read_bytes() == content


def test_table_cannot_be_resumed(tmp_path):
    """A table is for reading; resuming it is refused with the remedy."""
    with pytest.raises(ValueError, match="jsonl"):
        _open(tmp_path / "rows.txt", "table", resume=True)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_table_is_no_rows_to_resume(tmp_path, form):
    """What is said is that it is a table, and what to do; the file stays."""
    path = tmp_path / "rows.txt"
    _write(path, "table")
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"rows\.txt, a table for reading. Choose another name"):
        _open(path, form, resume=True)
    with pytest.raises(ValueError, match="a table cannot be continued. Choose another") as refused:
        _open(path, "table")
    assert "--resume" not in str(refused.value) and path.read_bytes() == before


def test_table_shows_score_size_and_reason():
    """One line per row: score, size, path; or the error instead of the path."""
    assert format_header("table", COLUMNS).split() == ["score", "size", "path"]
    row = {**ROWS[0], "path": "a.png"}
    assert format_row(row, "table", COLUMNS).split() == ["0.1235", "80x64", "a.png"]
    assert format_row(ROWS[1], "table", COLUMNS).split() == [
        "error",
        "-",
        *"b.png: no image".split(),
    ]


def test_unknown_format_is_refused():
    """The message lists the formats."""
    with pytest.raises(ValueError, match="jsonl"):
        format_header("xml", COLUMNS)


def test_full_disk_takes_the_half_row_back(tmp_path):
    """A write that fails half-way raises one OSError and leaves whole rows only."""
    path = tmp_path / "rows.jsonl"
    file = _open(path, "jsonl")
    file.append(ROWS[0])
    whole = path.read_bytes()
    file._file = _FullDisk(file._file, room=20)
    with pytest.raises(OSError, match=r"rows\.jsonl.*No space left.*--resume"):
        file.append(ROWS[1])
    file.close()
    assert path.read_bytes() == whole
    table = _open(tmp_path / "rows.txt", "table")
    table._file = _FullDisk(table._file, room=20)
    with pytest.raises(OSError, match="intact; make room and begin a new table"):
        table.append(ROWS[0])
    table.close()


class _FullDisk:
    """A file on a disk that has room for some bytes only."""

    def __init__(self, file, room):
        self._file, self._room = file, room

    def write(self, data):
        if self._room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._file.write(data[: self._room])
        self._room -= written
        return written

    def __getattr__(self, name):
        return getattr(self._file, name)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_rows_of_another_version_are_refused_by_their_columns(tmp_path, form):
    """What is missing and what is more is named, and the file stays as it was."""
    path = tmp_path / "rows"
    other = (*COLUMNS[:-1], "old")
    file = RowFile(path, form=form, columns=other, resume=False)
    file.append({**ROWS[0], "old": "x"})
    file.close()
    before = path.read_bytes() + b'{"pa'  # a torn row changes nothing
    path.write_bytes(before)
    message = f"line 1 has them without {COLUMNS[-1]}" + " and with old besides"
    with pytest.raises(ValueError, match=message):
        _open(path, form, resume=True)
    assert path.read_bytes() == before


def test_columns_in_another_order_are_said(tmp_path):
    """They are all there, so nothing else explains the refusal."""
    path = tmp_path / "rows"
    RowFile(path, form="csv", columns=COLUMNS[::-1], resume=False).close()
    with pytest.raises(ValueError, match="line 1 has them in another order"):
        _open(path, "csv", resume=True)
