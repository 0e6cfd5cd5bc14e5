"""Reader of KADID-10k, in its published layout.

Public names: :func:`kadid10k`.
"""

import re
from pathlib import Path

from kiqa.data.readers.layouts import (
    find_entry,
    missing_scores,
    number_or_none,
    published_folder,
)
from kiqa.data.records import ScoredImage, ScoreRow, build_records
from kiqa.data.tables import read_table

_PAGE = "http://database.mmsp-kn.de/kadid-10k-database.html"


def kadid10k(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read KADID-10k: 10,125 images of 81 references, MOS 1..5, higher is better.

    Layout: ``images/I01.png`` (reference) and ``images/I01_01_01.png``
    (reference, kind 01..25, level 01..05), ``dmos.csv`` with the columns
    ``dist_img``, ``ref_img``, ``dmos`` and, where it is there, ``var``. The
    column ``dmos`` holds what is elsewhere called MOS and is not turned
    round; ``sd`` is the root of ``var``. There is no official split.

    Args:
        root: Folder of these, or the one that holds ``kadid10k/``.
        require_complete: Insist on all 10,125 images.

    Returns:
        One record per image, in the order of the score file; ``distortion`` is
        the number of the kind, ``"01"`` to ``"25"``.

    Raises:
        FileNotFoundError: If the score file or the images are missing.
        ValueError: If the file lacks its columns, a name is none of these or
            of another reference than its row says, a score is not finite or
            off the scale, or an image occurs twice.

    References:
        Lin, Hosu and Saupe, "KADID-10k: a large-scale artificially distorted
        IQA database", QoMEX 2019.
    """
    root = published_folder(root, "kadid10k", _PAGE, "images/ and dmos.csv")
    file = find_entry(root, ["dmos.csv"])
    if file is None:
        missing_scores(root, ["dmos.csv"], _PAGE)
    rows = []
    for line, cells in read_table(file, ("dist_img", "ref_img", "dmos"), ("var",)):
        where, name, original = f"{file.name} line {line}", cells["dist_img"], cells["ref_img"]
        parts = re.fullmatch(r"(I\d{2})_(\d{2})_(\d{2})\.png", name, re.I)
        if parts is None or parts[1].lower() != Path(original).stem.lower():
            raise ValueError(
                f"Expected names such as I01_01_01.png of I01.png, received {name!r} of "
                f"{original!r} in {where}."
            )
        rows.append(
            ScoreRow(
                where=where,
                name=name,
                mos=cells["dmos"],
                sd=_root(cells.get("var")),
                content=parts[1].upper(),
                reference=original,
                distortion=parts[2],
                level=float(parts[3]),
            )
        )
    images = find_entry(root, ["images"]) or root / "images"
    return build_records(
        rows,
        folder=images,
        references=images,
        dataset="kadid10k",
        mos_range=(1.0, 5.0),
        published=10_125,
        require_complete=require_complete,
    )


def _root(variance: str | None) -> str | float | None:
    number = None if variance is None else number_or_none(variance)
    return variance if number is None or not number >= 0 else number**0.5
