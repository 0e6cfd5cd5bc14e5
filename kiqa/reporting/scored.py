"""Rows that ``kiqa score`` has written, as the beginning of a report.

Public names: `read_scores`.
"""

import os
from typing import Any

from kiqa.scoring.row_files import read_row_file


def read_scores(path: str | os.PathLike, *, spreadsheet: bool = False) -> dict[str, dict[str, Any]]:
    """Read rows of ``kiqa score``.

    Args:
        path: As for `kiqa.scoring.row_files.read_row_file`.
        spreadsheet: Likewise.

    Returns:
        The last row of each path.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds something else, or no row.
        ImportError: If pyarrow is needed and not installed.
    """
    _, found = read_row_file(path, spreadsheet=spreadsheet)
    if not found:
        raise ValueError(f"Expected rows of kiqa score. Received: {path}, with none.")
    return {row["path"]: row for row in found}
