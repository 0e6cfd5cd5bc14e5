"""Rows that ``kiqa score`` has written, as the beginning of a report.

Public names: `holds_rows`, `read_scores`.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kiqa.io.messages import shortened
from kiqa.io.rows import read_rows
from kiqa.scoring import row_columns

ROW_SUFFIXES = (".jsonl", ".ndjson", ".csv")


def holds_rows(path: str | os.PathLike) -> bool:
    """Say whether a path is that of a file of rows of ``kiqa score``, by its suffix."""
    return Path(path).suffix.lower() in ROW_SUFFIXES and not os.path.isdir(path)


def read_scores(path: str | os.PathLike) -> dict[str, dict[str, Any]]:
    """Read rows of ``kiqa score``.

    Args:
        path: A file ``.jsonl`` or ``.csv``, with the columns of ``--reasons``
            or without.

    Returns:
        The last row of each path.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds something else, or no row.
    """
    form = "csv" if Path(path).suffix.lower() == ".csv" else "jsonl"
    found: Sequence[Mapping] = []
    try:
        found = read_rows(path, form=form, columns=row_columns(reasons=True))
    except ValueError:
        with _naming(path):
            found = read_rows(path, form=form, columns=row_columns())
    if not found:
        raise ValueError(f"Expected rows of kiqa score. Received: {path}, with none.")
    return {row["path"]: dict(row) for row in found}


@contextmanager
def _naming(path: str | os.PathLike) -> Iterator[None]:
    """Say of what is no file of rows what was expected."""
    try:
        yield
    except ValueError as error:
        raise ValueError(
            f"Expected rows that kiqa score --output FILE wrote, with or without --reasons. "
            f"Received: {path}, with others ({shortened(error, 200)})."
        ) from error
