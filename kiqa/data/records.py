"""One scored image as plain data, and the checks every reader needs.

Records hold no pixels, so splits and leaks can be tested on invented rows.

Public names: :class:`ScoredImage`, :class:`ScoreRow`, :data:`NOTHING`,
:func:`build_records`, :func:`copy_name`, :func:`copy_kind`,
:func:`original_name`, :func:`select`.
"""

import logging
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kiqa.data.readers.layouts import find_images

SETS = ("train", "val", "test")

NOTHING = "nothing"  # name of what images that show nothing are copies of
_COPY = re.compile(r" \((history|degraded) \d+\)$")

_LOG = logging.getLogger(__name__)
_SHOWN = 10  # names listed in a message


@dataclass(frozen=True)
class ScoredImage:
    """An image file with its mean opinion score.

    Attributes:
        name: File name as published, with its folder (and ``/``) where the
            same names occur in several.
        path: Where the image lies.
        mos: Mean opinion score in ``mos_range``, higher is better.
        sd: Standard deviation of the opinions in the unit of ``mos``, or
            ``None`` where none was published.
        content: Identity of the scene; splits never separate one content.
        dataset: Name of the data set, a key of ``kiqa.data.DATASETS``.
        mos_range: Lowest and highest score of the scale.
        set: ``"train"``, ``"val"``, ``"test"`` or ``None`` (not assigned).
        reference: Where the undistorted image lies, or ``None`` where there
            is none.
        distortion: Kind of distortion as the data set names or numbers it,
            or ``None``.
        level: Its strength as published: a number from 1 (weakest), in LIVE
            the parameter of the distortion; or ``None``.
        scored_by: Name or file of the network that gave the score alone;
            ``None`` where people did.
        taught_by: Name or file of the network whose score is part of ``mos``,
            beside people's; ``None`` where there is none.
    """

    name: str
    path: Path
    mos: float
    sd: float | None
    content: str
    dataset: str
    mos_range: tuple[float, float]
    set: str | None = None
    reference: Path | None = None
    distortion: str | None = None
    level: float | None = None
    scored_by: str | None = None
    taught_by: str | None = None

    @property
    def mos01(self) -> float:
        """The score on the scale 0..1, higher is better (LIVE's overshoot both ends)."""
        low, high = self.mos_range
        return (self.mos - low) / (high - low)


@dataclass(frozen=True)
class ScoreRow:
    """One row of a published score file, before its image is looked for.

    Attributes:
        where: File and line (or entry), for messages.
        name: File name as published.
        mos: Score as text or number.
        sd: Standard deviation in the unit of ``mos``, or ``None``.
        set: Part of the split, or ``None``.
        content: Identity of the scene; ``None`` where every image is its own.
        reference: File name of the undistorted image, or ``None``.
        distortion: As in `ScoredImage`.
        level: As in `ScoredImage`.
    """

    where: str
    name: str
    mos: str | float
    sd: str | float | None = None
    set: str | None = None
    content: str | None = None
    reference: str | None = None
    distortion: str | None = None
    level: float | None = None


def copy_name(name: str, kind: str, number: int) -> str:
    """Name a copy of an image that was made to train on.

    Args:
        name: Of the image.
        kind: ``"history"`` or ``"degraded"``.
        number: Of the copy, from 1.
    """
    return f"{name} ({kind} {number})"


def copy_kind(name: str) -> str | None:
    """Return ``"history"`` or ``"degraded"``, what `copy_name` was told; ``None`` of no copy."""
    found = _COPY.search(name)
    return None if found is None else found[1]


def original_name(name: str) -> str:
    """Return the name of the image that a copy was made of, or that of the image itself."""
    return _COPY.sub("", name)


