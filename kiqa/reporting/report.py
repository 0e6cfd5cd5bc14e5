"""A report of a collection of images: which are good, which are bad, where and why.

Public names: `report`, `write_report`, `Report`, `check_read`, `check_scorer`, `has_maps`,
`placed_by`.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kiqa.constants import DEFAULT_SCORER
from kiqa.io import scales
from kiqa.io.images.kinds import no_image
from kiqa.io.walk import Walk
from kiqa.reporting.choosing import Best, Placed, parse_best, placed
from kiqa.reporting.content import page_content
from kiqa.reporting.entries import Entry, entries_of
from kiqa.reporting.page import write_page
from kiqa.reporting.scored import read_scores
from kiqa.scoring import Scorer
from kiqa.scoring.row_files import holds_rows

_SIDES = ((1500, 384), (5000, 256), (None, 192))  # most images, and pixels of their thumbnails


@dataclass(frozen=True)
class Report:
    """What was written.

    Attributes:
        path: The page.
        images: How many images are on it.
        errors: Name and reason of each file that could not be read.
        defects: How many images have each defect.
        groups: How many groups of images that are alike there are.
        chosen: Names of the best images, the best first.
    """

    path: Path
    images: int
    errors: tuple[tuple[str, str], ...]
    defects: Mapping[str, int]
    groups: int
    chosen: tuple[str, ...]


def report(
    images: str | os.PathLike | Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    model: str | os.PathLike = DEFAULT_SCORER,
    best: int | str | None = None,
    maps: bool = True,
) -> Report:
    """Write a page that shows which images are good and bad, where, and why.

    Args:
        images: A folder, whose images are taken with all below it; a file of
            rows of ``kiqa score`` (``.jsonl`` or ``.csv``); or paths
            of images.
        output: The page, one HTML file.
        model: Name of a shipped model or path of a published ``.h5`` file;
            with rows it makes the maps only, and must be theirs.
        best: How many of the best to mark, such as 20 or ``"20%"``.
        maps: Whether each image gets its quality map, which takes about as
            long as its score.

    Returns:
        The `Report`. Files that cannot be read are listed in it and on the
        page.

    Raises:
        FileNotFoundError: If there is no such folder, or none of its files is
            an image.
        ValueError: If ``best`` is no such number, the rows are of another
            model, or no image can be read.
        OSError: If the page cannot be written.

    Examples:
        >>> import tempfile, cv2, kiqa
        >>> from skimage import data
        >>> folder = tempfile.mkdtemp()
        >>> for name, sigma in (("sharp.png", 0.01), ("soft.png", 4)):
        ...     image = cv2.GaussianBlur(data.chelsea()[..., ::-1], (0, 0), sigma)
        ...     done = cv2.imwrite(f"{folder}/{name}", image)
        >>> found = kiqa.report(folder, f"{folder}/report.html", maps=False, best=1)
        >>> found.images, found.groups, found.chosen
        (2, 1, ('sharp.png',))
    """
    chosen = None if best is None else parse_best(str(best))
    rows: Mapping[str, Mapping[str, Any]] = {}
    if not isinstance(images, str | os.PathLike):
        inputs = [(os.fspath(path), os.path.basename(path)) for path in images]
    elif holds_rows(images):
        rows = read_scores(images)
        inputs = [(path, path) for path in rows]
    else:
        if not os.path.lexists(images):
            raise FileNotFoundError(f"Expected a folder of images. Received: {images}, not there.")
        found = Walk(no_image).below(os.fspath(images))
        inputs = [(path, name or os.path.basename(path)) for path, name in found]
    return write_report(inputs, output, Scorer(model), rows=rows, best=chosen, maps=maps)


def write_report(
    inputs: Sequence[tuple[str, str]],
    output: str | os.PathLike,
    scorer: Scorer,
    *,
    rows: Mapping[str, Mapping[str, Any]] | None = None,
    best: Best | None = None,
    maps: bool = True,
    watch: Callable[[Iterable[Entry]], Iterable[Entry]] = iter,
) -> Report:
    """Write the page of a report; as `report`, with inputs that are known.

    Args:
        inputs: Path and name of each image.
        output: The page.
        scorer: Makes scores and maps.
        rows: By path, rows of ``kiqa score``.
        best: How many images to mark.
        maps: Whether each image gets its quality map.
        watch: Passes the entries on, as a progress bar does.

    Returns:
        The `Report`.

    Raises:
        ValueError: If the rows are of another model or no image can be read.
        OSError: If the page cannot be written.
    """
    if not inputs:
        raise FileNotFoundError("Expected at least one image. Received: none.")
    check_scorer(scorer, rows or {})
    maps = maps and has_maps(scorer)
    side = next(side for most, side in _SIDES if most is None or len(inputs) <= most)
    entries: list[Entry] = []
    numbers: list[int] = []
    errors: list[tuple[str, str]] = []
    with write_page(output) as page:
        for entry in watch(entries_of(inputs, scorer, rows=rows, maps=maps, side=side)):
            if entry.thumbnail is None:
                errors.append((entry.name, entry.row["error"]))
                continue
            numbers.append(page.add(entry.thumbnail))
            entries.append(replace(entry, thumbnail=b""))  # it is on the page
        check_read(entries, [reason for _, reason in errors])
        found = placed_by(scorer, entries, best=best)
        page.finish(page_content(entries, numbers, errors, found, scorer))
    return Report(
        path=Path(output),
        images=len(entries),
        errors=tuple(errors),
        defects=Counter(defect for entry in entries for defect in entry.defects),
        groups=len(found.best),
        chosen=tuple(entries[at].name for at in found.chosen),
    )


def placed_by(
    scorer: Scorer, entries: Sequence[Entry], *, best: Best | None = None, keep_alike: bool = False
) -> Placed:
    """Group and choose by the scores of a scorer; see `kiqa.reporting.choosing.placed`."""
    return placed(
        entries,
        higher_is_better=scorer.info.higher_is_better,
        scale=_range_of(scorer, entries),
        best=best,
        keep_alike=keep_alike,
    )


def _range_of(scorer: Scorer, entries: Sequence[Entry]) -> tuple[float, float]:
    """Return the ends of the scores: of the model's scale, or else of those that there are."""
    try:
        return scales.limits(scorer.info.scale)
    except ValueError:
        scores = [entry.score for entry in entries]
        return min(scores, default=0.0), max(scores, default=1.0)


