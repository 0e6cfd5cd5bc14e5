"""How rows of results are written, and found again: JSONL, CSV, or a table for reading.

Public names: `COLUMN_KINDS`, `FORMATS`, `WholeRows`, `format_header`, `format_row`,
`of_other_columns`.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import BinaryIO

from kiqa.io.csv_lines import csv_line
from kiqa.io.messages import shortened
from kiqa.io.text import from_spreadsheet, printable, unescaped

FORMATS = ("table", "jsonl", "csv")

_WHOLE = ("width", "height", "stride", "exif_orientation")
_NUMBERS = (
    *("score", "percentile", "low", "high", "seconds"),
    # Of --reasons.
    *("sharpness", "noise", "overexposure", "underexposure", "contrast", "compression"),
    "resolution",
)
_TRUTH = ("higher_is_better", "icc")
_LISTS = ("converted", "defects")
# Of the columns that hold no text.
COLUMN_KINDS = (
    dict.fromkeys(_WHOLE, "whole")
    | dict.fromkeys(_NUMBERS, "number")
    | dict.fromkeys(_TRUTH, "truth")
    | dict.fromkeys(_LISTS, "list")
)

_PIECE = 1 << 16  # bytes of JSON that are read at once: that takes a third less than line by line


def format_header(form: str, columns: Sequence[str]) -> str:
    """Return the lines before the first row, empty for JSONL.

    Raises:
        ValueError: If the format is none of `FORMATS`.
    """
    if form not in FORMATS:
        raise ValueError(f"Expected a format, one of {FORMATS}. Received: {form!r}.")
    if form == "csv":
        return csv_line(columns)
    return "" if form == "jsonl" else f"{'score':>8}  {'size':>11}  path\n"


def format_row(row: dict, form: str, columns: Sequence[str], *, spreadsheet: bool = False) -> str:
    """Return a row as text with its line break.

    Args:
        row: Values by column name; JSON-able.
        form: One of `FORMATS`.
        columns: Names and order of the columns.
        spreadsheet: As for `kiqa.io.csv_lines.csv_line`.

    Returns:
        JSONL: an object. CSV: the columns, None empty, lists joined by
        ``"; "``; a name with a line break in it spans lines, in quotes.
        Table: score, size and path, with the reference if there is one, or
        the error; in one line, of letters that show.
    """
    if form == "jsonl":
        return json.dumps({name: row[name] for name in columns}, allow_nan=False) + "\n"
    if form == "csv":
        return csv_line((_cell(row[name]) for name in columns), spreadsheet=spreadsheet)
    size = "-" if row["width"] is None else f"{row['width']}x{row['height']}"
    score = "error" if row["score"] is None else f"{row['score']:.4f}"
    text = printable(row["path"]) if row["error"] is None else shortened(row["error"])
    if row["error"] is None and row.get("reference"):
        text += f"  (reference {printable(row['reference'])})"
    if row.get("defects"):
        text += f"  {', '.join(row['defects'])}"
    if row.get("note"):
        text += f"  ({printable(row['note'])})"
    return f"{score:>8}  {size:>11}  {text}\n"


def _cell(value):
    """What `_value` turns back."""
    if isinstance(value, list):
        return "; ".join(value)
    return json.dumps(value) if isinstance(value, bool) else value


def _value(name: str, text: str, spreadsheet: bool):
    """Python value of a CSV cell, by its column."""
    if name in _LISTS:
        return text.split("; ") if text else []
    if text == "":
        return None
    if name in _TRUTH:
        return {"true": True, "false": False}[text]
    if name in _WHOLE:
        return int(text)
    if name in _NUMBERS:
        return float(text)
    text = unescaped(text)
    return from_spreadsheet(text) if spreadsheet else text


class WholeRows:
    """The rows of a file that a kill may have torn, one after the other.

    Args:
        file: The file, at its beginning.
        path: Its name, for the message.
        form: ``"jsonl"`` or ``"csv"``.
        columns: Names of the columns.
        spreadsheet: Whether it was written so.

    Attributes:
        end: How many bytes hold the rows that have come. At the end of all,
            what is behind these is one row that was torn.
    """

    def __init__(
        self,
        file: BinaryIO,
        path: str | PathLike,
        form: str,
        columns: Sequence[str],
        *,
        spreadsheet: bool = False,
    ) -> None:
        self.end, self._line = 0, 0
        self._file, self._path, self._form = file, path, form
        self._columns, self._spreadsheet = tuple(columns), spreadsheet

    def __iter__(self) -> Iterator[tuple[int, dict]]:
        """Yield the places, where rows begin in the file, and the rows, oldest first.

        Raises:
            ValueError: If it is no such file, with the line that is something
                else.
        """
        torn = yield from self._csv_rows() if self._form == "csv" else self._json_rows()
        if not self._fits(torn):
            raise _foreign(self._path, self._form, self._line + 1)

    def _json_rows(self):
        keys = self._columns
        while lines := self._file.readlines(_PIECE):
            torn = b"" if lines[-1][-1:] == b"\n" else lines.pop()
            for line, row in zip(lines, _json_of(lines), strict=True):
                self._line += 1
                keys = self._checked(row, keys)
                place, self.end = self.end, self.end + len(line)
                yield place, row
            if torn:
                return torn
        return b""

    def _checked(self, row, keys):
        """The keys of a row; those of the row before are the same, and compared at once."""
        if not isinstance(row, dict):
            raise _foreign(self._path, "jsonl", self._line)
        found = (*row,)
        if found != keys and not {*self._columns} <= {*found}:
            raise of_other_columns(self._path, "jsonl", found, self._columns, line=self._line)
        return found

    def _csv_rows(self):
        for record, whole in _records(self._file):
            if not whole:
                return record
            self._line += record.count(b"\n")
            cells = self._cells(record)
            place, self.end = self.end, self.end + len(record)
            if place:
                yield place, self._csv_row(cells)
            elif tuple(cells) != self._columns:
                raise of_other_columns(self._path, "csv", cells, self._columns)
        return b""

    def at(self, place: int) -> dict:
        """Return the row that begins there."""
        self._file.seek(place)
        if self._form == "csv":
            record, _ = next(_records(self._file))
            return self._csv_row(self._cells(record))
        (row,) = _json_of([self._file.readline()])
        self._checked(row, self._columns)
        return row

    def _cells(self, record):
        try:
            (cells,) = csv.reader([record.decode("utf-8", errors="surrogateescape")])
        except (ValueError, csv.Error):
            raise _foreign(self._path, "csv", self._line) from None
        return cells

    def _csv_row(self, cells):
        try:
            pairs = zip(self._columns, cells, strict=True)
            return {name: _value(name, cell, self._spreadsheet) for name, cell in pairs}
        except (ValueError, KeyError):
            raise _foreign(self._path, "csv", self._line) from None

    def _fits(self, torn):
        """Whether what is behind the rows may be the beginning of one."""
        if self._form == "csv":
            return _is_torn_record(torn, self._columns) if self.end else self._is_torn_header(torn)
        start = b'{"' + self._columns[0].encode()
        return torn.startswith(start) or start.startswith(torn)

    def _is_torn_header(self, torn):
        return format_header("csv", self._columns).encode().startswith(torn)


def _json_of(lines):
    """What lines hold; ``None`` of one that is no JSON."""
    text = b",".join(lines).decode("utf-8", errors="surrogateescape")
    try:
        found = json.loads(f"[{text}]")
    except (json.JSONDecodeError, RecursionError):
        found = []
    if len(found) == len(lines):
        return found
    return [None] if len(lines) == 1 else [row for line in lines for row in _json_of([line])]


def _records(file):
    """Pieces that end at a line's end, with no quotes open; whether they do, the last may not."""
    begun, open_quotes = b"", False
    for line in file:
        open_quotes ^= line.count(b'"') % 2 == 1
        if open_quotes or line[-1:] != b"\n":
            begun += line
        else:
            yield begun + line, True
            begun = b""
    if begun:
        yield begun, False


