"""Reader of SPAQ, photographs by smartphones, in its published layout.

Public names: :func:`spaq`.
"""

from pathlib import Path

from kiqa.data.layouts import find_entry, missing_scores, published_folder
from kiqa.data.records import ScoredImage, ScoreRow, build_records
from kiqa.data.spreadsheets import read_sheet
from kiqa.data.tables import match_columns

_PAGE = "https://github.com/h4nwei/SPAQ"
_FILE = "MOS and Image attribute scores.xlsx"
_COLUMNS = ("Image name", "MOS")


def spaq(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read SPAQ: 11,125 photographs, MOS 0..100, higher is better.

    Layout: ``TestImage/00001.jpg`` and ``Annotations/MOS and Image attribute
    scores.xlsx``, columns ``Image name`` and ``MOS`` of the first sheet. No
    deviations are published with them, and there is no official split: the
    sets are ``None``. Images are as published, of several thousand pixels a
    side.

    Args:
        root: Folder ``SPAQ`` or the one that holds it.
        require_complete: Insist on all 11,125 images.

    Returns:
        One record an image, in the order of the file.

    Raises:
        FileNotFoundError: If the score file or the images are missing.
        ValueError: If the file cannot be read or lacks its columns, a score
            is not finite or off the scale, or a name occurs twice.

    References:
        Fang, Zhu, Zeng, Ma and Wang, "Perceptual quality assessment of
        smartphone photography", CVPR 2020.
    """
    root = published_folder(root, "SPAQ", _PAGE, "TestImage/ and Annotations/")
    folder = find_entry(root, ["Annotations"]) or root
    file = find_entry(folder, [_FILE])
    if file is None:
        missing_scores(folder, [_FILE], _PAGE)
    sheet = [(number, cells) for number, cells in read_sheet(file, None) if any(cells)]
    header = sheet[0][1] if sheet else []
    places = [
        header.index(written)
        for written in match_columns(header, _COLUMNS, where=str(file)).values()
    ]
    rows = []
    for number, cells in sheet[1:]:
        cells = [*cells, *[""] * (len(header) - len(cells))]
        name, mos = (cells[place] for place in places)
        rows.append(ScoreRow(f"{file.name} row {number}", name, mos))
    return build_records(
        rows,
        folder=find_entry(root, ["TestImage"]) or root / "TestImage",
        dataset="spaq",
        mos_range=(0.0, 100.0),
        published=11_125,
        require_complete=require_complete,
    )