def build_records(
    rows: Sequence[ScoreRow],
    *,
    folder: Path,
    dataset: str,
    mos_range: tuple[float, float],
    published: int,
    require_complete: bool,
    limits: tuple[float, float] | None = None,
    references: Path | None = None,
) -> list[ScoredImage]:
    """Check score rows, find their images and make records of them.

    Rows without their image, or without the reference image they name, are
    left out; how many and which is logged as a warning. File names are
    compared exactly, then without case.

    Args:
        rows: Rows of the score file or files, in their order.
        folder: The folder of the images.
        dataset: Name of the data set.
        mos_range: Lowest and highest score of the scale.
        published: Number of images the data set was published with.
        require_complete: Insist on the published number of rows, each with
            its image.
        limits: Lowest and highest score that may occur, where they are not
            those of the scale.
        references: The folder of the reference images, for rows that name
            one.

    Returns:
        One record per row whose image exists, in the order of the rows.

    Raises:
        FileNotFoundError: If the folder, or every image, is missing; with
            ``require_complete`` if any is.
        ValueError: If a name occurs twice, two rows mean one file, or a score
            or deviation is not a finite number of the scale; the rows are
            named.
    """
    _check_once(rows, [row.name for row in rows])
    scores = _numbers(rows, "mos", *(limits or mos_range))
    deviations = _numbers(rows, "sd", 0, math.inf)
    if require_complete and len(rows) != published:
        raise ValueError(
            f"Expected the {published} scores that {dataset} was published with, received "
            f"{len(rows)}. Pass require_complete=False to work with a part."
        )
    paths = find_images([row.name for row in rows], folder)
    _check_once(rows, [str(path or row.name) for row, path in zip(rows, paths, strict=True)])
    _report_missing(rows, "name", paths, folder, dataset, require_complete)
    originals: list[Path | None] = [None] * len(rows)
    if references is not None:
        originals = find_images([row.reference for row in rows], references)
        _report_missing(rows, "reference", originals, references, dataset, require_complete)
    return [
        ScoredImage(
            name=row.name,
            path=path,
            mos=mos,
            sd=sd,
            content=row.content or row.name,
            dataset=dataset,
            mos_range=mos_range,
            set=row.set,
            reference=original,
            distortion=row.distortion,
            level=row.level,
        )
        for row, path, original, mos, sd in zip(
            rows, paths, originals, scores, deviations, strict=True
        )
        if path is not None and mos is not None and (original is not None or references is None)
    ]


def select(records: Iterable[ScoredImage], part: str) -> list[ScoredImage]:
    """Return the records of one set, in their order.

    Args:
        records: Records with their sets assigned.
        part: ``"train"``, ``"val"`` or ``"test"``.

    Returns:
        The records of that set; at least one.

    Raises:
        ValueError: If no record is in that set; the message counts the sets
            there are.
    """
    records = list(records)
    chosen = [record for record in records if record.set == part]
    if not chosen:
        counts = {name: sum(r.set == name for r in records) for name in (*SETS, None)}
        raise ValueError(
            f"Expected records in the set {part!r}, received none among {counts}. "
            "Assign a split first: kiqa.data.splits.assign_split(records, read_split(...))."
        )
    return chosen


def _check_once(rows: Sequence[ScoreRow], names: Sequence[str]) -> None:
    seen: dict[str, list[str]] = {}
    for row, name in zip(rows, names, strict=True):
        seen.setdefault(name, []).append(row.where)
    twice = {name: places for name, places in seen.items() if len(places) > 1}
    if twice:
        listed = "; ".join(f"{name!r} in {', '.join(at)}" for name, at in _first(twice.items()))
        raise ValueError(
            f"Expected every image once, received {len(twice)} names more than once: {listed}. "
            "Remove the repeated rows."
        )


def _numbers(rows: Sequence[ScoreRow], field: str, low: float, high: float) -> list[float | None]:
    values, bad = [], []
    for row in rows:
        value = getattr(row, field)
        try:
            number = None if value is None else float(value)
        except ValueError:
            number = math.nan
        if number is not None and not (math.isfinite(number) and low <= number <= high):
            bad.append(f"{value!r} for {row.name!r} ({row.where})")
        values.append(number)
    if bad:
        raise ValueError(
            f"Expected every {field} to be a finite number from {low:g} to {high:g}, received "
            f"{len(bad)} that are not: {'; '.join(_first(bad))}. Correct or remove these rows."
        )
    return values


def _report_missing(
    rows: Sequence[ScoreRow],
    field: str,
    paths: Sequence[Path | None],
    folder: Path,
    dataset: str,
    require_complete: bool,
) -> None:
    wanted = [getattr(row, field) for row in rows]
    missing = [name for name, path in zip(wanted, paths, strict=True) if path is None]
    if not missing:
        return
    count, total = len(missing), len(rows)
    if field == "name":
        what = f"{count} of {total} images are"
    else:
        missing = sorted({str(name) for name in missing})
        what = f"{len(missing)} reference images, of {count} of {total} images, are"
    text = (
        f"{dataset}: {what} missing in {folder}: "
        f"{', '.join(_first(missing))}{', ...' if len(missing) > _SHOWN else ''}"
    )
    if require_complete or count == total:
        raise FileNotFoundError(f"Expected the images of every score. {text}.")
    _LOG.warning("%s", text)
    _LOG.debug("%s: all missing images: %s", dataset, ", ".join(missing))


def _first(items: Iterable) -> list:
    return list(items)[:_SHOWN]
