"""Append-only files of result rows: JSONL, CSV, or a table for reading.

Each row goes to the file in one write, so a killed run leaves whole rows and
at most one torn one, which `RowFile` cuts when it resumes. A write that fails
half-way (full disk) is taken back. The disk holds a row at most a second after
it was written, and all of them when the file is closed.
"""

import contextlib
import io
import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from kiqa.io.files import write_all
from kiqa.io.messages import tell
from kiqa.io.outputs import lock_output, make_folder
from kiqa.io.rows.forms import format_header, format_row
from kiqa.io.rows.whole_rows import WholeRows

Keep = Callable[[Iterable[tuple[int, dict]]], Any]
_SYNC = 1.0  # seconds


def whole_rows(found: Iterable[tuple[int, dict]]) -> list[dict]:
    """Keep all of the rows; the default of what is kept of them."""
    return [row for _, row in found]


def check_content(path: str | os.PathLike, *, form: str, resume: bool) -> None:
    """Refuse a file with content for rows that do not go on with it; reads none of it.

    Args:
        path: The file, which need not be there.
        form: As for `RowFile`.
        resume: As for `RowFile`.

    Raises:
        ValueError: If it has content and ``resume`` is off.
    """
    if not resume and os.path.isfile(path) and os.path.getsize(path):
        raise ValueError(
            f"Expected a new or empty output file. Received: {path}, which has content"
            + (
                ", and a table cannot be continued. Choose another name, or --format jsonl."
                if form == "table"
                else ". Add --resume to continue it, or choose another name."
            )
        )


class RowFile:
    """A file of rows, open for appending, with one writer at a time.

    Args:
        path: The file; its folder is made. Devices such as ``/dev/stdout``
            are written to as they are.
        form: One of `kiqa.io.rows.forms.FORMATS`.
        columns: Names and order of the columns.
        resume: Continue a file that is there; without it, one with content
            is refused.
        spreadsheet: As for `kiqa.io.csv_lines.csv_line`.
        keep: What is kept of the rows that were there, of ``(place, row)``,
            oldest first; all of them, or for files of millions something
            smaller. `row_at` gives a row back.
        wanted: Columns that `keep` looks at; ``None`` is all. Its rows may
            lack the others, which saves half of the time.

    Attributes:
        finished: What `keep` made; the rows.

    Raises:
        ValueError: If the file has content and ``resume`` is off, if it is no
            such file, if a table is to be resumed, or if another run is
            writing it. It stays untouched.
        OSError: If it cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        form: str,
        columns: Sequence[str],
        resume: bool,
        spreadsheet: bool = False,
        keep: Keep = whole_rows,
        wanted: Collection[str] | None = None,
    ) -> None:
        self.path, self._form, self._columns = Path(path), form, tuple(columns)
        self._spreadsheet = spreadsheet
        header = format_header(form, columns)
        if resume and form == "table":
            raise ValueError(
                "Expected a format that can be resumed, jsonl or csv. Received: table. "
                "Add --format jsonl."
            )
        self._held = ExitStack()
        self._reader: BinaryIO | None = None
        self._held.enter_context(lock_output(self.path))
        try:
            self.finished, end = self._read(resume, keep, wanted)
            make_folder(self.path.parent)
            # Unbuffered: a row is one write, and a failed one leaves nothing behind.
            self._file = open(self.path, "ab", buffering=0, opener=_new_or_regular)  # noqa: SIM115 closed by close()
            self._held.callback(self._file.close)
            self._synced = time.monotonic()
            if self.path.is_file() and end < os.path.getsize(self.path):
                self._file.truncate(end)
            if header and end == 0:
                self._write(header)
        except BaseException:
            self._held.close()
            raise

    def _read(self, resume, keep, wanted):
        check_content(self.path, form=self._form, resume=resume)
        if not self.path.is_file() or not os.path.getsize(self.path):
            return keep(()), 0
        with open(self.path, "rb") as file:
            table = format_header("table", self._columns).encode()
            if file.read(len(table)) == table:
                raise ValueError(
                    f"Expected rows that can be resumed, jsonl or csv. Received: {self.path}, a "
                    "table for reading. Choose another name, such as one that ends in .jsonl."
                )
            file.seek(0)
            rows = self._rows(file, wanted)
            return keep(rows), rows.end

    def _rows(self, file, wanted=None):
        return WholeRows(
            file, self.path, self._form, self._columns,
            spreadsheet=self._spreadsheet, wanted=wanted,
        )  # fmt: skip

    def row_at(self, place: int) -> dict:
        """Return a row that was there.

        Args:
            place: As `keep` got it.

        Raises:
            OSError: If the file cannot be read.
        """
        if self._reader is None:
            self._reader = self._held.enter_context(open(self.path, "rb"))
        return self._rows(self._reader).at(place)

    def append(self, row: dict) -> None:
        """Write one row.

        Raises:
            OSError: If it cannot be written; the rows before it are intact.
        """
        self._write(format_row(row, self._form, self._columns, spreadsheet=self._spreadsheet))

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", errors="surrogateescape")
        regular = self.path.is_file()
        before = os.fstat(self._file.fileno()).st_size
        try:
            write_all(self._file, data)
            if regular and time.monotonic() - self._synced > _SYNC:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            if regular:
                with contextlib.suppress(OSError):
                    self._file.truncate(before)
            resumed = "begin a new table" if self._form == "table" else "continue with --resume"
            raise OSError(
                f"Cannot write {self.path}: {error.strerror or error}. The rows before are "
                f"intact; make room and {resumed}."
            ) from error

    def close(self) -> None:
        """Have the disk hold all rows, close the file, and let others write it."""
        try:
            if not self._file.closed:
                with contextlib.suppress(OSError):  # a pipe or device
                    os.fsync(self._file.fileno())
        finally:
            self._held.close()  # the file, then the lock


def _new_or_regular(path, flags):
    """Open a file for appending; one that was not there a moment ago must be new."""
    new = 0 if os.path.lexists(path) else os.O_EXCL
    return os.open(path, flags | new, 0o666)


def read_rows(
    path: str | os.PathLike, *, form: str, columns: Sequence[str], spreadsheet: bool = False
) -> list[dict]:
    """Read the rows of a file and leave it as it is, as where another process appends to it.

    Args:
        path: The file.
        form: ``"jsonl"`` or ``"csv"``.
        columns: Names of the columns.
        spreadsheet: As for `RowFile`.

    Returns:
        The whole rows, oldest first; a last row that was torn is left out,
        which is told.

    Raises:
        ValueError: If it is no such file.
        OSError: If it cannot be read.
    """
    with open(path, "rb") as file:
        rows = WholeRows(file, path, form, columns, spreadsheet=spreadsheet)
        found = whole_rows(rows)
        file.seek(rows.end)
        last = file.read()
    if not last:
        return found
    if form == "jsonl":  # the end of a row shows, also where an editor took the line's
        with contextlib.suppress(ValueError):
            return found + whole_rows(WholeRows(io.BytesIO(last + b"\n"), path, form, columns))
    tell(f"{path}: the last row is not whole and is left out")
    return found
