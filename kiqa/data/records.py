"""One scored image as plain data, and the checks every reader needs.

Records hold no pixels, so splits and leaks can be tested on invented rows.

Public names: :class:`ScoredImage`, :class:`ScoreRow`,
:func:`build_records`, :func:`select`.
"""

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

SETS = ("train", "val", "test")

_LOG = logging.getLogger(__name__)
_SHOWN = 10  # names listed in a message


@dataclass(frozen=True)
class ScoredImage:
    """An image file with its mean opinion score.

    Attributes:
        name: File name as published.
        path: Where the image lies.
        mos: Mean opinion score in ``mos_range``, higher is better.
        sd: Standard deviation of the opinions in the unit of ``mos``, or
            ``None`` where none was published.
        content: Identity of the scene; splits never separate one content.
        dataset: Name of the data set, a key of ``kiqa.data.DATASETS``.
        mos_range: Lowest and highest score of the scale.
        set: ``"train"``, ``"val"``, ``"test"`` or ``None`` (not assigned).
    """

    name: str
    path: Path
    mos: float
    sd: float | None
    content: str
    dataset: str
    mos_range: tuple[float, float]
    set: str | None = None

    @property
    def mos01(self) -> float:
        """The score on the scale 0..1, higher is better."""
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
    """

    where: str
    name: str
    mos: str | float
    sd: str | float | None = None
    set: str | None = None


def build_records(
    rows: Sequence[ScoreRow],
    *,
    folder: Path,
    dataset: str,
    mos_range: tuple[float, float],
    published: int,
    require_complete: bool,
) -> list[ScoredImage]:
    """Check score rows, find their images and make records of them.

    Every image is its own content. Rows without an image are left out; how
    many and which is logged as a warning. File names are compared exactly,
    then without case.

    Args:
        rows: Rows of the score file or files, in their order.
        folder: The folder of the images.
        dataset: Name of the data set.
        mos_range: Lowest and highest score of the scale.
        published: Number of images the data set was published with.
        require_complete: Insist on the published number of rows, each with
            its image.

    Returns:
        One record a row whose image exists, in the order of the rows.

    Raises:
        FileNotFoundError: If the folder, or every image, is missing; with
            ``require_complete`` if any is.
        ValueError: If a name occurs twice, or a score or deviation is not a
            finite number of the scale; the rows are named.
    """
    _check_names(rows)
    scores = _numbers(rows, "mos", *mos_range)
    deviations = _numbers(rows, "sd", 0, math.inf)
    if require_complete and len(rows) != published:
        raise ValueError(
            f"Expected the {published} scores that {dataset} was published with, received "
            f"{len(rows)}. Pass require_complete=False to work with a part."
        )
    paths = _find_images([row.name for row in rows], folder)
    _report_missing(rows, paths, folder, dataset, require_complete)
    return [
        ScoredImage(row.name, path, mos, sd, row.name, dataset, mos_range, row.set)
        for row, path, mos, sd in zip(rows, paths, scores, deviations, strict=True)
        if path is not None
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


def _check_names(rows: Sequence[ScoreRow]) -> None:
    seen: dict[str, list[str]] = {}
    for row in rows:
        seen.setdefault(row.name, []).append(row.where)
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


def _find_images(names: Sequence[str], folder: Path) -> list[Path | None]:
    if not folder.is_dir():
        raise FileNotFoundError(f"Expected a folder of images at {folder}, found none.")
    exact = {entry.name: entry for entry in folder.iterdir()}
    folded = {name.lower(): entry for name, entry in exact.items()}
    return [exact.get(name, folded.get(name.lower())) for name in names]


def _report_missing(
    rows: Sequence[ScoreRow],
    paths: Sequence[Path | None],
    folder: Path,
    dataset: str,
    require_complete: bool,
) -> None:
    missing = [row.name for row, path in zip(rows, paths, strict=True) if path is None]
    if not missing:
        return
    text = (
        f"{dataset}: {len(missing)} of {len(rows)} images are missing in {folder}: "
        f"{', '.join(_first(missing))}{', ...' if len(missing) > _SHOWN else ''}"
    )
    if require_complete or len(missing) == len(rows):
        raise FileNotFoundError(f"Expected the images of every score. {text}.")
    _LOG.warning("%s", text)
    _LOG.debug("%s: all missing images: %s", dataset, ", ".join(missing))


def _first(items: Iterable) -> list:
    return list(items)[:_SHOWN]
