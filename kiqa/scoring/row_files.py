"""Rows that ``kiqa score`` has written: reading them, and joining several.

Public names: `Merged`, `holds_rows`, `merge_rows`, `read_row_file`.
"""

import itertools
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiqa.io.messages import shortened
from kiqa.io.rows import read_rows
from kiqa.io.rows.parts import is_parts, read_parts
from kiqa.io.rows.whole_rows import OtherColumnsError
from kiqa.scoring.pairs import REFERENCE_KEYS
from kiqa.scoring.paths import row_columns

_SUFFIXES = (".jsonl", ".ndjson", ".csv")
_EQUAL = 1e-4  # relative difference of scores by which machines may differ


def holds_rows(path: str | os.PathLike) -> bool:
    """Say whether a path is that of rows of ``kiqa score``: a file by its suffix, or a folder."""
    if os.path.isdir(path):
        return is_parts(path)
    return Path(path).suffix.lower() in _SUFFIXES


def read_row_file(
    path: str | os.PathLike, *, spreadsheet: bool = False
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Read rows of ``kiqa score``, and leave them as they are.

    Args:
        path: A file, ``.csv`` or of JSON lines, or a folder of Parquet.
        spreadsheet: Whether CSV was written with ``--spreadsheet``.

    Returns:
        The columns, which depend on ``--reference`` and ``--reasons``, and
        the rows, oldest first.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds something else.
        ImportError: If pyarrow is needed and not installed.
    """
    form = "csv" if Path(path).suffix.lower() == ".csv" else "jsonl"
    found: ValueError | None = None
    for references, reasons in itertools.product((True, False), repeat=2):
        columns = row_columns(references=references, reasons=reasons)
        try:
            if os.path.isdir(path):
                return columns, read_parts(path, columns=columns)
            return columns, read_rows(path, form=form, columns=columns, spreadsheet=spreadsheet)
        except OtherColumnsError as error:
            found = error
        except ValueError as error:  # these are its columns, and a row is damaged
            found = error
            break
    raise ValueError(
        f"Expected rows that kiqa score --output of this version wrote. Received: {path}, with "
        f"others ({shortened(found, 500)})."
    ) from found


@dataclass(frozen=True)
class Merged:
    """Several files of rows as one.

    Attributes:
        columns: Of the rows.
        rows: One for each image, content, weights and stride; images in the
            order in which they came first.
        repeated: How many rows were there twice or more, less those kept.
        conflicts: Of each image that has another score in another file: its
            path, the score that was kept, the other, and the file of that.
        versions: Versions of kiqa that wrote the rows.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    repeated: int
    conflicts: list[tuple[str, float, float, str]]
    versions: tuple[str, ...]


def merge_rows(files: Sequence[str | os.PathLike], *, spreadsheet: bool = False) -> Merged:
    """Join shards and repeated runs.

    Rows are of one result if the path and the hash of the image (and of its
    reference), the hash of the weights and the stride are equal; the same
    content under two paths is two rows. Of several for one path a score is
    kept before an error, an error about the content before one about
    circumstances, and then the last one: of the file that is named last.

    Args:
        files: As for `read_row_file`.
        spreadsheet: As for `read_row_file`.

    Returns:
        The rows, and what was found out.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file holds something else, or other columns than the
            first.
    """
    columns: tuple[str, ...] = ()
    by_path: dict[tuple, dict[str | None, tuple[dict, str]]] = {}  # rows with their files
    count, conflicts = 0, []
    for file in files:
        found, rows = read_row_file(file, spreadsheet=spreadsheet)
        if rows and columns and found != columns:
            raise _of_other_columns(files[0], columns, file, found)
        columns = found if rows and not columns else columns
        for row in rows:
            count += 1
            kept = by_path.setdefault(_place(row), {})
            before, origin = kept.pop(row["sha256"], (None, ""))
            if before is None or row["error"] is None or before["error"] is not None:
                kept[row["sha256"]] = row, os.fspath(file)
            else:  # a score stays before an error
                kept[row["sha256"]] = before, origin
            if before is not None and _differ(before, row):
                conflicts.append((row["path"], row["score"], before["score"], origin))
    merged = [row for kept in by_path.values() for row, _ in _without_circumstances(kept)]
    return Merged(
        columns or row_columns(),
        merged,
        count - len(merged),
        conflicts,
        tuple(sorted({row["kiqa"] for row in merged})),
    )


def _place(row):
    """What a row is about but for the image's content; a path may have several."""
    reference = [row.get(name) for name in REFERENCE_KEYS]
    return (row["path"], *reference, row["weights_sha256"], row["stride"])


def _differ(one, other):
    if one["score"] is None or other["score"] is None:
        return False
    return not math.isclose(one["score"], other["score"], rel_tol=_EQUAL, abs_tol=_EQUAL / 100)


def _without_circumstances(kept):
    """The rows of one path; an error without a hash goes where there is anything else."""
    return [row for sha256, row in kept.items() if sha256 is not None or len(kept) == 1]


def _of_other_columns(first, columns, file, found):
    missing = [name for name in columns if name not in found]
    more = [name for name in found if name not in columns]
    parts = [
        f"without {', '.join(missing)}" * bool(missing),
        f"with {', '.join(more)}" * bool(more),
    ]
    return ValueError(
        f"Expected rows with the columns of {first}. Received: {file}, "
        f"{' and '.join(filter(None, parts))}. Score both with the same --reasons and --reference."
    )
