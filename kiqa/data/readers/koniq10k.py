"""Reader of KonIQ-10k, in its published layouts.

Public names: :func:`koniq10k`.
"""

from pathlib import Path

from kiqa.data.readers.layouts import data_folder, find_entry, missing_scores
from kiqa.data.records import ScoredImage, ScoreRow, build_records
from kiqa.data.splits import read_split
from kiqa.data.tables import read_table

_PAGE = "http://database.mmsp-kn.de/koniq-10k-database.html"
_FILES = ("koniq10k_scores_and_distributions.csv", "koniq10k_distributions_sets.csv")
_SETS = {"training": "train", "validation": "val", "test": "test"}
_FIVE_POINT_TO_100 = 25.0  # one step of the 1..5 scale on the scale 0..100


def koniq10k(
    root: str | Path,
    *,
    size: str = "1024x768",
    scores: str | Path | None = None,
    require_complete: bool = False,
) -> list[ScoredImage]:
    """Read KonIQ-10k: 10,073 images, MOS 0..100, higher is better.

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
        One record per image, in the order of the score file.

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
    root = data_folder(root, _PAGE, f"{size}/ and {_FILES[0]}")
    file = Path(scores) if scores else find_entry(root, _FILES)
    if file is None:
        file = find_entry(root / "metadata", _FILES)
    if file is None:
        missing_scores(root, _FILES, _PAGE)
    table = read_table(file, ("image_name", "MOS"), ("MOS_zscore", "SD", "set"))
    columns = table[0][1]
    mos_column = "MOS_zscore" if "MOS_zscore" in columns else "MOS"
    official = {} if "set" in columns else read_split("koniq10k-official")
    rows = []
    for line, cells in table:
        where = f"{file.name} line {line}"
        name = cells["image_name"]
        part = _set(cells["set"], where) if "set" in columns else official.get(name)
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


def _scaled(deviation: str | None) -> str | float | None:
    """Deviation of 1..5 ratings on the scale 0..100; other text as it is."""
    try:
        return None if deviation is None else float(deviation) * _FIVE_POINT_TO_100
    except ValueError:
        return deviation


def _set(name: str, where: str) -> str:
    if name not in _SETS:
        raise ValueError(f"Expected a set among {list(_SETS)}, received {name!r} in {where}.")
    return _SETS[name]
