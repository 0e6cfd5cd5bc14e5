"""From a file to the cells of its table, whatever program wrote it.

- Text is UTF-8, with or without a byte order mark, or UTF-16.
- Cells are separated by commas, semicolons, tabs, ``|`` or blanks; what fits
  the header is found by looking.
- Where all numbers of a column have a decimal comma, they get a point.
- Row names without a header, as R writes them, are a column without a name.
- An Excel workbook (``.xlsx``) gives its first sheet.

Anything else is refused by the name of what it is.

Public names: :func:`read_cells`, :func:`read_header`, :func:`read_text`.
"""

import csv
import io
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from kiqa.data.tables.spreadsheets import read_sheet

_LARGEST = 1 << 30  # bytes
_MOST_COLUMNS = 100_000  # a wide table may have one for each image
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "|", " ": "blanks"}
_KINDS = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"SQLite format 3": "an SQLite data base",
    b"MATLAB ": "a MATLAB file",
    b"%PDF": "a PDF document",
    b"RDX": "data of R",
}
_DECIMAL_COMMA = re.compile(r"[-+]?(\d*),(\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d+", re.ASCII)
_REMEDY = "Save it as CSV in UTF-8."

Line = tuple[int, list[str]]


def read_cells(path: str | os.PathLike, wanted: Collection[str] = ()) -> list[Line]:
    """Read the cells of a table.

    Args:
        path: The file.
        wanted: Columns that the header should have, to tell the separator by.

    Returns:
        The number of each line that is not empty, from 1, and its cells,
        stripped of blanks; the header first.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no table, or a row has more cells than the
            header; the file is named.
    """
    path = Path(path)
    data = _read(path)
    if data.startswith(b"PK\x03\x04"):
        return [line for line in read_sheet(path, None) if any(line[1])]
    text = _decoded(data, path)
    start = text.lstrip()[:200].lower()
    if start.startswith(("{", "[")):
        raise _not_a_table(path, "JSON")
    if start.startswith(("<!doctype", "<html", "<?xml")):
        raise _not_a_table(path, "a web page or XML")
    skipped = 0
    if stated := re.match(r"sep=(.)\r?\n", text, re.I):  # Excel's own first line
        text, skipped = text[stated.end() :], 1
    separators = [stated[1]] if stated else _SEPARATORS
    try:
        separator = _separator(text, separators, wanted)
        reader = _reader(text, separator)
        lines = [(reader.line_num + skipped, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise ValueError(
            f"Expected a table with cells separated by commas, received {path}: {error}. {_REMEDY}"
        ) from error
    lines = [line for line in lines if any(line[1])]
    if not lines:
        return lines
    if len(lines[0][1]) > _MOST_COLUMNS:
        raise ValueError(
            f"Expected a table of at most {_MOST_COLUMNS} columns, received {path} with "
            f"{len(lines[0][1])}. Keep those that are needed."
        )
    return _points_for_commas(_squared(lines, path, separator), separator)


def read_header(path: str | os.PathLike, wanted: Collection[str] = ()) -> list[str]:
    """Return the names in a table's first line; the arguments are those of `read_cells`."""
    lines = read_cells(path, wanted)
    return lines[0][1] if lines else []


def read_text(path: str | os.PathLike) -> str:
    """Read a text file in UTF-8 or UTF-16, without its byte order mark.

    Args:
        path: The file.

    Returns:
        The text.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such text; the message says what it is.
    """
    return _decoded(_read(Path(path)), path)


def _read(path):
    if path.stat().st_size > _LARGEST:
        raise ValueError(
            f"Expected a table of at most {_LARGEST} bytes, received {path} with "
            f"{path.stat().st_size}. Keep the columns that are needed."
        )
    return path.read_bytes()


def _decoded(data, path):
    for magic, kind in _KINDS.items():
        if data.startswith(magic):
            raise _not_a_table(path, kind)
    encoding = "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif data[:200].count(0) * 4 >= len(data[:200]) > 0:  # Latin letters have one zero byte
        encoding = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(
            f"Expected text in UTF-8 or UTF-16 in {path}, received byte 0x{data[error.start]:02x} "
            f"in line {line}: another encoding, such as Excel's plain 'CSV', or no text. {_REMEDY}"
        ) from error


def _not_a_table(path, kind):
    return ValueError(f"Expected a table as text (CSV) in {path}, received {kind}. {_REMEDY}")


def _reader(text, separator):
    stream = io.StringIO(text, newline="")
    return csv.reader(stream, delimiter=separator, skipinitialspace=separator == " ")


def _separator(text, separators, wanted):
    """The separator by which the header has what is wanted, else most cells."""
    headers = {}
    for separator in separators:
        rows = (row for row in _reader(text, separator) if any(cell.strip() for cell in row))
        headers[separator] = [cell.strip().lower() for cell in next(rows, [])]
    wanted = {name.lower() for name in wanted}
    for separator, header in headers.items():
        if wanted and wanted <= set(header):
            return separator
    usual = {separator: header for separator, header in headers.items() if separator != " "}
    return max(usual or headers, key=lambda separator: len(headers[separator]))


def _squared(lines: Sequence[Line], path, separator) -> list[Line]:
    """Give row names a column, and refuse rows that the header does not explain."""
    header = lines[0][1]
    width = len(header)
    if len(lines) > 1 and all(len(row) == width + 1 and row[-1] for _, row in lines[1:]):
        return [(lines[0][0], ["", *header]), *lines[1:]]  # row names, as R writes them
    for number, row in lines[1:]:
        if any(row[width:]):
            raise ValueError(
                f"Expected {width} cells in each row of {path}, as in its header, received "
                f"{len(row)} in line {number}, separated by {_SEPARATORS.get(separator, separator)}"
                ". Put text that holds a separator in quotation marks."
            )
    return list(lines)


def _points_for_commas(lines, separator):
    """Numbers of columns that are written with a decimal comma, with a point."""
    for place in range(len(lines[0][1])):
        column = [row[place] for _, row in lines[1:] if len(row) > place]
        written = [cell for cell in column if "," in cell]
        found = [match for match in map(_DECIMAL_COMMA.fullmatch, written) if match]
        if not found or len(found) < len(written):
            continue
        if not all(not cell or "," in cell or _WHOLE.fullmatch(cell) for cell in column):
            continue
        # Between commas, 1,234 in quotation marks may be a thousand: left for a reader to refuse.
        if separator == "," and all(len(m[2]) == 3 and m[1].lstrip("0") for m in found):
            continue
        for _, row in lines[1:]:
            if len(row) > place:
                row[place] = row[place].replace(",", ".")
    return lines
