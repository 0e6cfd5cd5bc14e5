"""Rows as a folder of Parquet files: the extra ``kiqa[parquet]``.

Rows collect in a JSONL file of the folder, as `kiqa.io.rows.files` writes it, and
become a part of `ROWS_OF_A_PART` rows when there are so many, and at the end.
So a killed run loses no row that was written, and no part is ever half.

Public names: `ROWS_OF_A_PART`, `PartFolder`, `is_parts`, `read_parts`.
"""

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from kiqa.io.files import replacing
from kiqa.io.outputs import lock_output, make_folder
from kiqa.io.rows.files import Keep, RowFile, read_rows, whole_rows
from kiqa.io.rows.forms import COLUMN_KINDS
from kiqa.io.rows.whole_rows import WholeRows, of_other_columns
from kiqa.io.text import escaped, unescaped

ROWS_OF_A_PART = 10_000
_PLACES = 1 << 32  # of a part, more than any has
_PART = re.compile(r"part-(\d{5,})\.parquet")


class PartFolder:
    """A folder of rows, open for appending, with one writer at a time.

    Args:
        path: The folder; it is made.
        columns: Names and order of the columns.
        resume: Continue a folder that is there; without it, one that holds
            anything is refused.
        keep: As for `kiqa.io.rows.RowFile`.
        wanted: As for `kiqa.io.rows.RowFile`.

    Attributes:
        finished: What `keep` made of the rows that were there.

    Raises:
        ImportError: If pyarrow is not installed.
        ValueError: If the folder holds something and ``resume`` is off, or
            other rows. It stays untouched.
        OSError: If it cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        columns: Sequence[str],
        resume: bool,
        keep: Keep = whole_rows,
        wanted: Collection[str] | None = None,
    ) -> None:
        _pyarrow()
        self.path, self._columns = Path(path), tuple(columns)
        self._last: tuple[int, list[dict]] = -1, []  # the part that `row_at` has read
        self._held = lock_output(self.path)
        self._held.__enter__()
        try:
            if self.path.is_dir() and any(self.path.iterdir()) and not resume:
                raise ValueError(
                    f"Expected a new or empty output folder. Received: {self.path}, which has "
                    "content. Add --resume to continue it, or choose another name."
                )
            self.finished = keep(_placed_rows(self.path, self._columns, wanted, continued=True))
            make_folder(self.path)
            self._open(_next(self.path), resume=True)
        except BaseException:
            self._held.__exit__(None, None, None)
            raise

    def _open(self, number, *, resume=False):
        self._number = number
        _unfinished(self.path, number - 1).unlink(missing_ok=True)  # it is a part
        self._open_rows = RowFile(
            _unfinished(self.path, number), form="jsonl", columns=self._columns, resume=resume
        )
        self._rows = list(self._open_rows.finished)

    def row_at(self, place: int) -> dict:
        """Return a row that was there; arguments as of `kiqa.io.rows.RowFile.row_at`."""
        number, index = divmod(place, _PLACES)
        if number == self._number:
            return self._rows[index]
        if self._last[0] != number:
            self._last = number, _read_part(self.path / _part_name(number), self._columns)
        return self._last[1][index]

    def append(self, row: dict) -> None:
        """Write one row.

        Raises:
            OSError: If it cannot be written; the rows before it are intact.
        """
        self._open_rows.append(row)
        self._rows.append(row)
        if len(self._rows) >= ROWS_OF_A_PART:
            self._finish_part()
            self._open(self._number + 1)

    def _finish_part(self):
        """Write the rows that have collected as a part, and only then forget their JSONL."""
        self._open_rows.close()
        if self._rows:
            _write_part(self.path / _part_name(self._number), self._rows, self._columns)
        self._rows = []
        _unfinished(self.path, self._number).unlink(missing_ok=True)

    def close(self) -> None:
        """Write what has collected as the last part, and let others write the folder."""
        try:
            self._finish_part()
        finally:
            self._held.__exit__(None, None, None)


def is_parts(path: str | os.PathLike) -> bool:
    """Say whether a path is a folder of rows, finished or not."""
    return os.path.isdir(path) and bool(
        _parts(Path(path)) or _unfinished(Path(path), _next(Path(path))).exists()
    )


def read_parts(path: str | os.PathLike, *, columns: Sequence[str]) -> list[dict]:
    """Read the rows of a folder and leave it as it is.

    Args:
        path: The folder.
        columns: Names of the columns.

    Returns:
        The rows, oldest first.

    Raises:
        ImportError: If pyarrow is not installed.
        ValueError: If it holds other rows.
        OSError: If it cannot be read.
    """
    return whole_rows(_placed_rows(Path(path), tuple(columns)))


def _placed_rows(folder, columns, wanted=None, *, continued=False):
    """The rows of a folder, oldest first, with their places.

    Those that are not a part yet: all that can be read, or if they are ``continued`` those that
    `RowFile` keeps.
    """
    for part in _parts(folder):
        yield from enumerate(_read_part(part, columns, wanted), _PLACES * _number_of(part))
    number = _next(folder)
    rest = _unfinished(folder, number)
    if not rest.exists():
        return
    if continued:
        with open(rest, "rb") as file:
            rows = whole_rows(WholeRows(file, rest, "jsonl", columns))
    else:
        rows = read_rows(rest, form="jsonl", columns=columns)
    yield from enumerate(rows, _PLACES * number)


def _parts(folder):
    names = os.listdir(folder) if folder.is_dir() else []
    parts = sorted(filter(_PART.fullmatch, names), key=lambda name: (len(name), name))
    return [folder / name for name in parts]


def _next(folder):
    """The number of the part that has not been written; an older JSONL has become one."""
    parts = _parts(folder)
    return _number_of(parts[-1]) + 1 if parts else 0


def _number_of(part):
    return int(part.stem.removeprefix("part-"))


def _part_name(number):
    return f"part-{number:05d}.parquet"


def _unfinished(folder, number):
    return folder / f"_part-{number:05d}.jsonl"  # readers of Parquet folders pass over such names


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            "Expected pyarrow for rows as Parquet. Received: an installation without it. Install "
            "it: pip install 'kiqa[parquet]'."
        ) from error
    return pyarrow


def _schema(columns):
    arrow = _pyarrow()
    kinds = {
        "whole": arrow.int64(),
        "number": arrow.float64(),
        "truth": arrow.bool_(),
        "list": arrow.list_(arrow.string()),
        "text": arrow.string(),
    }
    return arrow.schema([(name, kinds[COLUMN_KINDS.get(name, "text")]) for name in columns])


def _write_part(path, rows, columns):
    arrow = _pyarrow()
    plain = [
        {name: escaped(v) if isinstance(v := row[name], str) else v for name in columns}
        for row in rows
    ]
    with replacing(path) as temporary:
        table = arrow.Table.from_pylist(plain, schema=_schema(columns))
        arrow.parquet.write_table(table, temporary, compression="zstd")


def _read_part(path, columns, wanted=None):
    arrow = _pyarrow()
    try:
        # Read as one file: the name of the folder is no column of it.
        with arrow.parquet.ParquetFile(path) as file:
            found = tuple(file.schema_arrow.names)
            if found != columns:
                raise of_other_columns(path, "parquet", found, columns)
            table = file.read()  # whole, also where little is wanted: a damaged part is refused
    except (arrow.ArrowInvalid, OSError) as error:
        if getattr(error, "errno", None) is not None:  # of the disk, not of what is in the file
            raise
        raise ValueError(
            f"Expected a Parquet file. Received: {path}, which is none ({error}). Remove it; "
            "--resume scores its images again."
        ) from error
    names = [name for name in columns if wanted is None or name in wanted]
    values = [_values(name, table.column(name)) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _values(name, column):
    """The values of a column; of equal texts one is looked at."""
    values = column.to_pylist()
    if name in COLUMN_KINDS:
        return values
    texts = {text: text if text is None else unescaped(text) for text in {*values}}
    return map(texts.__getitem__, values)
