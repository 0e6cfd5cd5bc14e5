"""Images that an experiment must not use: ``--exclude``, for trainings and reproductions.

KonPatch's 500 images "were excluded from the remaining dataset", thesis section
3.1: whatever is trained or evaluated with Patchnet's maps draws its parts from the
others.

Public names: `excluding`, `excluding_files`.
"""

import os
from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from kiqa.data.tables import read_table
from kiqa.data.untrained import untrained, untrained_files
from kiqa.io.arrays import read_npz
from kiqa.io.outputs import declare_inputs
from kiqa.io.weights import read_info

Image = TypeVar("Image", bound=Any)
Source = str | os.PathLike
Report = Callable[[str], object]


def excluding(
    records: Sequence[Image], sources: Sequence[Source], *, report: Report
) -> list[Image]:
    """Leave out images, with all others of their content.

    Args:
        records: The images of a data set, or what else has ``name``, ``content`` and
            ``dataset``.
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
    return _less(
        records, sources, untrained, name=attrgetter("name"), content=attrgetter("content"),
        report=report,
    )  # fmt: skip


def excluding_files(
    files: Sequence[Path], sources: Sequence[Source], *, report: Report
) -> list[Path]:
    """Leave out files of a plain folder, by their names.

    Args:
        files: Paths.
        sources: As for `excluding`.
        report: As for `excluding`.

    Returns:
        The other paths, in their order.

    Raises:
        FileNotFoundError: As `excluding`.
        ValueError: As `excluding`.
    """
    by_name = attrgetter("name")
    return _less(files, sources, untrained_files, name=by_name, content=by_name, report=report)


def _less(images, sources, unseen, *, name, content, report):
    """The images that no source names; ``unseen`` is told the models."""
    left = list(images)
    for source in sources:
        path = Path(source)
        if path.suffix not in (".npz", ".csv"):
            info = read_info(source)
            left = unseen(left, [info.details], include=False, report=report).images
            continue
        declare_inputs([path])
        names = _named(path)
        contents = {content(image) for image in left if name(image) in names}
        kept = [image for image in left if content(image) not in contents]
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
