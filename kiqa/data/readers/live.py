"""Reader of LIVE release 2, in its published layout.

The DMOS, which is lower for better images, is turned round here.

Public names: :func:`live`.
"""

from collections.abc import Sequence
from pathlib import Path

from kiqa.data.readers.layouts import (
    find_entry,
    mat_variable,
    number_or_none,
    published_folder,
    text_lines,
)
from kiqa.data.records import ScoredImage, ScoreRow, build_records

_LIVE_PAGE = "https://live.ece.utexas.edu/research/Quality/subjective.htm"
# LIVE's score files list the images in this order, each folder from img1 on.
_LIVE_COUNTS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
_LIVE_SCORES = {"realigned": ("dmos_realigned.mat", "dmos_new"), "original": ("dmos.mat", "dmos")}
_LIVE_LIMITS = (-20.0, 110.0)  # the realigned scores span -11.8..102.6


def live(
    root: str | Path, *, scores: str = "realigned", require_complete: bool = False
) -> list[ScoredImage]:
    """Read LIVE release 2: 779 images of 29 references, ``mos = 100 - DMOS``.

    Layout: ``refimgs/*.bmp``, ``{jp2k,jpeg,wn,gblur,fastfading}/imgN.bmp``
    and the score files under ``databaserelease2/`` (``root`` is this folder
    or the one above). The files list 982 images; those marked in ``orgs`` are
    hidden references and are dropped. References come from
    ``refnames_all.mat`` or, without it, from the folders' ``info.txt``
    (``reference image parameter``), whose parameter is the level. The scale
    is 0..100; realigned scores overshoot it, to -11.8 and 102.6. There is no
    official split.

    Args:
        root: Folder ``databaserelease2`` or the one that holds it.
        scores: ``"realigned"`` (``dmos_realigned.mat``, with standard
            deviations), or ``"original"`` (``dmos.mat``).
        require_complete: Insist on all 779 images.

    Returns:
        One record per image, named ``folder/imgN.bmp``, in the order of the
        files; ``distortion`` is the folder.

    Raises:
        FileNotFoundError: If a score file or the images are missing.
        ValueError: If ``scores`` is unknown, a file cannot be read or does
            not list 982 images, or a score is not finite or off the scale.

    References:
        Sheikh, Sabir and Bovik, "A statistical evaluation of recent full
        reference image quality assessment algorithms", IEEE TIP 15(11), 2006.
    """
    if scores not in _LIVE_SCORES:
        raise ValueError(f"Expected scores among {list(_LIVE_SCORES)}. Received: {scores!r}.")
    root = published_folder(
        root, "databaserelease2", _LIVE_PAGE, "refimgs/, jp2k/ ... and the .mat files"
    )
    file, key = _LIVE_SCORES[scores]
    dmos, hidden = (mat_variable(root, name, _LIVE_PAGE, file=file) for name in (key, "orgs"))
    deviations: Sequence[float | None] = [None] * len(dmos)
    if scores == "realigned":
        deviations = mat_variable(root, "dmos_std", _LIVE_PAGE, file=file)
    names = [f"{kind}/img{n}.bmp" for kind, count in _LIVE_COUNTS.items() for n in _to(count)]
    info = _live_info(root)
    if find_entry(root, ["refnames_all.mat"]) or not info:
        originals = [str(cell.item()) for cell in mat_variable(root, "refnames_all", _LIVE_PAGE)]
    else:
        originals = [info.get(name, ("", None))[0] for name in names]
    counts = [len(values) for values in (dmos, hidden, deviations, originals)]
    if set(counts) != {len(names)}:
        raise ValueError(
            f"Expected {len(names)} scores, marks, deviations and references in {root}, received "
            f"{counts}. The images are known by their order: use the complete released files."
        )
    rows = [
        ScoreRow(
            where=f"entry {i + 1} of {file}",
            name=names[i],
            mos=100.0 - float(dmos[i]),
            sd=None if (sd := deviations[i]) is None else float(sd),
            content=Path(originals[i]).stem.lower(),
            reference=originals[i],
            distortion=names[i].partition("/")[0],
            level=info.get(names[i], ("", None))[1],
        )
        for i in range(len(names))
        if not hidden[i]
    ]
    return build_records(
        rows,
        folder=root,
        references=find_entry(root, ["refimgs"]) or root / "refimgs",
        dataset="live",
        mos_range=(0.0, 100.0),
        limits=_LIVE_LIMITS,
        published=779,
        require_complete=require_complete,
    )


def _to(count: int) -> range:
    return range(1, count + 1)


def _live_info(root: Path) -> dict[str, tuple[str, float | None]]:
    """Reference and parameter of each image that an ``info.txt`` names."""
    found = {}
    for kind in _LIVE_COUNTS:
        folder = find_entry(root, [kind])
        file = find_entry(folder, ["info.txt"]) if folder else None
        for where, words in text_lines(file) if file else ():
            if len(words) != 3:
                raise ValueError(
                    f"Expected 'reference image parameter' in {kind}/{where}, received {words}."
                )
            found[f"{kind}/{words[1].lower()}"] = words[0], number_or_none(words[2])
    return found
