"""Reader of CSIQ, in its published layout.

The DMOS, which is lower for better images, is turned round here.

Public names: :func:`csiq`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from kiqa.data.readers.layouts import (
    find_entry,
    missing_scores,
    number_or_none,
    published_folder,
    text_lines,
)
from kiqa.data.records import ScoredImage, ScoreRow, build_records
from kiqa.data.tables import match_columns, read_sheet

_PAGE = "https://s2.smu.edu/~eclarson/csiq.html"

# Kind in the workbook -> (folder, token in the file names).
_KINDS = {
    "noise": ("awgn", "AWGN"),
    "blur": ("blur", "BLUR"),
    "contrast": ("contrast", "contrast"),
    "fnoise": ("fnoise", "fnoise"),
    "jpeg": ("jpeg", "JPEG"),
    "jpeg 2000": ("jpeg2000", "jpeg2000"),
}
_HEADER = ("image", "dst_type", "dst_lev", "dmos")


def csiq(root: str | Path, *, require_complete: bool = False) -> list[ScoredImage]:
    """Read CSIQ: 866 images of 30 references, ``mos = 1 - DMOS``, 0..1.

    Layout: ``src_imgs/1600.png``, ``dst_imgs/awgn/1600.AWGN.1.png`` and
    ``csiq.DMOS.xlsx`` (sheet ``all_by_image``; its header is found by its
    names), or instead of it ``csiq_label.txt`` (``1600.AWGN.1.png 0.062`` a
    line). There is no official split.

    Args:
        root: Folder of these, or the one that holds ``csiq/``.
        require_complete: Insist on all 866 images.

    Returns:
        One record per image, named ``awgn/1600.AWGN.1.png``, in the order of
        the score file; ``distortion`` is the folder.

    Raises:
        FileNotFoundError: If the score file or the images are missing.
        ValueError: If the file cannot be read, lacks a column, names an
            unknown kind, a score is not finite or off the scale, or an image
            occurs twice.

    References:
        Larson and Chandler, "Most apparent distortion", J. Electron. Imaging
        19(1) 011006, 2010.
    """
    root = published_folder(root, "csiq", _PAGE, "src_imgs/, dst_imgs/ and csiq.DMOS.xlsx")
    file = find_entry(root, ["csiq.DMOS.xlsx", "csiq_label.txt"])
    if file is None:
        missing_scores(root, ["csiq.DMOS.xlsx", "csiq_label.txt"], _PAGE)
    found = _sheet(file) if file.suffix.lower() == ".xlsx" else _text_lines(file)
    rows = [
        ScoreRow(
            where=where,
            name=f"{folder}/{image}.{token}.{level}.png",
            mos=_turned(dmos, high=1.0),
            sd=sd,
            content=image.lower(),
            reference=f"{image}.png",
            distortion=folder,
            level=float(level),
        )
        for where, image, (folder, token), level, dmos, sd in found
    ]
    return build_records(
        rows,
        folder=find_entry(root, ["dst_imgs"]) or root / "dst_imgs",
        references=find_entry(root, ["src_imgs"]) or root / "src_imgs",
        dataset="csiq",
        mos_range=(0.0, 1.0),
        published=866,
        require_complete=require_complete,
    )


def _sheet(file: Path) -> Iterator[tuple]:
    """Yield (where, image, (folder, token), level, dmos, deviation) of the workbook."""
    sheet = read_sheet(file, "all_by_image")
    names = [[cell.lower() for cell in cells] for _, cells in sheet]
    start = next((i for i, cells in enumerate(names) if {"image", "dmos"} <= set(cells)), None)
    if start is None:
        raise ValueError(
            f"Expected a row with 'image' and 'dmos' in sheet all_by_image of {file}, received "
            f"{names[:5]} first. Use the published file."
        )
    header = sheet[start][1]
    place = {
        name: header.index(written)
        for name, written in match_columns(header, _HEADER, where=str(file)).items()
    }
    spread = names[start].index("dmos_std") if "dmos_std" in names[start] else None
    for number, cells in sheet[start + 1 :]:
        image, kind, level, dmos = (cells[place[name]] for name in _HEADER)
        if not image:
            continue
        where = f"{file.name} row {number}"
        sd = (cells[spread] or None) if spread is not None else None
        yield where, image, _kind(kind, where), _level(level, where), dmos, sd


def _text_lines(file: Path):
    """Yield the same of the text form."""
    kinds = {token.lower(): kind for kind, (_, token) in _KINDS.items()}
    for where, words in text_lines(file):
        parts = re.fullmatch(r"(.+)\.([^.]+)\.(\d)\.png", words[0], re.I)
        if len(words) != 2 or parts is None:
            raise ValueError(
                f"Expected 'image.KIND.level.png DMOS' in {where}, received {' '.join(words)!r}."
            )
        kind = _kind(kinds.get(parts[2].lower(), parts[2]), where)
        yield where, parts[1], kind, parts[3], words[1], None


def _kind(text: str, where: str) -> tuple[str, str]:
    if text.lower() not in _KINDS:
        raise ValueError(
            f"Expected a distortion among {list(_KINDS)}, received {text!r} in {where}."
        )
    return _KINDS[text.lower()]


def _level(text: str, where: str) -> str:
    if not re.fullmatch("[1-5]", text):
        raise ValueError(f"Expected a level from 1 to 5, received {text!r} in {where}.")
    return text


def _turned(dmos: str, *, high: float) -> str | float:
    """A DMOS turned round; what is no number stays, for the check of the rows."""
    number = number_or_none(dmos)
    return dmos if number is None else high - number
