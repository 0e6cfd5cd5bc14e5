"""Tables whose columns are looked up by name, whatever their case.

Public names: :func:`match_columns`, :func:`read_table`, :func:`chosen_columns`.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from kiqa.data.tables.cells import Line, read_cells

_LISTED = 20  # columns in a message


def match_columns(found: Iterable[str], wanted: Sequence[str], *, where: str) -> dict[str, str]:
    """Find column names case-insensitively.

    Args:
        found: Names that exist, as written in the file.
        wanted: Names that are needed.
        where: What the names belong to, for the message (a file name).

    Returns:
        Each wanted name with the name found for it.

    Raises:
        ValueError: If a name is missing or occurs twice; the message lists
            the names found.
    """
    names = [name for name in found if name.strip()]
    by_key: dict[str, list[str]] = {}
    for name in names:
        by_key.setdefault(name.strip().lower(), []).append(name)
    missing = [name for name in wanted if name.lower() not in by_key]
    twice = [name for name in wanted if len(by_key.get(name.lower(), ())) > 1]
    if missing or twice:
        problem = f"{missing} missing" if missing else f"{twice} there more than once"
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        raise ValueError(
            f"Expected the columns {list(wanted)} in {where}, received {names[:_LISTED]}{more}: "
            f"{problem}. {_form(names)}Take the file that has them, or rename its columns."
        )
    return {name: by_key[name.lower()][0] for name in wanted}


def _form(names):
    """What a table without the columns looks like, as a sentence."""
    if any(_is_number(name) for name in names):
        return "Its first line looks like data: a header line is missing. "
    return ""


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return text.lower() not in ("nan", "inf", "infinity")


def read_table(
    path: str | os.PathLike, required: Sequence[str], optional: Sequence[str] = ()
) -> list[tuple[int, dict[str, str]]]:
    """Read named columns of a table with a header line.

    Empty lines, and columns without a name (as in the published BIQ2021
    file), are ignored. Values are stripped of surrounding blanks; numbers
    with a decimal comma have a point.

    Args:
        path: A file as for `kiqa.data.tables.cells.read_cells`: text of any
            usual encoding and separator, or a workbook.
        required: Columns that must be there.
        optional: Columns that are read where they exist.

    Returns:
        For each row its line number in the file (the header is line 1) and
        its values by column name, as spelt in ``required``/``optional``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no table, has no rows, lacks a column (the
            columns found are listed) or a row ends before one.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a CSV file with the columns {list(required)} at {path}, found no file."
        )
    return chosen_columns(read_cells(path, required), path, required, optional)


def chosen_columns(
    lines: Sequence[Line], path: Path, required: Sequence[str], optional: Sequence[str]
) -> list[tuple[int, dict[str, str]]]:
    """Choose columns of lines that are read, as `read_table` does.

    Args:
        lines: From `read_cells`.
        path: The file, for messages.
        required: As for `read_table`.
        optional: As for `read_table`.

    Returns:
        As `read_table`.

    Raises:
        ValueError: As `read_table`.
    """
    header = lines[0][1] if lines else []
    wanted = match_columns(header, required, where=str(path))
    present = {name.strip().lower() for name in header}
    extra = [name for name in optional if name.lower() in present]
    wanted |= match_columns(header, extra, where=str(path))
    if len(lines) < 2:
        raise ValueError(f"Expected rows under the header of {path}, received none.")
    place = {name: header.index(written) for name, written in wanted.items()}
    width = max(place.values(), default=-1) + 1
    short = [number for number, row in lines[1:] if len(row) < width]
    if short:
        raise ValueError(
            f"Expected at least {width} columns in every row of {path}, received fewer in "
            f"{len(short)} (line {short[0]} first). The file may be cut off."
        )
    return [(number, {name: row[at] for name, at in place.items()}) for number, row in lines[1:]]
