"""How rows of results are written, and found again: JSONL, CSV, or a table for reading.

Public names: `COLUMN_KINDS`, `FORMATS`, `format_header`, `format_row`, `of_other_columns`,
`whole_rows`.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from os import PathLike

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


def whole_rows(
    content: bytes,
    path: str | PathLike,
    form: str,
    columns: Sequence[str],
    *,
    spreadsheet: bool = False,
) -> tuple[list[dict], int]:
    """Find the rows of a file that a kill may have torn.

    Args:
        content: Of the file.
        path: Its name, for the message.
        form: ``"jsonl"`` or ``"csv"``.
        columns: Names of the columns.
        spreadsheet: Whether it was written so.

    Returns:
        The rows, oldest first, and the number of bytes that hold them. What
        is behind these is one row that was torn.

    Raises:
        ValueError: If it is no such file, with the line that is something
            else.
    """
    end = content.rfind(b"\n") + 1 if form == "jsonl" else _end_of_records(content)
    whole, torn = content[:end], content[end:]
    lines = whole.count(b"\n")
    if form == "csv":
        rows = list(_csv_rows(whole, path, tuple(columns), spreadsheet)) if whole else []
        fits = _is_torn_record(torn, columns) if whole else _begins_header(torn, columns)
    else:
        rows = list(_json_rows(whole, path, columns))
        start = b'{"' + columns[0].encode()
        fits = torn.startswith(start) or start.startswith(torn)
    if not fits:
        raise _foreign(path, form, lines + 1)
    return rows, end


def _end_of_records(content):
    """Where the last whole record ends: at a line's end, with no quotes open."""
    position = end = quotes = 0
    for line in io.BytesIO(content):
        quotes += line.count(b'"')
        position += len(line)
        if line.endswith(b"\n") and quotes % 2 == 0:
            end = position
    return end


def _begins_header(torn, columns):
    return format_header("csv", columns).encode().startswith(torn)


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


def _csv_rows(content, path, columns, spreadsheet) -> Iterator[dict]:
    text = content.decode("utf-8", errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = tuple(next(reader, ()))
        if header != columns:
            raise of_other_columns(path, "csv", header, columns)
        for cells in reader:
            pairs = zip(columns, cells, strict=True)
            yield {name: _value(name, cell, spreadsheet) for name, cell in pairs}
    except _OtherRows:
        raise
    except (ValueError, KeyError, csv.Error):
        raise _foreign(path, "csv", max(1, reader.line_num)) from None


def _json_rows(content, path, columns) -> Iterator[dict]:
    text = content.decode("utf-8", errors="surrogateescape")
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise _foreign(path, "jsonl", number)
        if not {*columns} <= {*row}:
            raise of_other_columns(path, "jsonl", tuple(row), columns, line=number)
        yield row


class _OtherRows(ValueError):
    """A file that holds other rows than those that are written now."""


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
    return _OtherRows(
        f"Expected rows with the columns of this version of kiqa and of these options to resume. "
        f"Received: {path}, whose line {line} has them {said}. It was left as it is; finish it "
        "with the version and the options that began it, or choose another --output."
    )


def _foreign(path, form, line):
    return _OtherRows(
        f"Expected {form} rows of this version of kiqa to resume. Received: {path}, whose line "
        f"{line} is something else. It was left as it is; choose another --output."
    )