def check_scorer(scorer: Scorer, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a model that compares images, and rows of another model.

    Args:
        scorer: The scorer; its model is loaded.
        rows: Of ``kiqa score``, by path.

    Raises:
        ValueError: If they do not fit.
    """
    info = scorer.info
    if scorer.needs_reference:
        raise ValueError(
            f"Expected a no-reference model. Received: {info.name}, which compares images with "
            "others. Use another model."
        )
    others = {row["model"] for row in rows.values() if row["weights_sha256"] != info.sha256}
    if others:
        raise ValueError(
            f"Expected rows of the model {info.name}. Received: rows of {', '.join(sorted(others))}"
            ", or of another file of it. Name their model by --model."
        )


def check_read(entries: Sequence[Entry], errors: Sequence[str]) -> None:
    """Refuse to make anything of a collection of which nothing could be read.

    Args:
        entries: Of the images that could be read.
        errors: Why the others could not.

    Raises:
        ValueError: If there is no entry.
    """
    if not entries:
        raise ValueError(
            f"Expected images that can be read. Received: {len(errors)} errors, the first: "
            f"{errors[0]}"
        )


def has_maps(scorer: Scorer) -> bool:
    """Say whether a model makes quality maps."""
    try:
        scorer.check_maps()
        scales.limits(scorer.info.scale)
    except ValueError:
        return False
    return True
