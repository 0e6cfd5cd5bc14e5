"""Images that an experiment must not use: ``--exclude``, for trainings and reproductions.

KonPatch's 500 images "were excluded from the remaining dataset", thesis section
3.1: whatever is trained or evaluated with Patchnet's maps draws its parts from the
others.

Public names: `excluding`.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kiqa.data.records import ScoredImage
from kiqa.data.tables import read_table
from kiqa.data.untrained import untrained
from kiqa.io.arrays import read_npz
from kiqa.io.outputs import declare_inputs
from kiqa.io.weights import read_info


def excluding(
    records: Sequence[ScoredImage],
    sources: Sequence[str | os.PathLike],
    *,
    report: Callable[[str], object],
) -> list[ScoredImage]:
    """Leave out images, with all others of their content.

    Args:
        records: The images of a data set.
        sources: Each names images: a ``.npz`` file of KonPatch, by the images that its
            patches are from; a table with a column ``image_name``, such as a
            training's ``images.csv`` or a split; or name or ``.h5`` file of a model,
            by what it and its chain were trained on.
        report: Called with a sentence on each source.

    Returns:
        The other records, in their order.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If one is damaged, a model is not known, or nothing is left.
    """
    left = list(records)
    for source in sources:
        path = Path(source)
        if path.suffix not in (".npz", ".csv"):
            info = read_info(source)
            left = untrained(left, [info.details], include=False, report=report).images
            continue
        declare_inputs([path])
        names = _named(path)
        contents = {record.content for record in left if record.name in names}
        kept = [record for record in left if record.content not in contents]
        report(f"{len(left) - len(kept)} of {len(left)} images are excluded by {path.name}")
        if not kept:
            raise ValueError(
                f"Expected images that {path} does not name. Received: {len(left)} that it does. "
                "Exclude fewer."
            )
        left = kept
    return left


def _named(path):
    """The names of images in a file."""
    if path.suffix == ".csv":
        return {cells["image_name"] for _, cells in read_table(path, ("image_name",))}
    found = read_npz(path, ("image",), max_bytes=64 << 30)
    if "image" not in found:
        raise ValueError(
            f"Expected the patches of KonPatch, with an array image. Received: {path} without. "
            "Use a file of python -m kiqa.train_patchnet --write-patches."
        )
    return set(np.unique(found["image"]).tolist())
