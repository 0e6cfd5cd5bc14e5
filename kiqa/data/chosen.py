"""The scored images that a command takes: data set, split and part.

Public names: :data:`PARTS`, :func:`scored_images`, :func:`scored_parts`,
:func:`training_parts`, :func:`at_random`.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from kiqa.data import DATASETS
from kiqa.data.excluded import excluding
from kiqa.data.readers.mos_csv import states_sets
from kiqa.data.records import SETS, ScoredImage
from kiqa.data.splits import assign_split, read_split, select
from kiqa.io.outputs import declare_inputs

PARTS = (*SETS, "all")

Item = TypeVar("Item")


def scored_images(
    dataset: str,
    data: str | os.PathLike,
    *,
    split: str | os.PathLike | None = None,
    part: str = "test",
    exclude: Sequence[str | os.PathLike] | None = None,
    report: Callable[[str], object] = lambda message: None,
) -> list[ScoredImage]:
    """Read a data set and return the images of one part of a split.

    Args:
        dataset: A key of `kiqa.data.DATASETS`.
        data: Folder of the data set.
        split: Split file or name of a published split; ``None`` takes the
            data set's own.
        part: One of `PARTS`; ``"all"`` needs no split.
        exclude: What names images to leave out, see `kiqa.data.excluded`.
        report: Called with a sentence if images of the split are missing, or
            the split is one that the reader drew.

    Returns:
        The records, at least one; their files are declared as inputs of the
        command that is running.

    Raises:
        FileNotFoundError: If the data set or the split is not there.
        ValueError: If an argument is unknown, there is no split, or no image
            is in the part.
    """
    (records,) = scored_parts(dataset, data, (part,), split=split, exclude=exclude, report=report)
    return records


def scored_parts(
    dataset: str,
    data: str | os.PathLike,
    parts: Sequence[str],
    *,
    split: str | os.PathLike | None = None,
    exclude: Sequence[str | os.PathLike] | None = None,
    report: Callable[[str], object] = lambda message: None,
) -> list[list[ScoredImage]]:
    """Read a data set once and return several parts of a split.

    Args:
        dataset: As for `scored_images`.
        data: As for `scored_images`.
        parts: Each one of `PARTS`.
        split: As for `scored_images`.
        exclude: As for `scored_images`.
        report: As for `scored_images`.

    Returns:
        The records of each part, at least one each.

    Raises:
        FileNotFoundError: As `scored_images`.
        ValueError: As `scored_images`.
    """
    for value, known in ((dataset, sorted(DATASETS)), *((part, PARTS) for part in parts)):
        if value not in known:
            raise ValueError(f"Expected one of {', '.join(known)}. Received: {value!r}.")
    records = excluding(DATASETS[dataset](Path(data)), exclude or (), report=report)
    declare_inputs(record.path for record in records)
    declare_inputs(record.reference for record in records if record.reference is not None)
    if split is not None:
        sets = read_split(split)
        records = assign_split(records, sets, allow_unmatched=True)
        absent = len(sets) - sum(record.set is not None for record in records)
        if absent:
            report(f"{absent} images of the split are not in {data}")
    if any(part != "all" for part in parts) and all(record.set is None for record in records):
        raise ValueError(
            f"Expected a split, {dataset} in {data} has none of its own. "
            "Add --split FILE|NAME, or take all images where the command has --set all."
        )
    partly = split is None and set(parts) != {"all"}
    if partly and dataset == "mos-csv" and not states_sets(Path(data)):
        report(
            "mos.csv has no column set: a random split, 65 % train, 10 % val, 25 % test; "
            "--set all takes all"
        )
    return [records if part == "all" else select(records, part) for part in parts]


def training_parts(
    dataset: str,
    data: str | os.PathLike,
    *,
    split: str | os.PathLike | None = None,
    exclude: Sequence[str | os.PathLike] | None = None,
    report: Callable[[str], object] = lambda message: None,
) -> tuple[list[ScoredImage], list[ScoredImage], list[ScoredImage]]:
    """Read a data set once and return all parts of a split, for a training.

    Args:
        dataset: As for `scored_images`.
        data: As for `scored_images`.
        split: As for `scored_images`.
        exclude: As for `scored_images`.
        report: As for `scored_images`.

    Returns:
        The records of train and val, at least one each, and those of test,
        which may be none.

    Raises:
        FileNotFoundError: As `scored_images`.
        ValueError: As `scored_images`.
    """
    (everything,) = scored_parts(
        dataset, data, ("all",), split=split, exclude=exclude, report=report
    )
    if all(record.set is None for record in everything):
        raise ValueError(
            f"Expected a split, {dataset} in {data} has none of its own. Add --split FILE|NAME."
        )
    test = [record for record in everything if record.set == "test"]
    return select(everything, "train"), select(everything, "val"), test


def at_random(items: Sequence[Item], limit: int | None, *, seed: int) -> list[Item]:
    """Return as many items as ``--limit`` says, at random, in their order.

    Args:
        items: What is trained on.
        limit: How many; ``None`` is all.
        seed: Of the choice.

    Returns:
        The items, or some of them.

    Raises:
        ValueError: If there are not so many.
    """
    if limit is None:
        return list(items)
    if not 1 <= limit <= len(items):
        raise ValueError(f"Expected --limit from 1 to {len(items)}. Received: {limit}.")
    picked = np.random.default_rng(seed).permutation(len(items))[:limit]
    return [items[index] for index in sorted(picked)]
