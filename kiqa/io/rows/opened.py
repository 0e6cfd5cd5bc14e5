"""Where rows are appended to: a file, or a folder of parts.

Public names: `ROW_FORMS`, `check_new_rows`, `open_rows`, `write_rows`.
"""

import os
from collections.abc import Collection, Iterable, Sequence

from kiqa.io.files import new_folder, replacing
from kiqa.io.rows.files import Keep, RowFile, whole_rows
from kiqa.io.rows.forms import FORMATS, format_header, format_row
from kiqa.io.rows.parts import PartFolder

ROW_FORMS = (*FORMATS, "parquet")


def open_rows(
    path: str | os.PathLike,
    *,
    form: str,
    columns: Sequence[str],
    resume: bool,
    spreadsheet: bool = False,
    keep: Keep = whole_rows,
    wanted: Collection[str] | None = None,
) -> RowFile | PartFolder:
    """Open rows for appending, with one writer at a time.

    Args:
        path: A file, or for ``"parquet"`` a folder.
        form: One of `ROW_FORMS`.
        columns: As for `kiqa.io.rows.RowFile`.
        resume: As for `kiqa.io.rows.RowFile`.
        spreadsheet: As for `kiqa.io.rows.RowFile`; CSV only.
        keep: As for `kiqa.io.rows.RowFile`.
        wanted: As for `kiqa.io.rows.RowFile`.

    Returns:
        What rows are appended to; ``finished`` is what is kept of those that
        were there.

    Raises:
        ValueError: As `kiqa.io.rows.RowFile`, or if a folder is named for a
            file.
        OSError: If it cannot be opened.
        ImportError: If pyarrow is needed and not installed.
    """
    if form == "parquet":
        if os.path.isfile(path):
            raise ValueError(
                f"Expected a folder for rows as Parquet. Received: {path}, a file. Name a folder, "
                "or take --format jsonl."
            )
        return PartFolder(path, columns=columns, resume=resume, keep=keep, wanted=wanted)
    if os.path.isdir(path):
        raise ValueError(
            f"Expected a file for rows. Received: {path}, a folder. Name a file in it, or take "
            "--format parquet, whose output is a folder."
        )
    return RowFile(
        path, form=form, columns=columns, resume=resume, spreadsheet=spreadsheet, keep=keep,
        wanted=wanted,
    )  # fmt: skip


def check_new_rows(path: str | os.PathLike) -> None:
    """Refuse a file with content as a place for rows that are written whole.

    Raises:
        ValueError: If it has content.
    """
    if os.path.isfile(path) and os.path.getsize(path):
        raise ValueError(
            f"Expected a new or empty output file. Received: {path}, which has content. Remove "
            "it, or choose another name."
        )


def write_rows(
    path: str | os.PathLike,
    rows: Iterable[dict],
    *,
    form: str,
    columns: Sequence[str],
    spreadsheet: bool = False,
) -> None:
    """Write rows whole or not at all.

    Args:
        path: A new or empty file; or for ``"parquet"`` a folder, which must
            not be there.
        rows: The rows.
        form: One of `ROW_FORMS`.
        columns: As for `open_rows`.
        spreadsheet: As for `open_rows`.

    Raises:
        ValueError: If there is something, or the path cannot be written.
        OSError: If writing fails.
        ImportError: If pyarrow is needed and not installed.
    """
    check_new_rows(path)
    if form == "parquet":
        with new_folder(path) as folder:
            parts = PartFolder(folder, columns=columns, resume=False)
            for row in rows:
                parts.append(row)
            parts.close()
        return
    with (
        replacing(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        file.write(format_header(form, columns))
        file.writelines(format_row(row, form, columns, spreadsheet=spreadsheet) for row in rows)
