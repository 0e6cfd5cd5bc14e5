"""Append-only files of result rows: JSONL, CSV, or a table for reading.

Each row is one line and goes to the file in one write, so a killed run leaves
whole lines and at most one torn one, which `RowFile` cuts when it resumes. A
write that fails half-way (full disk) is taken back.
"""

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

FORMATS = ("table", "jsonl", "csv")


def format_header(form: str, columns: Sequence[str]) -> str:
    """Return the lines before the first row, empty for JSONL.

    Raises:
        ValueError: If the format is none of `FORMATS`.
    """
    if form not in FORMATS:
        raise ValueError(f"Expected a format, one of {FORMATS}. Received: {form!r}.")
    if form == "csv":
        return _csv_line(columns)
    return "" if form == "jsonl" else f"{'score':>8}  {'size':>11}  path\n"


def format_row(row: dict, form: str, columns: Sequence[str]) -> str:
    """Return a row as one line with its line break.

    Args:
        row: Values by column name; JSON-able.
        form: One of `FORMATS`.
        columns: Names and order of the columns.

    Returns:
        JSONL: an object. CSV: the columns, None empty, lists joined by
        ``"; "``. Table: score, size and path, with the reference if there is
        one, or the error.
    """
    if form == "jsonl":
        return json.dumps({name: row[name] for name in columns}, allow_nan=False) + "\n"
    if form == "csv":
        return _csv_line([_cell(row[name]) for name in columns])
    size = "-" if row["width"] is None else f"{row['width']}x{row['height']}"
    score = "error" if row["score"] is None else f"{row['score']:.4f}"
    text = row["path"] if row["error"] is None else row["error"]
    if row["error"] is None and row.get("reference"):
        text += f"  (reference {row['reference']})"
    if row.get("note"):
        text += f"  ({row['note']})"
    return f"{score:>8}  {size:>11}  {text}\n"


def _csv_line(cells: Iterable) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _cell(value):
    """CSV text that `_value` turns back."""
    if isinstance(value, list):
        return "; ".join(value)
    return json.dumps(value) if isinstance(value, bool) else value


def _value(name: str, text: str):
    """Python value of a CSV cell, by its column."""
    if name == "converted":
        return text.split("; ") if text else []
    if text == "":
        return None
    if text in ("true", "false"):
        return text == "true"
    if name in ("width", "height", "stride", "exif_orientation"):
        return int(text)
    numbers = ("score", "percentile", "low", "high", "seconds")
    return float(text) if name in numbers else text


class RowFile:
    """A file of rows, open for appending.

    Args:
        path: The file; its folder is made. Devices such as ``/dev/stdout``
            are written to as they are.
        form: One of `FORMATS`.
        columns: Names and order of the columns.
        resume: Continue a file that is there; without it, one with content
            is refused.

    Attributes:
        finished: The rows that were there, oldest first.

    Raises:
        ValueError: If the file has content and ``resume`` is off, if it is no
            such file, or if a table is to be resumed. It stays untouched.
        OSError: If it cannot be opened.
    """

    def __init__(
        self, path: str | os.PathLike, *, form: str, columns: Sequence[str], resume: bool
    ) -> None:
        self.path, self._form, self._columns = Path(path), form, tuple(columns)
        header = format_header(form, columns)
        if resume and form == "table":
            raise ValueError(
                "Expected a format that can be resumed, jsonl or csv. Received: table. "
                "Add --format jsonl."
            )
        regular = self.path.is_file()
        content = self.path.read_bytes() if regular else b""
        if content and not resume:
            raise ValueError(
                f"Expected a new or empty output file. Received: {path}, which has content. "
                "Add --resume to continue it, or choose another name."
            )
        self.finished, keep = _read_rows(content, self.path, form, self._columns)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: a row is one write, and a failed one leaves nothing behind.
        self._file = open(self.path, "ab", buffering=0)  # noqa: SIM115 closed by close()
        if regular and keep < len(content):
            self._file.truncate(keep)
        if header and keep == 0:
            self._write(header)

    def append(self, row: dict) -> None:
        """Write one row.

        Raises:
            OSError: If it cannot be written; the rows before it are intact.
        """
        self._write(format_row(row, self._form, self._columns))

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", errors="surrogateescape")
        regular = self.path.is_file()
        before = os.fstat(self._file.fileno()).st_size
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            if regular:
                with contextlib.suppress(OSError):
                    self._file.truncate(before)
            raise OSError(
                f"Cannot write {self.path}: {error.strerror or error}. The rows before are "
                "intact; make room and continue with --resume."
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_rows(path: str | os.PathLike, *, form: str, columns: Sequence[str]) -> list[dict]:
    """Read the rows of a file and leave it as it is, as where another process appends to it.

    Args:
        path: The file.
        form: ``"jsonl"`` or ``"csv"``.
        columns: Names of the columns.

    Returns:
        The whole rows, oldest first; a last line that was torn is left out.

    Raises:
        ValueError: If it is no such file.
        OSError: If it cannot be read.
    """
    path = Path(path)
    return _read_rows(path.read_bytes(), path, form, tuple(columns))[0]


def _read_rows(content: bytes, path: Path, form: str, columns: tuple) -> tuple[list, int]:
    """Rows of a file and the number of bytes that hold them."""
    lines = content.split(b"\n")
    torn = lines.pop()
    start = b'{"' + columns[0].encode() if form == "jsonl" else b""
    if torn and not (torn.startswith(start) or start.startswith(torn)):
        raise _foreign(path, form, len(lines) + 1)
    rows = list(_parse(b"\n".join(lines), path, form, columns)) if lines else []
    if form == "csv" and not lines and not format_header("csv", columns).encode().startswith(torn):
        raise _foreign(path, form, 1)
    return rows, len(content) - len(torn)


def _parse(content: bytes, path: Path, form: str, columns: tuple) -> Iterator[dict]:
    text = content.decode("utf-8", errors="surrogateescape")
    if form == "csv":
        reader = csv.reader(io.StringIO(text, newline=""))
        try:
            if tuple(next(reader, ())) != columns:
                raise ValueError
            for cells in reader:
                pairs = zip(columns, cells, strict=True)
                yield {name: _value(name, cell) for name, cell in pairs}
        except (ValueError, csv.Error):
            raise _foreign(path, form, max(1, reader.line_num)) from None
        return
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            row = None
        if not isinstance(row, dict) or not {*columns} <= {*row}:
            raise _foreign(path, form, number)
        yield row


def _foreign(path: Path, form: str, line: int) -> ValueError:
    return ValueError(
        f"Expected {form} rows of this version of kiqa to resume. Received: {path}, whose line "
        f"{line} is something else. It was left as it is; choose another --output."
    )
