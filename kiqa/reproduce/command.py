"""What a reproduction is to the command line, and the options that several share.

Public names: :class:`Command`, :func:`add_data`, :func:`add_output`,
:func:`add_model`, :func:`add_evaluation`,
:func:`add_pristine`, :func:`records_of`, :func:`paths_of`, :func:`split_of`, :func:`report`,
:func:`unseen`.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiqa import arguments
from kiqa.data import DATASETS
from kiqa.data.chosen import PARTS, scored_images
from kiqa.data.folders import images_in
from kiqa.data.records import ScoredImage
from kiqa.data.untrained import Kept, untrained
from kiqa.io.messages import tell
from kiqa.io.weights import Details

_FIGURES = Path("runs/reproduce")


@dataclass(frozen=True)
class Command:
    """One table or figure.

    Attributes:
        summary: One sentence without a full stop, for the list of names.
        add_options: Adds its options to a parser.
        run: From the parsed options to the exit status.
        read: From the JSON that ``run`` writes to what it was computed on, in
            words, and its rows, those of a table's ``published`` first; None
            where there is no such JSON.
    """

    summary: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    read: Callable[[Mapping], tuple[str, list[dict[str, Any]]]] | None = None


def add_data(
    parser: argparse.ArgumentParser, *, required: bool = True, part: str | None = "test"
) -> None:
    """Add --data, --dataset, --split, --set and --exclude.

    Args:
        parser: To add to.
        required: Whether the data set must be given.
        part: Default of --set; ``None`` leaves that option out, where all
            parts are used.
    """
    parser.add_argument("--data", required=required, metavar="ROOT", help="folder of the data set")
    parser.add_argument(
        "--dataset", required=required, choices=sorted(DATASETS), help="its published layout"
    )
    parser.add_argument(
        "--split",
        metavar="FILE|NAME",
        help="split file (image_name,set) or published split (default: the data set's own)",
    )
    if part is not None:
        parser.add_argument(
            "--set", choices=PARTS, default=part, help="part of the split (default: %(default)s)"
        )
    arguments.add_exclude(parser)


def report(message: str) -> None:
    """Tell something worth knowing on standard error."""
    tell(message, name="kiqa.reproduce")


def unseen(
    records: Sequence[ScoredImage], models: Sequence[Details], options: argparse.Namespace
) -> Kept:
    """Leave out images that a model was trained on, unless --include-trained.

    Args:
        records: The images.
        models: Descriptions of the models to evaluate.
        options: Parsed options, with that of `kiqa.arguments.add_include`.

    Returns:
        What to evaluate on.

    Raises:
        ValueError: If nothing is left.
    """
    return untrained(records, models, include=options.include_trained, report=report)


def add_pristine(parser: argparse.ArgumentParser) -> None:
    """Add --data, --split, --set and --exclude for a plain folder of undistorted images."""
    parser.add_argument("--data", required=True, metavar="DIR", help="pristine images")
    parser.add_argument(
        "--split", metavar="FILE|NAME", help="image_name,set (default: split.csv of DIR, if there)"
    )
    parser.add_argument("--set", default="test", help="set of the split (default: %(default)s)")
    arguments.add_exclude(parser)


def records_of(options: argparse.Namespace) -> list[ScoredImage]:
    """Return the images that the options of `add_data` name.

    Args:
        options: Parsed options.

    Returns:
        The records, at least one.

    Raises:
        FileNotFoundError: If the data set or the split is not there; the
            message says where to download it.
        ValueError: If there is no such part.
    """
    return scored_images(
        options.dataset,
        options.data,
        split=options.split,
        part=options.set,
        exclude=options.exclude,
        report=report,
    )


def require_dataset(options: argparse.Namespace) -> None:
    """Refuse --data without --dataset, and the other way round.

    Raises:
        ValueError: If one is there alone.
    """
    if (options.data is None) != (options.dataset is None):
        raise ValueError("Expected --data and --dataset together. Received: one of them.")


def paths_of(options: argparse.Namespace) -> list[Path]:
    """Return the files that the options of `add_pristine` name.

    Args:
        options: Parsed options.

    Returns:
        Paths, at least one.

    Raises:
        FileNotFoundError: As `kiqa.data.folders.images_in`.
        ValueError: Likewise.
    """
    return images_in(
        options.data, split=options.split, chosen=options.set, exclude=options.exclude,
        report=report,
    )  # fmt: skip


def split_of(options: argparse.Namespace) -> str:
    """Name the split and part of the options of `add_data`, a file without its folder."""
    split = Path(options.split).name if options.split else "own split"
    return "all" if options.set == "all" else f"{split}, {options.set}"


def add_output(parser: argparse.ArgumentParser, *, figures: bool = True) -> None:
    """Add --output, with a default for figures and none for tables."""
    text = "write table, JSON and per-image predictions there; what was scored is kept"
    default, kind = None, arguments.Output.FOLDER
    if figures:
        text = "write there (default: %(default)s)"
        default, kind = _FIGURES, arguments.Output.SHARED
    arguments.add_output(parser, "--output", kind, "DIR", text, type=Path, default=default)


def add_evaluation(
    parser: argparse.ArgumentParser,
    *,
    default: str,
    stride: int | None = None,
    required: bool = True,
) -> None:
    """Add the options of `add_data`, `add_include` and `add_model`: a model on a data set."""
    add_data(parser, required=required)
    arguments.add_include(parser)
    add_model(parser, default=default, stride=stride)


def add_model(parser: argparse.ArgumentParser, *, default: str, stride: int | None = None) -> None:
    """Add --model and, where the model leaves it open, --stride with its default."""
    parser.add_argument(
        "--model",
        default=default,
        metavar="NAME|FILE",
        help="shipped model or .h5 file (default: %(default)s)",
    )
    if stride is not None:
        arguments.add_number(
            parser,
            "--stride",
            "pixels between the cells of maps, where the model leaves it open",
            default=stride,
            low=1,
        )