def _is_torn_record(torn, columns):
    """Whether bytes are the beginning of one row, and hold no whole other one."""
    text = torn.decode("utf-8", errors="surrogateescape")
    closed = text + '"' if text.count('"') % 2 else text
    following = text.partition("\n")[2]
    ended = following[: following.rfind("\n") + 1]  # a name may have a line break in it
    try:
        records = list(csv.reader(io.StringIO(closed, newline="")))
        inside = list(csv.reader(io.StringIO(ended, newline="")))
    except csv.Error:
        return False
    others = any(len(cells) >= len(columns) for cells in inside)
    return len(records) <= 1 and all(len(cells) <= len(columns) for cells in records) and not others


def of_other_columns(
    path: str | PathLike, form: str, found: Sequence[str], columns: Sequence[str], *, line: int = 1
) -> ValueError:
    """Return the error about a file of another version of kiqa, or of other options.

    Args:
        path: Its name.
        form: Of its rows.
        found: Its columns.
        columns: Those expected.
        line: Where they were found.
    """
    if not {*found} & {*columns}:
        return _foreign(path, form, line)
    missing = ", ".join(name for name in columns if name not in found)
    more = ", ".join(name for name in found if name not in columns)
    how = [f"without {missing}" if missing else "", f"with {more} besides" if more else ""]
    said = " and ".join(filter(None, how)) or "in another order"
    return ValueError(
        f"Expected rows with the columns of this version of kiqa and of these options to resume. "
        f"Received: {path}, whose line {line} has them {said}. It was left as it is; finish it "
        "with the version and the options that began it, or choose another --output."
    )


def _foreign(path, form, line):
    return ValueError(
        f"Expected {form} rows of this version of kiqa to resume. Received: {path}, whose line "
        f"{line} is something else. It was left as it is; choose another --output."
    )
