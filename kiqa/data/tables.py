"""CSV tables whose columns are looked up by name, whatever their case.

Public names: :func:`match_columns`, :func:`read_table`.
"""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path


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
        raise ValueError(
            f"Expected the columns {list(wanted)} in {where}, received {names}: {problem}. "
            "Check that this is the published file, comma-separated, with its header line."
        )
    return {name: by_key[name.lower()][0] for name in wanted}


def read_table(
    path: str | os.PathLike, required: Sequence[str], optional: Sequence[str] = ()
) -> list[tuple[int, dict[str, str]]]:
    """Read named columns of a comma-separated file with a header line.

    Empty lines, and columns without a name (as in the published BIQ2021
    file), are ignored. Values are stripped of surrounding blanks.

    Args:
        path: The file, UTF-8, with or without a byte order mark.
        required: Columns that must be there.
        optional: Columns that are read where they exist.

    Returns:
        For each row its line number in the file (the header is line 1) and
        its values by column name, as spelt in ``required``/``optional``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not UTF-8 text, has no rows, lacks a
            column (the columns found are listed) or a row ends before one.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a CSV file with the columns {list(required)} at {path}, found no file."
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"Expected a comma-separated text file in UTF-8, received {path}: {error}."
        ) from error
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
    return [
        (number, {name: row[at].strip() for name, at in place.items()}) for number, row in lines[1:]
    ]
