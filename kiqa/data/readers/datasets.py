"""Readers of published image quality data sets, in their published layouts.

Each reader finds the score file, reads it, compares its rows with the image
files, states scale and direction, and returns records; pixels are read later.
A missing image is reported through `logging` and left out, unless
``require_complete=True`` insists on the published number of images.

Public names: :func:`biq2021`, :func:`koniq10k`, :func:`live_itw`.
"""

import re
from dataclasses import replace
from pathlib import Path

from kiqa.data.readers.layouts import data_folder, find_entry, mat_variable, missing_scores
from kiqa.data.records import ScoredImage, ScoreRow, build_records
from kiqa.data.splits import read_split
from kiqa.data.tables import read_table

_BIQ2021_PAGE = "https://github.com/nisarahmedrana/BIQ2021"
_KONIQ_PAGE = "http://database.mmsp-kn.de/koniq-10k-database.html"
_LIVE_ITW_PAGE = "https://live.ece.utexas.edu/research/ChallengeDB/"

_KONIQ_FILES = (
    "koniq10k_scores_and_distributions.csv",
    "koniq10k_distributions_sets.csv",
)
_KONIQ_SETS = {"training": "train", "validation": "val", "test": "test"}
_FIVE_POINT_TO_100 = 25.0  # a step of the 1..5 scale on the scale 0..100
_LIVE_ITW_TRAINING = 7  # first entries: pictures that trained the observers


