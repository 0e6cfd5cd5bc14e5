"""Reader of LIVE In the Wild (Challenge), in its published layout.

Public names: :func:`live_itw`.
"""

import re
from pathlib import Path

from kiqa.data.readers.layouts import data_folder, find_entry, mat_variable
from kiqa.data.records import ScoredImage, ScoreRow, build_records

_PAGE = "https://live.ece.utexas.edu/research/ChallengeDB/"
_TRAINING = 7  # first entries: images that trained the observers


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
        One record per image, in the order of the files.

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
    root = data_folder(root, _PAGE, "ChallengeDB_release/ with Images/ and Data/")
    root = find_entry(root, ["ChallengeDB_release"]) or root
    images = mat_variable(root / "Data", "AllImages_release", _PAGE)
    names = [str(cell.item()) for cell in images]
    mos = mat_variable(root / "Data", "AllMOS_release", _PAGE)
    sd = mat_variable(root / "Data", "AllStdDev_release", _PAGE)
    if not len(names) == len(mos) == len(sd):
        raise ValueError(
            f"Expected as many names as scores and deviations under {root / 'Data'}, received "
            f"{len(names)}, {len(mos)} and {len(sd)}. Use the three files of one release."
        )
    training = names[:_TRAINING]
    if not all(re.match(rf"t{i}\.", name, re.I) for i, name in enumerate(training, 1)):
        raise ValueError(
            f"Expected the {_TRAINING} training images t1 to t7 first in "
            f"AllImages_release.mat under {root}, received {training}. Use the released files."
        )
    rows = [
        ScoreRow(f"entry {i + 1} of the .mat files", names[i], float(mos[i]), float(sd[i]))
        for i in range(_TRAINING, len(names))
    ]
    return build_records(
        rows,
        folder=root / "Images",
        dataset="live-itw",
        mos_range=(0.0, 100.0),
        published=1_162,
        require_complete=require_complete,
    )
