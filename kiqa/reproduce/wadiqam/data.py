"""Data sets of the experiments with DIQaM and WaDIQaM, and their splits.

A command names those it was printed with; it takes any other data set of kiqa
instead or besides, and pairs with a proxy score (``proxy=pairs.csv``), which
is said in its output.

Public names: :data:`PROXY_NAME`, :func:`add_sets`, :func:`given_sets`,
:func:`proxy_scores`, :func:`usable`, :func:`unseen_tasks`,
:func:`nothing_fits`, :func:`split_tasks`, :func:`sample`.

References:
    Bosse et al. 2018, section IV-B.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import NoReturn

import numpy as np

from kiqa.arguments import add_exclude
from kiqa.data import DATASETS
from kiqa.data.chosen import scored_images
from kiqa.data.records import SETS
from kiqa.data.splits import counted_split, random_split, read_split
from kiqa.data.untrained import untrained, untrained_files
from kiqa.io.weights import Details
from kiqa.reproduce.command import report
from kiqa.reproduce.left_out import LeftOut
from kiqa.training.wadiqam.tasks import (
    PatchTask,
    rated_tasks,
    read_pairs,
    references_of,
    scores_of_pairs,
)

PROXY_NAME = "proxy"

# References (or scenes) of training, validation and test; section IV-B. In a cross-data-set
# experiment all of a data set trains and validates.
_COUNTS = {"live": (17, 6, 6), "tid2013": (15, 5, 5), "live-itw": (698, 232, 232)}
_CROSS_COUNTS = {"live": (23, 6), "tid2013": (20, 5)}
_SHARES = (0.6, 0.2, 0.2)  # ours, of data sets that the paper has not; about those of the others
_CROSS_SHARES = (0.8, 0.2)


def add_sets(parser: argparse.ArgumentParser, printed: Sequence[str]) -> None:
    """Add --data, which may be given several times, and --exclude.

    Args:
        parser: To add to.
        printed: Data sets that the table or figure was printed with.
    """
    parser.add_argument(
        "--data", action="append", default=[], metavar="NAME=PATH",
        help=f"a data set and its folder, such as {printed[0]}=ROOT; printed with "
        f"{', '.join(printed)}; others of {', '.join(sorted(DATASETS))} are taken too, and "
        f"{PROXY_NAME}=FILE, a pairs.csv with scores of a proxy",
    )  # fmt: skip
    add_exclude(parser)


def given_sets(
    data: Sequence[str],
    *,
    printed: Sequence[str],
    mode: str,
    only: bool = False,
    exclude: Sequence[str] | None = None,
    left_out: LeftOut | None = None,
) -> dict[str, list[PatchTask]]:
    """Read the data sets that were given.

    Args:
        data: Values of --data, ``NAME=PATH``.
        printed: Data sets that the table or figure was printed with.
        mode: ``"fr"`` leaves out data sets without references, ``"nr"`` all
            references.
        only: Refuse others than the printed ones.
        exclude: What names images, or references of pairs, to leave out, see
            `kiqa.data.excluded`.
        left_out: Takes images that cannot be used, of `usable`, before hours
            of training; ``None`` looks at none.

    Returns:
        Tasks by name, of those that fit; perhaps none. A pair that its file
        repeats for training, such as an image with itself, counts once.

    Raises:
        ValueError: If nothing was given, or a name is unknown.
        FileNotFoundError: If a data set is not where it should be.
    """
    known = list(printed) if only else [*sorted(DATASETS), PROXY_NAME]
    if not data:
        nothing_fits(data, printed)
    found = {}
    for entry in data:
        name, _, path = entry.partition("=")
        if name not in known or not path:
            raise ValueError(
                f"Expected --data NAME=PATH with a name among {', '.join(known)}. "
                f"Received: {entry!r}."
            )
        if name == PROXY_NAME:
            parts = read_pairs(path, exclude=exclude, report=report)
            every = [task for part in parts.values() for task in part]
            tasks = list({task.name: task for task in every}.values())
            if mode == "nr":
                tasks = [replace(task, reference=None) for task in tasks]
            fits = True
        else:
            records = scored_images(name, path, part="all", exclude=exclude, report=report)
            tasks = rated_tasks(records, mode=mode)
            fits = mode == "nr" or all(task.reference is not None for task in tasks)
        if fits:
            found[name] = tasks if left_out is None else usable(tasks, left_out)
    return found


def proxy_scores(data: Sequence[str]) -> dict[str, str]:
    """Say what the scores of the pairs are that were given.

    Args:
        data: As for `given_sets`.

    Returns:
        `kiqa.training.wadiqam.tasks.scores_of_pairs` of the file of ``proxy=FILE``; empty
        without one.

    Raises:
        ValueError: As there.
    """
    files = [entry.partition("=")[2] for entry in data if entry.startswith(f"{PROXY_NAME}=")]
    return scores_of_pairs(files[-1]) if files else {}


def usable(tasks: Sequence[PatchTask], left_out: LeftOut) -> list[PatchTask]:
    """Decode the images of tasks, and their references, once.

    Args:
        tasks: Any.
        left_out: Takes those that cannot be decoded, are smaller than a
            patch, or differ in size from their reference.

    Returns:
        The others.

    Raises:
        ValueError: If there are none.
    """
    from tqdm import tqdm

    from kiqa.training.wadiqam.batches import patch_source

    def look(task):
        patch_source([task.path], references_of([task]), keep_bytes=0).pixels(0)

    shown = tqdm(tasks, unit="image", desc="looking", disable=not sys.stderr.isatty())
    return [task for task, _ in left_out.over(shown, look, file=attrgetter("path"))]


def unseen_tasks(
    tasks: Sequence[PatchTask], name: str, models: Sequence[Details], *, include: bool
) -> list[PatchTask]:
    """Leave out images that a given network was trained on.

    Args:
        tasks: Images of one data set.
        name: Of the data set; of pairs, the references are looked at.
        models: Descriptions of the networks.
        include: Leave nothing out, and say so.

    Returns:
        The others.

    Raises:
        ValueError: As `kiqa.data.untrained.untrained`; or if pairs have lost
            their references.
    """
    if name == PROXY_NAME:
        references = [task.reference for task in tasks if task.reference is not None]
        if len(references) < len(tasks):
            raise ValueError(
                "Expected pairs with references, by which copies of images that a model was "
                "trained on are known. Received: a proxy for networks without a reference. Give "
                "a data set of people's scores."
            )
        kept = untrained_files(references, models, include=include, report=report)
        left = set(kept.images)
        return [task for task in tasks if task.reference in left]
    return untrained(tasks, models, dataset=name, include=include, report=report).images


def nothing_fits(data: Sequence[str], wanted: Sequence[str]) -> NoReturn:
    """Say which data sets are missing.

    Args:
        data: What was given.
        wanted: Names of data sets, or what they should be.

    Raises:
        ValueError: Always.
    """
    raise ValueError(
        f"Expected {' and '.join(f'--data {name}=ROOT' for name in wanted)}, or one of them that "
        f"fits, with reference images for the networks that take them. Received: "
        f"{', '.join(data) or 'no --data'}. The data sets do not come with kiqa; where ROOT is "
        "no folder, the error names the page to download one from."
    )


def split_tasks(
    name: str,
    tasks: Sequence[PatchTask],
    *,
    seed: int,
    cross: bool = False,
    split: str | Path | None = None,
) -> tuple[dict[str, list[PatchTask]], str]:
    """Split a data set by reference, or scene.

    Args:
        name: Of the data set; those of the paper have its numbers of
            references a part, others shares near them.
        tasks: All of its images.
        seed: Of the draw.
        cross: Without a test part, for tests on other data sets.
        split: File or name of a split to use instead of a draw.

    Returns:
        Tasks of train, val and, unless ``cross``, test; and the parts' sizes
        as text.

    Raises:
        ValueError: If there are too few references, or the split misses
            images or separates a reference.
    """
    contents = len({task.content for task in tasks})
    if split is not None:
        sets = read_split(split)
        how = f"split {Path(split).name}"
    else:
        counts: Sequence[int] = (_CROSS_COUNTS if cross else _COUNTS).get(name, ())
        shares: Sequence[float] = _CROSS_SHARES if cross else _SHARES
        parts = SETS[:2] if cross else SETS
        if sum(counts) == contents:
            sets, shares = (
                counted_split(tasks, dict(zip(parts, counts, strict=True)), seed=seed),
                counts,
            )
        else:
            sets = random_split(tasks, fractions=dict(zip(parts, shares, strict=True)), seed=seed)
        how = "/".join(f"{share:g}" for share in shares) + " of the references or scenes"
    chosen = {part: [t for t in tasks if sets.get(t.name) == part] for part in set(sets.values())}
    content_of = {
        part: {task.content for task in part_tasks} for part, part_tasks in chosen.items()
    }
    for one in chosen:
        for other in chosen:
            if one < other and content_of[one] & content_of[other]:
                raise ValueError(
                    "Expected every reference in one part. Received: some in both "
                    f"{one} and {other} by {how}. Split by reference."
                )
    empty = [part for part in ("train", "val") if not chosen.get(part)]
    if empty or not (cross or chosen.get("test")):
        raise ValueError(
            f"Expected images of {name} in train, val{'' if cross else ' and test'} by {how}. "
            f"Received: { ({part: len(part_tasks) for part, part_tasks in chosen.items()}) }."
        )
    return chosen, how


def sample(tasks: Sequence[PatchTask], count: int | None, *, seed: int) -> list[PatchTask]:
    """Return so many tasks at random, in their order; all for ``None`` or too many."""
    if count is not None and count < 1:
        raise ValueError(f"Expected at least 1 image. Received: {count}.")
    if count is None or count >= len(tasks):
        return list(tasks)
    picked = np.random.default_rng(seed).permutation(len(tasks))[:count]
    return [tasks[index] for index in sorted(picked)]
