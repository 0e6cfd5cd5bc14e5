"""Train, validation and test parts, split files and k folds.

A split is a dictionary from image name to ``"train"``, ``"val"`` or
``"test"``; a split file is a CSV with the columns ``image_name`` and ``set``.
Published splits are files of this package and are read by their name. They
hold names only, no scores.

Random splits never put images of one content into two sets.

Public names: :func:`published_splits`, :func:`read_split`,
:func:`write_split`, :func:`assign_split`, :func:`counted_split`,
:func:`random_split`, :func:`k_folds` and :func:`select`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Protocol

import numpy as np

from kiqa.data.records import SETS, ScoredImage, original_name, select
from kiqa.data.tables import read_table
from kiqa.io.csv_lines import write_csv_file
from kiqa.io.outputs import declare_inputs
from kiqa.io.text import unescaped

__all__ = [
    "assign_split",
    "counted_split",
    "k_folds",
    "published_splits",
    "random_split",
    "read_split",
    "select",
    "write_split",
]

_SHOWN = 10  # names listed in a message


class HasContent(Protocol):
    """Anything with a name and a content: a `ScoredImage`, a task of a training."""

    @property
    def name(self) -> str:
        """File name as published."""

    @property
    def content(self) -> str:
        """Identity of the scene."""


def published_splits() -> list[str]:
    """Return the names of the splits that are part of the package."""
    return sorted(Path(file.name).stem for file in _published_folder().iterdir())


def read_split(source: str | os.PathLike) -> dict[str, str]:
    """Read a split file, or a published split by its name.

    Args:
        source: Path of a CSV with the columns ``image_name`` and ``set``
            (found whatever their case), or a name of `published_splits`. An
            existing file comes first.

    Returns:
        The set of each image name, in the order of the file.

    Raises:
        FileNotFoundError: If there is neither such a file nor such a name.
        ValueError: If a column is missing, a set is none of train, val and
            test, or a name occurs twice; the lines are named.
    """
    if Path(source).is_file():
        declare_inputs([source])
        return _read(Path(source))
    if str(source) in published_splits():
        with resources.as_file(_published_folder() / f"{source}.csv") as path:
            return _read(path)
    raise FileNotFoundError(
        f"Expected a split file (image_name,set) or one of the published splits "
        f"{published_splits()}, received {str(source)!r}."
    )


def write_split(split: Mapping[str, str], path: str | Path) -> Path:
    """Write a split file.

    Args:
        split: Image names with their sets.
        path: File to write, whole or not at all; its folder is made when
            missing.

    Returns:
        The path.

    Raises:
        ValueError: If a set is none of train, val and test.
    """
    _check_sets([(name, part, "the split") for name, part in split.items()])
    return write_csv_file(path, ("image_name", "set"), split.items())


def assign_split(
    records: Sequence[ScoredImage], split: Mapping[str, str], *, allow_unmatched: bool = False
) -> list[ScoredImage]:
    """Put records into the sets of a split, copies into that of what they were made of.

    Args:
        records: Records; sets they already have are replaced.
        split: Sets by image name.
        allow_unmatched: Accept names of the split that no record has, as
            when only a part of a data set is on disk. At least one name must
            match.

    Returns:
        New records in the same order; those not in the split get ``None``.

    Raises:
        ValueError: If a set is unknown, names match no record (they are
            listed), or one content would be in two sets.
    """
    _check_sets([(name, part, "the split") for name, part in split.items()])
    names = {original_name(record.name) for record in records}
    unmatched = [name for name in split if name not in names]
    if unmatched and (not allow_unmatched or len(unmatched) == len(split)):
        raise ValueError(
            f"Expected every name of the split among the {len(names)} records, received "
            f"{len(unmatched)} of {len(split)} that match none: {unmatched[:_SHOWN]}. Use the "
            "split of this data set, or allow_unmatched=True where images are missing."
        )
    assigned = [replace(record, set=split.get(original_name(record.name))) for record in records]
    by_content: dict[str, set[str]] = {}
    for record in assigned:
        if record.set is not None:
            by_content.setdefault(record.content, set()).add(record.set)
    torn = [content for content, parts in by_content.items() if len(parts) > 1]
    if torn:
        raise ValueError(
            f"Expected all images of one content in one set, received {len(torn)} contents in "
            f"several: {torn[:_SHOWN]}. Split by content, as random_split does."
        )
    return assigned


def random_split(
    records: Sequence[HasContent],
    *,
    fractions: Mapping[str, float] | None = None,
    seed: int,
) -> dict[str, str]:
    """Split records at random, all images of one content together.

    Contents are sorted, shuffled and cut at the cumulated fractions, so the
    result depends on the names and the seed, not on the order of records.

    Args:
        records: Records to split.
        fractions: Share of the contents of each set; they add up to 1.
            ``None`` takes 0.65 train, 0.1 val, 0.25 test, the shares of the
            published split ``biq2021-kiqa``.
        seed: Seed of the shuffle.

    Returns:
        A split; pass it to `assign_split` or `write_split`.

    Raises:
        ValueError: If a set is unknown, the fractions are not positive or do
            not add up to 1, a name occurs twice, or a set would be empty.
    """
    if fractions is None:
        fractions = {"train": 0.65, "val": 0.1, "test": 0.25}
    _check_sets([("fractions", part, "the argument") for part in fractions])
    shares = np.array(list(fractions.values()), float)
    if not (np.all(shares > 0) and np.isclose(shares.sum(), 1)):
        raise ValueError(f"Expected positive fractions that add up to 1, received {fractions}.")
    contents = len({record.content for record in records})
    cuts = np.rint(np.cumsum(shares)[:-1] * contents).astype(int)
    counts = np.diff(cuts, prepend=0, append=contents)
    if not counts.all():
        raise ValueError(
            f"Expected enough contents for {fractions}, received {contents}: the set "
            f"{list(fractions)[int(np.argmin(counts))]!r} would be empty."
        )
    return counted_split(records, dict(zip(fractions, counts.tolist(), strict=True)), seed=seed)


def counted_split(
    records: Sequence[HasContent], counts: Mapping[str, int], *, seed: int
) -> dict[str, str]:
    """Split records at random into sets of given numbers of contents.

    As `random_split`, by number: of LIVE's 29 references ``{"train": 17,
    "val": 6, "test": 6}``.

    Args:
        records: Records to split, of distinct names.
        counts: Number of contents of each set; together all there are.
        seed: Seed of the shuffle.

    Returns:
        A split; pass it to `assign_split` or `write_split`.

    Raises:
        ValueError: If a set is unknown, a number is not positive, the numbers
            do not add up to the contents, or a name occurs twice.
    """
    _check_sets([("counts", part, "the argument") for part in counts])
    if len({record.name for record in records}) < len(records):
        raise ValueError("Expected records with distinct names, received some twice.")
    contents = sorted({record.content for record in records})
    sizes = list(counts.values())
    if min(sizes, default=0) < 1 or sum(sizes) != len(contents):
        raise ValueError(
            f"Expected positive numbers that add up to the {len(contents)} contents (reference "
            f"images) of these records, received {dict(counts)}. Check that all are there."
        )
    order = np.random.default_rng(seed).permutation(len(contents))
    parts = np.split(order, np.cumsum(sizes)[:-1])
    set_of = {
        contents[i]: part for part, members in zip(counts, parts, strict=True) for i in members
    }
    return {record.name: set_of[record.content] for record in records}


def k_folds(
    n: int, k: int, seed: int, groups: Sequence | np.ndarray | None = None
) -> list[np.ndarray]:
    """Cut ``n`` samples into ``k`` disjoint parts at random.

    Without groups the parts differ by at most one sample. With groups, all
    samples of one group (image, content) are in one part; the largest groups
    are dealt first, each to the smallest part, ties by the shuffle.

    Args:
        n: Number of samples.
        k: Number of parts, at least 2.
        seed: Seed of the shuffle.
        groups: ``n`` labels, or ``None``.

    Returns:
        ``k`` sorted arrays of indices that together hold 0..n-1 once.

    Raises:
        ValueError: If ``k`` is below 2 or above the number of samples or
            groups, or the number of labels is not ``n``.
    """
    labels = np.arange(n) if groups is None else np.asarray(groups)
    if labels.shape != (n,):
        raise ValueError(f"Expected {n} group labels, received shape {labels.shape}.")
    _, group_of, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if not 2 <= k <= len(sizes):
        kind = "samples" if groups is None else "groups"
        raise ValueError(
            f"Expected k from 2 to the number of {kind}, received k={k} for {len(sizes)} {kind}."
        )
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    fold_of = np.empty(len(sizes), int)
    filled = np.zeros(k, int)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        fold_of[group] = np.argmin(filled)
        filled[fold_of[group]] += sizes[group]
    return [np.flatnonzero(fold_of[group_of] == fold) for fold in range(k)]


def _published_folder():
    return resources.files("kiqa.data") / "published_splits"


def _read(path: Path) -> dict[str, str]:
    rows = read_table(path, ("image_name", "set"))
    _check_sets([(c["image_name"], c["set"], f"{path} line {line}") for line, c in rows])
    lines: dict[str, list[int]] = {}
    for line, cells in rows:
        lines.setdefault(cells["image_name"], []).append(line)
    twice = [f"{name!r} (lines {at})" for name, at in lines.items() if len(at) > 1]
    if twice:
        raise ValueError(
            f"Expected every image once in {path}, received {len(twice)} more than once: "
            f"{', '.join(twice[:_SHOWN])}."
        )
    return {unescaped(cells["image_name"]): cells["set"] for _, cells in rows}


def _check_sets(entries: Sequence[tuple[str, str, str]]) -> None:
    wrong = [
        f"{part!r} for {name!r} in {where}" for name, part, where in entries if part not in SETS
    ]
    if wrong:
        raise ValueError(
            f"Expected sets among {list(SETS)}, received {len(wrong)} others: "
            f"{'; '.join(wrong[:_SHOWN])}."
        )
