"""Data sets of the experiments with PaQ-2-PiQ, as the command line names them.

Public names: :data:`Patches`, :func:`add_files`, :func:`files_of`, :func:`add_sets`,
:func:`given_sets`, :func:`images_of`, :func:`missing_sets`, :func:`patches_of`.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from kiqa.arguments import add_exclude, add_path
from kiqa.data import DATASETS
from kiqa.data.chosen import scored_images
from kiqa.data.excluded import excluding_files
from kiqa.data.readers.live_fb import live_fb_patches
from kiqa.data.records import ScoredImage
from kiqa.io.images.kinds import listed_images
from kiqa.reproduce.command import add_data, records_of, report, require_dataset

Patches = Mapping[str, tuple[np.ndarray, np.ndarray]]


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the options of a data set, or instead --images, a folder."""
    add_data(parser, required=False, part="all")
    add_path(parser, "--images", "FOLDER", "instead: a folder of images")


def files_of(options: argparse.Namespace) -> list[Path]:
    """Return the files that the options of `add_files` name.

    Args:
        options: Parsed options.

    Returns:
        Paths, at least one.

    Raises:
        ValueError: If none or both are given, or all images are left out.
        FileNotFoundError: If the folder has no image, or the data set is not there.
    """
    if (options.data is None) == (options.images is None):
        raise ValueError(
            "Expected --data and --dataset, or --images FOLDER. Received: "
            f"{'none' if options.images is None else 'both'}."
        )
    if options.images is None:
        require_dataset(options)
        return [record.path for record in records_of(options)]
    paths = listed_images(options.images) if options.images.is_dir() else []
    if not paths:
        raise FileNotFoundError(f"Expected a folder of images. Received: {options.images}.")
    return excluding_files(paths, options.exclude or (), report=report)


def add_sets(parser: argparse.ArgumentParser, printed: Sequence[str], *, files: str = "") -> None:
    """Add --data, which may be given several times, and --exclude.

    Args:
        parser: To add to.
        printed: Data sets that the table or figure was printed with.
        files: What else a value can be, for the help.
    """
    parser.add_argument(
        "--data", action="append", default=[], metavar="NAME=ROOT",
        help=f"a data set and its folder; printed with {', '.join(printed)}; others of "
        f"{', '.join(sorted(DATASETS))} are taken too{files}",
    )  # fmt: skip
    add_exclude(parser)


def given_sets(data: Sequence[str], printed: Sequence[str], *, files: bool = False) -> dict:
    """Split values of --data into names and places.

    Args:
        data: ``NAME=PLACE`` each.
        printed: Data sets that the table or figure was printed with.
        files: Whether a place may be a file, of a data set of any name.

    Returns:
        Paths by name.

    Raises:
        ValueError: If there is none, a name is unknown, or occurs twice.
    """
    found: dict[str, Path] = {}
    for entry in data:
        name, _, place = entry.partition("=")
        known = name in DATASETS or (files and Path(place).is_file())
        if not (name and place and known) or name in found:
            raise ValueError(
                f"Expected --data NAME=ROOT, each NAME once, among {', '.join(sorted(DATASETS))}. "
                f"Received: {entry!r}."
            )
        found[name] = Path(place)
    if not found:
        missing_sets(printed)
    return found


def images_of(
    name: str, root: Path, options: argparse.Namespace, *, part: str = "all"
) -> list[ScoredImage]:
    """Return the images of a data set.

    Args:
        name: Of the data set.
        root: Its folder.
        options: Parsed options, with those of `add_sets`; ``split`` may be there.
        part: Of the split.

    Returns:
        The records, at least one.

    Raises:
        FileNotFoundError: As `kiqa.data.chosen.scored_images`.
        ValueError: Likewise.
    """
    return scored_images(
        name, root, split=getattr(options, "split", None), part=part, exclude=options.exclude,
        report=report,
    )  # fmt: skip


def missing_sets(printed: Sequence[str]) -> NoReturn:
    """Say which data sets are needed.

    Args:
        printed: Data sets that the table or figure was printed with.

    Raises:
        ValueError: Always.
    """
    raise ValueError(
        f"Expected {' and '.join(f'--data {name}=ROOT' for name in printed)}, or another data set "
        "in their place, such as --data biq2021=ROOT. Received: no --data. The data sets do not "
        "come with kiqa; with a folder that is not there the message names the page to download "
        "from."
    )


def patches_of(name: str, root: Path, file: str | None) -> Patches:
    """Return the patches that belong to a data set.

    Args:
        name: Of the data set.
        root: Its folder.
        file: CSV or ``.npz`` of patch scores, for data sets other than
            LIVE-FB; see `kiqa.training.paq2piq.tasks.read_patch_scores`.

    Returns:
        Rectangles and scores by image.

    Raises:
        ValueError: If the data set has no patches and no file was given.
    """
    if file is not None:
        from kiqa.training.paq2piq.tasks import read_patch_scores

        return read_patch_scores(file)
    if name != "live-fb":
        raise ValueError(
            f"Expected scores of patches: --patch-scores FILE (image_name, left, top, right, "
            f"bottom, score), for {name} has none. Received: none. LIVE-FB has them by people; "
            "python -m kiqa.train_paq2piq --pseudo-scores makes pseudo-scores."
        )
    return live_fb_patches(root)
