"""Rows found again in files that a kill may have torn: JSONL and CSV.

Many are read at once: of CSV column by column, where of equal cells one is looked at.

Public names: `WholeRows`, `OtherColumnsError`, `of_other_columns`.
"""

import csv
import io
import json
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import islice
from os import PathLike
from typing import BinaryIO

from kiqa.io.rows.forms import COLUMN_KINDS, cell_value, format_header
from kiqa.io.text import unescaped

_PIECE = 1 << 16  # bytes of JSON that are read at once: that takes a third less than line by line
_RECORDS = 200  # of CSV


class OtherColumnsError(ValueError):
    """A file has other columns than those expected."""


class WholeRows:
    """The rows of a file that a kill may have torn, one after the other.

    Args:
        file: The file, at its beginning.
        path: Its name, for the message.
        form: ``"jsonl"`` or ``"csv"``.
        columns: Names of the columns.
        spreadsheet: Whether it was written so.
        wanted: Columns that the rows need to have; ``None`` is all. Cells of
            the others are checked and may be left out, which takes half.

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
        wanted: Collection[str] | None = None,
    ) -> None:
        self.end, self._line = 0, 0
        self._file, self._path, self._form = file, path, form
        self._columns = tuple(columns)
        self._value = partial(cell_value, spreadsheet=spreadsheet)
        self._wanted = [name for name in columns if wanted is None or name in wanted]

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
        if found != keys and {*self._columns} != {*found}:
            error = of_other_columns(self._path, "jsonl", found, self._columns, line=self._line)
            # Behind rows that have them it is no file of other columns, but a mixed one.
            raise error if self._line == 1 else ValueError(str(error))
        return found

    def _csv_rows(self):
        found = _records(self._file)
        for record, whole in islice(found, 1):
            if not whole:
                return record
            self._line += record.count(b"\n")
            cells, self.end = self._cells(record), len(record)
            if tuple(cells) != self._columns:
                raise of_other_columns(self._path, "csv", cells, self._columns)
        while some := [*islice(found, _RECORDS)]:
            torn = b"" if some[-1][1] else some.pop()[0]
            records = [record for record, _ in some]
            rows = iter(self._csv_of(records) or map(self._csv_row, map(self._cells, records)))
            for record in records:
                self._line += record.count(b"\n")
                place, row, self.end = self.end, next(rows), self.end + len(record)
                yield place, row
            if torn:
                return torn
        return b""

    def _csv_of(self, records):
        """The rows of records, column by column; ``None`` if one of them is something else."""
        try:
            cells = zip(*csv.reader(map(_text, records)), strict=True)
            found = {name: self._values(name, each)
                     for name, each in zip(self._columns, cells, strict=True)}  # fmt: skip
        except (ValueError, KeyError, csv.Error):
            return None
        values = zip(*(found[name] for name in self._wanted), strict=True)
        rows = [dict(zip(self._wanted, each, strict=True)) for each in values]
        return rows if len(rows) == len(records) else None

    def _values(self, name, cells):
        """The values of a column's cells; of equal cells one is looked at."""
        if name in COLUMN_KINDS or name in self._wanted:  # any text is one
            values = {cell: self._value(name, cell) for cell in {*cells}}
            found = map(values.__getitem__, cells)
            # No two rows share a list.
            return map(list, found) if COLUMN_KINDS.get(name) == "list" else found

    def at(self, place: int) -> dict:
        """Return the row that begins there, with all columns."""
        self._file.seek(place)
        if self._form == "csv":
            record, _ = next(_records(self._file))
            return self._csv_row(self._cells(record))
        (row,) = _json_of([self._file.readline()])
        self._checked(row, self._columns)
        return row

    def _cells(self, record):
        try:
            (cells,) = csv.reader([_text(record)])
        except (ValueError, csv.Error):
            raise _foreign(self._path, "csv", self._line) from None
        return cells

    def _csv_row(self, cells):
        try:
            pairs = zip(self._columns, cells, strict=True)
            return {name: self._value(name, cell) for name, cell in pairs}
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
    text = _text(b",".join(lines))
    try:
        found = json.loads(f"[{text}]")
    except (json.JSONDecodeError, RecursionError):
        found = []
    if len(found) == len(lines):
        return [*map(_unescaped, found)] if "\\\\ud" in text else found
    return [None] if len(lines) == 1 else [row for line in lines for row in _json_of([line])]


def _unescaped(row):
    if not isinstance(row, dict):
        return row
    return {name: unescaped(v) if isinstance(v, str) else v for name, v in row.items()}


def _text(line):
    return line.decode("utf-8", errors="surrogateescape")


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
    text = _text(torn)
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
) -> OtherColumnsError:
    """Return the error about a file of another version of kiqa, or of other options.

    Args:
        path: Its name.
        form: Of its rows.
        found: Its columns.
        columns: Those expected.
        line: Where they were found.
    """
    if not {*found} & {*columns}:
        return OtherColumnsError(str(_foreign(path, form, line)))
    missing = ", ".join(name for name in columns if name not in found)
    more = ", ".join(name for name in found if name not in columns)
    how = [f"without {missing}" if missing else "", f"with {more} besides" if more else ""]
    said = " and ".join(filter(None, how)) or "in another order"
    return OtherColumnsError(
        f"Expected rows with the columns of this version of kiqa and of these options to resume. "
        f"Received: {path}, whose line {line} has them {said}. It was left as it is; finish it "
        "with the version and the options that began it, or choose another --output."
    )


def _foreign(path, form, line):
    return ValueError(
        f"Expected {form} rows of this version of kiqa to resume. Received: {path}, whose line "
        f"{line} is something else. It was left as it is; choose another --output."
    )
