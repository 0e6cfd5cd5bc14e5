"""Reader of SPAQ, in its published layout.

Public names: :func:`spaq`.
"""

from pathlib import Path

from kiqa.data.readers.layouts import find_entry, missing_scores, published_folder
from kiqa.data.records import ScoredImage, ScoreRow, build_records
from kiqa.data.tables import read_table

_PAGE = "https://github.com/h4nwei/SPAQ"
_SCORES = "MOS and Image attribute scores.xlsx"


def spaq(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read SPAQ: 11,125 smartphone images, MOS 0..100, higher is better.

    Layout: ``TestImage/00001.jpg`` and ``Annotations/MOS and Image attribute
    scores.xlsx``, whose first sheet has the columns ``Image name`` and
    ``MOS``. There are no standard deviations and no official split. The
    images have up to twenty million pixels; ``--smaller-side`` of
    ``python -m kiqa.train_rnn_biqa features`` makes the versions SPAQ-512,
    SPAQ-768 and SPAQ-1280 of the RNN-BIQA paper of them.

    Args:
        root: Folder ``SPAQ`` or the one that holds it.
        require_complete: Insist on all 11,125 images.

    Returns:
        One record per image, in the order of the file.

    Raises:
        FileNotFoundError: If the score file or the images are missing.
        ValueError: If the file cannot be read or lacks a column, a score is
            not finite or off the scale, or a name occurs twice.

    References:
        Fang, Zhu, Zeng, Ma and Wang, "Perceptual quality assessment of
        smartphone photography", CVPR 2020, https://github.com/h4nwei/SPAQ
    """
    root = published_folder(root, "SPAQ", _PAGE, "TestImage/ and Annotations/")
    file = find_entry(root / "Annotations", [_SCORES]) or find_entry(root, [_SCORES])
    if file is None:
        missing_scores(root / "Annotations", [_SCORES], _PAGE)
    rows = [
        ScoreRow(f"{file.name} row {number}", name=cells["Image name"], mos=cells["MOS"])
        for number, cells in read_table(file, ("Image name", "MOS"))
    ]
    return build_records(
        rows,
        folder=find_entry(root, ["TestImage"]) or root / "TestImage",
        dataset="spaq",
        mos_range=(0.0, 100.0),
        published=11_125,
        require_complete=require_complete,
    )
