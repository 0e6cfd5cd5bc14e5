"""CSV as everything of kiqa writes it: UTF-8, one header, cells that come back.

Public names: `csv_line`, `write_csv_file`.
"""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kiqa.io.files import replacing
from kiqa.io.text import escaped, for_spreadsheet


def csv_line(cells: Iterable[Any], *, spreadsheet: bool = False) -> str:
    """Return one row with its line break.

    Args:
        cells: Values; ``None`` is an empty cell. Bytes of names that are no
            UTF-8 are escaped (`kiqa.io.text.escaped`).
        spreadsheet: Put an apostrophe before texts that a spreadsheet would
            take for a formula.
    """
    text = io.StringIO()
    # The module quotes what its line ends consist of: a carriage return too.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_cell(cell, spreadsheet) for cell in cells])
    return text.getvalue().removesuffix("\r\n") + "\n"


def _cell(value, spreadsheet):
    if not isinstance(value, str):
        return value
    return escaped(for_spreadsheet(value) if spreadsheet else value)


def write_csv_file(
    path: str | os.PathLike,
    header: Sequence[str],
    rows: Iterable[Iterable[Any]],
    *,
    spreadsheet: bool = False,
) -> Path:
    """Write a CSV file, whole or not at all.

    Args:
        path: Target file; replaced if it exists.
        header: Names of the columns.
        rows: Cells of each row.
        spreadsheet: As for `csv_line`.

    Returns:
        The path written.
    """
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        file.write(csv_line(header))
        file.writelines(csv_line(row, spreadsheet=spreadsheet) for row in rows)
    return Path(path)