def biq2021(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read BIQ2021: 12,000 photographs, MOS 0..1, higher is better.

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
        One record an image, train rows before test rows.

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
    root = data_folder(root, _BIQ2021_PAGE, "Images/ and Train (Images and MOS).csv")
    files = {part: find_entry(root, [f"{part} (Images and MOS).csv"]) for part in ("train", "test")}
    if not any(files.values()):
        missing_scores(root, ["Train (Images and MOS).csv"], _BIQ2021_PAGE)
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


def koniq10k(
    root: str | Path,
    *,
    size: str = "1024x768",
    scores: str | Path | None = None,
    require_complete: bool = False,
) -> list[ScoredImage]:
    """Read KonIQ-10k: 10,073 photographs, MOS 0..100, higher is better.

    Two score files were published, and ``MOS`` does not mean the same in
    them. ``koniq10k_scores_and_distributions.csv`` (with the images) has the
    mean of the 1..5 ratings as ``MOS`` and the z-score form, 0..100, as
    ``MOS_zscore``; ``koniq10k_distributions_sets.csv`` (the authors' code)
    has the z-score form as ``MOS``, and the official split as ``set``.
    Records always hold the z-score form. ``SD`` is on the 1..5 scale in both
    and multiplied by 25 here, the width of a step on 0..100. Without a
    column ``set``, sets come from the published split
    ``koniq10k-official``: 7,058 train, 1,000 val, 2,015 test.

    Args:
        root: Folder that holds the score file and the folders of images.
        size: Folder of images: ``"1024x768"`` or ``"512x384"``.
        scores: The score file, where it lies elsewhere; by default the one
            in ``root`` or ``root/metadata``.
        require_complete: Insist on all 10,073 images.

    Returns:
        One record an image, in the order of the score file.

    Raises:
        FileNotFoundError: If the score file or the images are missing.
        ValueError: If the file lacks its columns, holds only ratings on the
            1..5 scale or an unknown set, a score is not finite or off the
            scale, or a name occurs twice.

    References:
        Hosu, Lin, Sziranyi and Saupe, "KonIQ-10k: an ecologically valid
        database for deep learning of blind image quality assessment", IEEE
        TIP 29, 2020, http://database.mmsp-kn.de/koniq-10k-database.html
    """
    root = data_folder(root, _KONIQ_PAGE, f"{size}/ and {_KONIQ_FILES[0]}")
    file = Path(scores) if scores else find_entry(root, _KONIQ_FILES)
    if file is None:
        file = find_entry(root / "metadata", _KONIQ_FILES)
    if file is None:
        missing_scores(root, _KONIQ_FILES, _KONIQ_PAGE)
    table = read_table(file, ("image_name", "MOS"), ("MOS_zscore", "SD", "set"))
    columns = table[0][1]
    mos_column = "MOS_zscore" if "MOS_zscore" in columns else "MOS"
    official = {} if "set" in columns else read_split("koniq10k-official")
    rows = []
    for line, cells in table:
        where = f"{file.name} line {line}"
        name = cells["image_name"]
        part = _koniq_set(cells["set"], where) if "set" in columns else official.get(name)
        rows.append(ScoreRow(where, name, cells[mos_column], _scaled(cells.get("SD")), part))
    records = build_records(
        rows,
        folder=root / size,
        dataset="koniq10k",
        mos_range=(0.0, 100.0),
        published=10_073,
        require_complete=require_complete,
    )
    if mos_column == "MOS" and all(record.mos <= 5 for record in records):
        raise ValueError(
            f"Expected z-scores from 0 to 100 in the column MOS of {file}, received no value "
            "above 5: these are ratings from 1 to 5. Use a file with a column MOS_zscore."
        )
    return records


def live_itw(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read LIVE In the Wild (Challenge): 1,162 images, MOS 0..100, higher is better.

    Layout: ``Images/*.{bmp,JPG}`` and ``Data/All{Images,MOS,StdDev}_release
    .mat`` under ``ChallengeDB_release/`` (``root`` is this folder or the one
    above). The files list 1,169 images; the first seven trained the
    observers, lie in ``Images/trainingImages`` and are dropped. There is no
    official split: the sets are ``None``.

    Args:
        root: Folder ``ChallengeDB_release`` or the one that holds it.
        require_complete: Insist on all 1,162 images.

    Returns:
        One record an image, in the order of the files.

    Raises:
        FileNotFoundError: If a score file or the images are missing.
        ValueError: If a file cannot be read or lacks its variable, the three
            differ in length, the first seven names are not t1 to t7, a score
            is not finite or off the scale, or a name occurs twice.

    References:
        Ghadiyaram and Bovik, "Massive online crowdsourced study of
        subjective and objective picture quality", IEEE TIP 25(1), 2016,
        https://live.ece.utexas.edu/research/ChallengeDB/
    """
    root = data_folder(root, _LIVE_ITW_PAGE, "ChallengeDB_release/ with Images/ and Data/")
    root = find_entry(root, ["ChallengeDB_release"]) or root
    images = mat_variable(root / "Data", "AllImages_release", _LIVE_ITW_PAGE)
    names = [str(cell.item()) for cell in images]
    mos = mat_variable(root / "Data", "AllMOS_release", _LIVE_ITW_PAGE)
    sd = mat_variable(root / "Data", "AllStdDev_release", _LIVE_ITW_PAGE)
    if not len(names) == len(mos) == len(sd):
        raise ValueError(
            f"Expected as many names as scores and deviations under {root / 'Data'}, received "
            f"{len(names)}, {len(mos)} and {len(sd)}. Use the three files of one release."
        )
    training = names[:_LIVE_ITW_TRAINING]
    if not all(re.match(rf"t{i}\.", name, re.I) for i, name in enumerate(training, 1)):
        raise ValueError(
            f"Expected the {_LIVE_ITW_TRAINING} training pictures t1 to t7 first in "
            f"AllImages_release.mat under {root}, received {training}. Use the released files."
        )
    rows = [
        ScoreRow(f"entry {i + 1} of the .mat files", names[i], float(mos[i]), float(sd[i]))
        for i in range(_LIVE_ITW_TRAINING, len(names))
    ]
    return build_records(
        rows,
        folder=root / "Images",
        dataset="live-itw",
        mos_range=(0.0, 100.0),
        published=1_162,
        require_complete=require_complete,
    )


def _scaled(deviation: str | None) -> str | float | None:
    """Deviation of 1..5 ratings on the scale 0..100; other text as it is."""
    try:
        return None if deviation is None else float(deviation) * _FIVE_POINT_TO_100
    except ValueError:
        return deviation


def _koniq_set(name: str, where: str) -> str:
    if name not in _KONIQ_SETS:
        raise ValueError(f"Expected a set among {list(_KONIQ_SETS)}, received {name!r} in {where}.")
    return _KONIQ_SETS[name]
