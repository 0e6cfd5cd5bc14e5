"""Wide tables of ratings, one column per subject, unfolded to one row per rating.

Public names: :func:`read_long`.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from kiqa.data.tables.cells import Line, read_cells
from kiqa.data.tables.columns import chosen_columns

_IMAGES = ("image", "image_name", "image name", "name", "file", "filename", "picture", "stimulus")
_SUBJECTS = ("subject", "observer", "participant", "rater", "user", "worker", "viewer", "person")
_SUBJECT = re.compile(r"(subj|sub|obs|part|" + "|".join(_SUBJECTS) + r"|[sporuwv])[ _.-]*\d+", re.I)
_SUMMARIES = ("mos", "dmos", "mean", "average", "median", "sd", "std", "stddev", "variance", "ci")
_NOT_RATED = ("", "nan", "na", "n/a", "null", "none", "-")


def read_long(
    path: str | os.PathLike, required: Sequence[str], optional: Sequence[str] = ()
) -> list[tuple[int, dict[str, str]]]:
    """Read ratings, one row per rating, or a wide table of them.

    A wide table has names in its first named column (or the first column)
    and numbers in all others. Its rows are images and its columns subjects,
    or the other way round: their names tell. Cells that are empty, ``NaN`` or
    ``NA`` are ratings that were not given.

    Args:
        path: As for `kiqa.data.tables.read_table`.
        required: ``subject``, ``image`` and ``rating``, in any order.
        optional: More columns of a table of one row per rating.

    Returns:
        As `kiqa.data.tables.read_table`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: As `kiqa.data.tables.read_table`, or if the table is wide
            and does not tell its images from its subjects.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a CSV file with the columns {list(required)} at {path}, found no file."
        )
    lines = read_cells(path, required)
    header = [name.lower() for name in lines[0][1]] if lines else []
    place = _name_column(lines) if "rating" not in header else None
    if place is None:
        return chosen_columns(lines, path, required, optional)
    return _unfolded(lines, place, path)


def _name_column(lines: Sequence[Line]) -> int | None:
    """The place of the names in a wide table, ``None`` where it is none."""
    if len(lines) < 2 or len(lines[0][1]) < 3:
        return None
    header = [name.lower() for name in lines[0][1]]
    named = [at for at, name in enumerate(header) if name in (*_IMAGES, *_SUBJECTS)]
    place = named[0] if len(named) == 1 else 0
    if not named and not header[0] and not _all_numbers(lines, 1):
        place = 1  # behind an index without a name
    others = [at for at, name in enumerate(header) if name and at != place]
    if len(named) > 1 or len(others) < 2 or not all(_all_numbers(lines, at) for at in others):
        return None
    return place


def _all_numbers(lines, place):
    cells = [row[place] for _, row in lines[1:] if len(row) > place]
    return all(cell.lower() in _NOT_RATED or _number(cell) for cell in cells)


def _number(text):
    return re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text, re.ASCII) is not None


def _unfolded(lines, place, path):
    header = lines[0][1]
    columns = [at for at, name in enumerate(header) if name and at != place]
    summaries = [header[at] for at in columns if header[at].lower() in _SUMMARIES]
    if summaries:
        raise ValueError(
            f"Expected a wide table of ratings in {path}, one column per subject, received also "
            f"{summaries}. Remove what is no subject."
        )
    keys = ("image", "subject")
    if _rows_are_subjects([row[place] for _, row in lines[1:]], columns, place, header, path):
        keys = ("subject", "image")
    unfolded = [
        (number, {keys[0]: row[place], keys[1]: header[at], "rating": row[at]})
        for number, row in lines[1:]
        for at in columns
        if len(row) > at and row[at].lower() not in _NOT_RATED
    ]
    if not unfolded:
        raise ValueError(f"Expected ratings in the wide table {path}, received none.")
    return unfolded


def _rows_are_subjects(names, columns, place, header, path):
    """Whether a wide table has one row per subject, by all that tells."""
    others = [header[at] for at in columns]
    own = header[place].lower()
    for rows, across in (
        (own in _IMAGES, own in _SUBJECTS),
        (_are_images(names), _are_images(others)),
        (all(map(_SUBJECT.fullmatch, others)), all(map(_SUBJECT.fullmatch, names))),
    ):
        if rows != across:
            return across
    raise ValueError(
        f"Expected one row per rating in {path} (columns subject, image, rating), or a wide table "
        f"that says what is what. Received: a wide table of {len(names)} rows and {len(others)} "
        f"columns. Name its first column image (one column per subject) or subject (one column per "
        "image)."
    )


def _are_images(names):
    # Loads Pillow and OpenCV, which --help does without.
    from kiqa.io.images import IMAGE_SUFFIXES

    return all(os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES for name in names)
