"""Reader of images of one's own, with their scores in ``mos.csv``.

Public names: :func:`mos_csv`, :func:`states_sets`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kiqa.data.readers.layouts import find_entry
from kiqa.data.records import SETS, ScoredImage, ScoreRow, build_records
from kiqa.data.splits import random_split
from kiqa.data.tables import read_header, read_table

_FILE = "mos.csv"
# 100 (z + 3) / 6 of `kiqa ratings` is not cut off where a subject's z score is beyond 3.
_LIMITS = (-100.0, 200.0)
# Other scales that people use: their ends, the least range of scores by which one is told, and
# how to convert. Means of people's scores of several images, all at the very end of 0..100, do
# not occur.
_OTHERS = (
    (0.0, 1.0, 0.0, "Multiply them by 100, and sd as well"),
    (1.0, 5.0, 1.0, "Of a scale of five points write 25 * (mos - 1), and 25 * sd"),
)
_COLUMNS = "image_name,mos on the scale 0 to 100, and where there are some sd, set and content"


def mos_csv(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read a folder of images with a table of their scores, MOS 0..100, higher is better.

    MOS of z scores, as ``kiqa ratings`` makes them, may lie somewhat beyond either end. Scores
    of 0..1, and of a scale of five points, are refused: they would be taken for MOS of ruined
    images.

    Layout: ``mos.csv`` with the columns ``image_name`` (a path relative to
    the folder) and ``mos``, as ``kiqa ratings`` writes them, and beside it the
    images. Optional columns: ``sd``; ``set`` (train, val or test, or empty);
    ``content``, the scene, where several images show one. Without ``set``,
    sets are drawn by `kiqa.data.splits.random_split` with seed 0: 65 % train,
    10 % val, 25 % test, the same whenever the names are the same; images too
    few for that are in no set.

    Args:
        root: The folder.
        require_complete: Insist on an image for every row.

    Returns:
        One record for each row whose image is there, in the order of the
        file.

    Raises:
        FileNotFoundError: If the folder, the file or all images are missing.
        ValueError: If the file lacks its columns, a score is not finite or
            far off the scale, all are of another scale, a set is unknown, or a
            name occurs twice.
    """
    root = Path(root)
    file = _file(root)
    rows = []
    table = read_table(file, ("image_name", "mos"), ("sd", "set", "content"))
    for line, cells in table:
        where, part = f"{file.name} line {line}", cells.get("set") or None
        if part is not None and part not in SETS:
            raise ValueError(
                f"Expected a set of {', '.join(SETS)}, or none. Received: {part!r} in {where}."
            )
        rows.append(
            ScoreRow(
                where,
                cells["image_name"],
                cells["mos"],
                sd=cells.get("sd") or None,
                set=part,
                content=cells.get("content") or None,
            )
        )
    records = build_records(
        rows,
        folder=root,
        dataset="mos-csv",
        mos_range=(0.0, 100.0),
        limits=_LIMITS,
        published=len(rows),
        require_complete=require_complete,
    )
    _check_scale([float(row.mos) for row in rows], file)
    if any("set" in cells for _, cells in table):
        return records
    try:
        drawn = random_split(records, seed=0)
    except ValueError:  # a set would be empty
        return records
    return [replace(record, set=drawn[record.name]) for record in records]


def states_sets(root: str | Path) -> bool:
    """Say whether the table of a folder for `mos_csv` has a column ``set``.

    Args:
        root: The folder.

    Raises:
        FileNotFoundError: If the folder or the file is missing.
        ValueError: If the file is no table.
    """
    return "set" in {name.strip().lower() for name in read_header(_file(Path(root)))}


def _file(root: Path) -> Path:
    file = find_entry(root, [_FILE])
    if file is None:
        raise FileNotFoundError(
            f"Expected a folder with {_FILE} ({_COLUMNS}) and its images. Received: {root}, "
            f"{f'without {_FILE}' if root.is_dir() else 'which is no folder'}."
        )
    return file


def _check_scale(scores: Sequence[float], file: Path) -> None:
    """Refuse scores that are plainly of another scale."""
    lowest, highest = min(scores), max(scores)
    for low, high, least, remedy in _OTHERS:
        if low <= lowest < highest <= high and highest - lowest >= least:
            raise ValueError(
                f"Expected MOS of 0..100. Received: {file}, all between {lowest:g} and "
                f"{highest:g}, which is the scale {low:g}..{high:g}. {remedy}."
            )
