"""The images of a training, as its options name them: nothing is trained on that it is judged by.

Public names: `chosen_parts`, `limited`, `add_unrated`, `unrated_images`,
`files_without_scores`, `require_enough`, `refuse_judged`,
`refuse_shared_contents`, `record_rows`, `keep_split`.
"""

import argparse
import itertools
from collections.abc import Mapping, Sequence, Sized
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from kiqa.arguments import add_path, add_text
from kiqa.data.chosen import at_random, training_parts
from kiqa.data.folders import images_in
from kiqa.data.records import ScoredImage
from kiqa.data.splits import read_split, write_split
from kiqa.io.messages import tell

Item = TypeVar("Item")

_tell_excluded = partial(tell, name="exclude")


def chosen_parts(
    arguments: argparse.Namespace, settings: Any
) -> tuple[list[ScoredImage], list[ScoredImage], list[ScoredImage]]:
    """Read the images that the options of a training's data name.

    Args:
        arguments: What `kiqa.training.runs.command.training_parser` found.
        settings: With ``seed``, for ``--limit``.

    Returns:
        Images to train on, images that choose the epoch, and images of the
        test part, which may be none: nothing of their content is trained on.

    Raises:
        FileNotFoundError: If the data set or the split is not there.
        ValueError: If there is no split, train or val is empty, or a content
            is in two parts.
    """
    if arguments.data is None or arguments.dataset is None:
        raise ValueError(
            "Expected --data FOLDER and --dataset NAME together. Received: "
            f"--data {arguments.data} and --dataset {arguments.dataset}. Add what is missing."
        )
    train, validation, test = training_parts(
        arguments.dataset,
        arguments.data,
        split=arguments.split,
        exclude=arguments.exclude,
        report=_tell_excluded,
    )
    train = limited(train, arguments, settings)
    parts = {"train": train, "val": validation, "test": test}
    # The run checks it as well, after what takes long: maps, or decoded images.
    refuse_shared_contents(
        {
            part: [{"content": record.content} for record in records]
            for part, records in parts.items()
        }
    )
    return train, validation, test


def limited(items: Sequence[Item], arguments: argparse.Namespace, settings: Any) -> list[Item]:
    """Return as many of the items as ``--limit`` says, at random, in their order.

    Args:
        items: What is trained on.
        arguments: With ``limit``, a number or ``None``.
        settings: With ``seed``, that of the choice.

    Returns:
        The items, or some of them.

    Raises:
        ValueError: If there are not so many.
    """
    return at_random(items, arguments.limit, seed=settings.seed)


def add_unrated(parser: argparse.ArgumentParser) -> None:
    """Add ``--unrated`` and ``--unrated-split``: images without scores, for `unrated_images`."""
    data = parser.add_argument_group("images without scores")
    add_path(data, "--unrated", "FOLDER", "undistorted images without scores, to be degraded")
    add_text(
        data, "--unrated-split", "FILE|NAME",
        "split of --unrated, of which only train is used (default: the folder's split.csv; "
        "without one, all its images)",
    )  # fmt: skip


def unrated_images(arguments: argparse.Namespace) -> list[Path]:
    """Return the files that ``--unrated`` and ``--unrated-split`` name; none without them.

    Raises:
        FileNotFoundError: As `files_without_scores`.
        ValueError: Likewise, or if a split is given without a folder.
    """
    folder, split = arguments.unrated, arguments.unrated_split
    if folder is None and split is not None:
        raise ValueError("Expected --unrated-split together with --unrated. Received: it alone.")
    return files_without_scores(folder, arguments, split=split)


def files_without_scores(
    folder: Path | None, arguments: argparse.Namespace, *, split: str | None = None
) -> list[Path]:
    """Return the files of a folder that are trained on without people's scores.

    Args:
        folder: Of the images; ``None`` has none.
        arguments: With ``exclude``, as for `chosen_parts`.
        split: Split of the folder, of which train is taken; ``None`` takes its
            ``split.csv``, or all images without one.

    Returns:
        The files, less those that ``--exclude`` names.

    Raises:
        FileNotFoundError: As `kiqa.data.folders.images_in`.
        ValueError: Likewise.
    """
    if folder is None:
        return []
    return images_in(
        folder, chosen="train", split=split, exclude=arguments.exclude, report=_tell_excluded
    )


def refuse_judged(unrated: Sequence[Path], parts: Mapping[str, Sequence[ScoredImage]]) -> None:
    """Refuse images without a score that a run is judged by.

    Args:
        unrated: Files that are trained on.
        parts: Images by part; those of ``"val"`` and ``"test"`` are compared.

    Raises:
        ValueError: If one is a file of these parts, or has the name of one or
            of its scene.
    """
    judged = [record for part in ("val", "test") for record in parts[part]]
    names = {name for record in judged for name in (record.path.name, record.content)}
    files = {record.path.resolve() for record in judged}
    shared = [path.name for path in unrated if path.name in names or path.resolve() in files]
    if shared:
        raise ValueError(
            "Expected unrated images outside of val and test. Received: "
            f"{len(shared)} of them, by file or by name, such as {shared[:3]}. Choose others with "
            "a split of their folder; give other images that share a name another one."
        )


def keep_split(drawn: Mapping[str, str], workdir: Path) -> Path:
    """Write a split that was drawn here into the folder of the run.

    Args:
        drawn: Image names with their sets.
        workdir: Of the run; the file is its ``split.csv``.

    Returns:
        The file.

    Raises:
        ValueError: If another split is there: it is that of an earlier run.
    """
    path = workdir / "split.csv"
    if path.is_file() and read_split(path) != drawn:
        raise ValueError(
            f"Expected a folder without another draw of the parts. Received: {path}, which differs "
            "from what these options draw. Use the options of the run that wrote it, or another "
            "--workdir."
        )
    return write_split(drawn, path)


def refuse_shared_contents(parts: Mapping[str, Sequence[Mapping]]) -> None:
    """Refuse parts of a data set that share a scene.

    Args:
        parts: By part (``"train"``, ``"val"``, ``"test"``) rows with
            ``image_name`` and ``content``, the scene or reference.

    Raises:
        ValueError: Naming the two parts, and how many contents are in both.
    """
    for one, other in itertools.combinations(parts, 2):
        shared = sorted(
            {row["content"] for row in parts[one]} & {row["content"] for row in parts[other]}
        )
        if shared:
            raise ValueError(
                "Expected every scene, or reference, on one side of the split. Received: "
                f"{len(shared)} in both {one} and {other}, such as {shared[:3]}. Split by content."
            )


def require_enough(train: Sized, validation: Sized, settings: Any, *, what: str = "images") -> None:
    """Refuse parts that make no batch, or no correlation.

    Args:
        train: What is trained on.
        validation: What chooses the epoch.
        settings: With ``batch_size``.
        what: Both are, in words.

    Raises:
        ValueError: With the numbers that are needed and that are there.
    """
    if len(train) < settings.batch_size or len(validation) < 3:
        raise ValueError(
            f"Expected at least {settings.batch_size} {what} to train, one batch, and 3 to "
            f"validate. Received: {len(train)} and {len(validation)}."
        )


def record_rows(parts: Mapping[str, Sequence[ScoredImage]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of ``images.csv`` of rated images.

    Args:
        parts: Images by part.

    Returns:
        For `kiqa.training.runs.run.Training`: ``image_name``, ``content`` and
        ``mos01`` of each.
    """
    return {
        part: [{"image_name": r.name, "content": r.content, "mos01": r.mos01} for r in records]
        for part, records in parts.items()
    }
