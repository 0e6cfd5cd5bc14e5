"""Readers of TID2013 and TID2008, which share one layout.

Public names: :func:`tid2008`, :func:`tid2013`.
"""

import re
from pathlib import Path

from kiqa.data.readers.layouts import find_entry, missing_scores, published_folder, text_lines
from kiqa.data.records import ScoredImage, ScoreRow, build_records

_PAGE = "https://www.ponomarenko.info/{}.htm"


def tid2013(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read TID2013: 3,000 images of 25 references, MOS 0..9, higher is better.

    Layout: ``reference_images/I01.BMP``, ``distorted_images/iRR_TT_L.bmp``
    (reference, kind 01..24, level 1..5; upper and lower case mixed),
    ``mos_with_names.txt`` (``MOS name`` a line) and with it ``mos_std.txt``
    (one value a line, in the same order), where it is there. There is no
    official split.

    Args:
        root: Folder of these, or the one that holds ``tid2013/``.
        require_complete: Insist on all 3,000 images.

    Returns:
        One record per image, in the order of the score file; ``distortion`` is
        the number of the kind, ``"01"`` to ``"24"``.

    Raises:
        FileNotFoundError: If the score file or the images are missing.
        ValueError: If a line is none of these, a score is not finite or off
            the scale, or an image occurs twice, also in another case.

    References:
        Ponomarenko et al., "Image database TID2013: peculiarities, results
        and perspectives", Signal Processing: Image Communication 30, 2015.
    """
    return _tid(root, "tid2013", kinds=24, levels=5, require_complete=require_complete)


def tid2008(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read TID2008: 1,700 images of 25 references, MOS 0..9, higher is better.

    Layout as of `tid2013`, with kinds 01..17 and levels 1..4.

    Args:
        root: Folder of these, or the one that holds ``tid2008/``.
        require_complete: Insist on all 1,700 images.

    Returns:
        One record per image, as `tid2013`.

    Raises:
        FileNotFoundError: As `tid2013`.
        ValueError: As `tid2013`.

    References:
        Ponomarenko et al., "TID2008 - a database for evaluation of
        full-reference visual quality assessment metrics", Advances of Modern
        Radioelectronics 10, 2009.
    """
    return _tid(root, "tid2008", kinds=17, levels=4, require_complete=require_complete)


def _tid(root, dataset, *, kinds, levels, require_complete):
    page = _PAGE.format(dataset)
    root = published_folder(
        root, dataset, page, "reference_images/, distorted_images/, mos_with_names.txt"
    )
    file = find_entry(root, ["mos_with_names.txt"])
    if file is None:
        missing_scores(root, ["mos_with_names.txt"], page)
    lines = text_lines(file)
    spread = find_entry(root, ["mos_std.txt"])
    deviations = [words[0] for _, words in text_lines(spread)] if spread else [None] * len(lines)
    if len(deviations) != len(lines):
        raise ValueError(
            f"Expected as many lines in {spread} as in {file.name}, {len(lines)}, received "
            f"{len(deviations)}. Use the files of one release."
        )
    rows = []
    for (where, words), sd in zip(lines, deviations, strict=True):
        parts = re.fullmatch(r"i(\d{2})_(\d{2})_(\d)\.bmp", words[-1], re.I)
        if (
            parts is None
            or len(words) != 2
            or not 1 <= int(parts[2]) <= kinds
            or not 1 <= int(parts[3]) <= levels
        ):
            raise ValueError(
                f"Expected 'MOS name' with names such as I01_01_1.bmp (kind 01..{kinds}, level "
                f"1..{levels}) in {where}, received {' '.join(words)!r}. Is this {dataset}?"
            )
        rows.append(
            ScoreRow(
                where=where,
                name=words[1],
                mos=words[0],
                sd=sd,
                content=f"I{parts[1]}",
                reference=f"I{parts[1]}.BMP",
                distortion=parts[2],
                level=float(parts[3]),
            )
        )
    return build_records(
        rows,
        folder=find_entry(root, ["distorted_images"]) or root / "distorted_images",
        references=find_entry(root, ["reference_images"]) or root / "reference_images",
        dataset=dataset,
        mos_range=(0.0, 9.0),
        published=25 * kinds * levels,
        require_complete=require_complete,
    )
