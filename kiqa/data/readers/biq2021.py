"""Reader of BIQ2021, in its published layout.

Public names: :func:`biq2021`.
"""

from dataclasses import replace
from pathlib import Path

from kiqa.data.readers.layouts import data_folder, find_entry, missing_scores
from kiqa.data.records import ScoredImage, ScoreRow, build_records
from kiqa.data.splits import read_split
from kiqa.data.tables import read_table

_PAGE = "https://github.com/nisarahmedrana/BIQ2021"


def biq2021(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read BIQ2021: 12,000 images, MOS 0..1, higher is better.

    Layout: ``Images/*.jpg`` and ``Train (Images and MOS).csv`` with or
    without ``Test (Images and MOS).csv``, columns ``Image Name`` and
    ``MOS``. Scores are means of 30 observers in a laboratory, without
    standard deviations. Each record's set comes from ``split.csv`` beside
    them (``image_name,set``; rows it does not name get ``None``) or, where
    there is no such file, from the official parts, train and test.

    Args:
        root: Folder that holds the score files.
        require_complete: Insist on all 12,000 images.

    Returns:
        One record per image, train rows before test rows.

    Raises:
        FileNotFoundError: If the score files or the images are missing.
        ValueError: If a file lacks its columns, a score is not finite or
            off the scale, a name occurs twice, or ``split.csv`` names an
            image without a score.

    References:
        Ahmed and Asif, "BIQ2021: a large-scale blind image quality
        assessment database", J. Electron. Imaging 31(5) 053010, 2022,
        https://github.com/nisarahmedrana/BIQ2021
    """
    root = data_folder(root, _PAGE, "Images/ and Train (Images and MOS).csv")
    files = {part: find_entry(root, [f"{part} (Images and MOS).csv"]) for part in ("train", "test")}
    if not any(files.values()):
        missing_scores(root, ["Train (Images and MOS).csv"], _PAGE)
    rows = [
        ScoreRow(f"{file.name} line {line}", cells["Image Name"], cells["MOS"], set=part)
        for part, file in files.items()
        if file is not None
        for line, cells in read_table(file, ("Image Name", "MOS"))
    ]
    split_file = find_entry(root, ["split.csv"])
    if split_file is not None:
        split = read_split(split_file)
        unknown = sorted(split.keys() - {row.name for row in rows})
        if unknown:
            raise ValueError(
                f"Expected {split_file} to name images that have a score, received "
                f"{len(unknown)} that have none: {unknown[:10]}."
            )
        rows = [replace(row, set=split.get(row.name)) for row in rows]
    return build_records(
        rows,
        folder=find_entry(root, ["Images"]) or root / "Images",
        dataset="biq2021",
        mos_range=(0.0, 1.0),
        published=12_000,
        require_complete=require_complete,
    )
