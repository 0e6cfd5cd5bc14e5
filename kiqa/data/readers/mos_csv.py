"""Reader of images of one's own, with their scores in ``mos.csv``.

Public names: :func:`mos_csv`.
"""

from dataclasses import replace
from pathlib import Path

from kiqa.data.readers.layouts import find_entry
from kiqa.data.records import SETS, ScoredImage, ScoreRow, build_records
from kiqa.data.splits import random_split
from kiqa.data.tables import read_table

_FILE = "mos.csv"
# 100 (z + 3) / 6 of `kiqa ratings` is not cut off where a subject's z score is beyond 3.
_LIMITS = (-100.0, 200.0)
_COLUMNS = "image_name,mos on the scale 0 to 100, and where there are some sd, set and content"


def mos_csv(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read a folder of images with a table of their scores, MOS 0..100, higher is better.

    MOS of z scores, as ``kiqa ratings`` makes them, may lie somewhat beyond either end.

    Layout: ``mos.csv`` with the columns ``image_name`` (a path relative to
    the folder) and ``mos``, as ``kiqa ratings`` writes them, and beside it the
    images. Optional columns: ``sd``; ``set`` (train, val or test, or empty);
    ``content``, the scene, where several images show one. Without ``set``,
    sets are drawn by `kiqa.data.splits.random_split` with seed 0: 65 % train,
    10 % val, 25 % test, the same whenever the names are the same.

    Args:
        root: The folder.
        require_complete: Insist on an image for every row.

    Returns:
        One record for each row whose image is there, in the order of the
        file.

    Raises:
        FileNotFoundError: If the folder, the file or all images are missing.
        ValueError: If the file lacks its columns, a score is not finite or
            far off the scale, a set is unknown, a name occurs twice, or there are
            too few contents to draw sets.
    """
    root = Path(root)
    file = find_entry(root, [_FILE])
    if file is None:
        raise FileNotFoundError(
            f"Expected a folder with {_FILE} ({_COLUMNS}) and its images. Received: {root}, "
            f"{f'without {_FILE}' if root.is_dir() else 'which is no folder'}."
        )
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
    if any("set" in cells for _, cells in table):
        return records
    drawn = random_split(records, seed=0)
    return [replace(record, set=drawn[record.name]) for record in records]
