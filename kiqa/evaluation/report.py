"""Tables of results: as a dictionary, as Markdown, as CSV and as JSON.

Files are written under a temporary name and renamed, so a full disk or an
interrupt leaves the old file, never half a new one.

Public names: :func:`scored_pairs`, :func:`correlation_report`, :func:`image_count`,
:func:`without_value`, :func:`undefined_metrics`, :func:`metric_cells`, :func:`to_markdown`,
:func:`write_csv`, :func:`write_json`.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kiqa.evaluation.bootstrap import bootstrap_interval
from kiqa.evaluation.correlation import METRICS, check_mos
from kiqa.evaluation.resampling import groups_of
from kiqa.io.csv_lines import write_csv_file
from kiqa.io.files import write_atomically
from kiqa.io.text import printable

REPORTED = ("srocc", "plcc", "plcc4", "plcc5", "krocc", "rmse")
CORRELATIONS = ("srocc", "plcc", "krocc")


def scored_pairs(
    rows: Sequence[Mapping], images: Sequence, mos_of: Callable[[Any], float]
) -> tuple[np.ndarray, np.ndarray, list | None]:
    """Leave out the images that have no score.

    Args:
        rows: ``score`` and ``error`` of each image; a row counts where
            ``error`` is ``None``.
        images: The images, with their ``content``, in the same order.
        mos_of: From an image to its MOS; asked for those with a score.

    Returns:
        Scores and MOS of the others, each of shape (n,), and their contents
        where two have one, else ``None``: the ``groups`` of a bootstrap.

    Raises:
        ValueError: If no image has a score; the first error is named.
    """
    scored = [
        (row["score"], mos_of(image), image.content)
        for row, image in zip(rows, images, strict=True)
        if row["error"] is None
    ]
    if not scored:
        raise ValueError(
            f"Expected images that can be scored. Received: {len(rows)} errors, the first: "
            f"{rows[0]['error']}"
        )
    scores, values, contents = zip(*scored, strict=True)
    return np.array(scores, float), np.array(values, float), groups_of(contents)


def correlation_report(
    predicted: np.ndarray,
    mos: np.ndarray,
    *,
    seed: int,
    n: int = 1000,
    level: float = 0.95,
    groups: Sequence | None = None,
) -> dict:
    """Every metric of :data:`REPORTED` with its bootstrap interval.

    A metric that does not exist on these scores (constant predictions, too
    few images for the fit, no convergence) has ``value`` None and a ``note``
    that says why; the others are reported all the same.

    Args:
        predicted: Shape ``(N,)``, image scores, higher is better.
        mos: Shape ``(N,)``, mean opinion scores.
        seed: Seed of the bootstrap.
        n: Number of resamples.
        level: Coverage of the intervals.
        groups: As for `kiqa.evaluation.bootstrap.bootstrap_interval`.

    Returns:
        ``images``, with ``groups`` their number, ``seed``, ``resamples``,
        ``level`` and ``metrics``: name to ``value``, ``lo``, ``hi`` and,
        where it applies, ``note``. Fit for JSON.

    Raises:
        ValueError: If the lengths differ, there are fewer than three images,
            all MOS are equal, or a score is not finite.
    """
    METRICS["rmse"](predicted, mos)  # refuses what no metric could take
    check_mos(mos)
    return {
        "images": len(mos),
        **({} if groups is None else {"groups": len(set(groups))}),
        "seed": seed,
        "resamples": n,
        "level": level,
        "metrics": {
            name: _entry(name, predicted, mos, n=n, seed=seed, level=level, groups=groups)
            for name in REPORTED
        },
    }


def image_count(report: Mapping[str, Any]) -> str:
    """Say how many images a result is of, and how many scenes its intervals draw.

    Args:
        report: With ``images`` and, where whole scenes are drawn, ``groups``, such as that
            of :func:`correlation_report`.

    Returns:
        Such as ``"12 images of 6 scenes"``, or ``"12 images"`` where single images are drawn.
    """
    scenes = f" of {report['groups']} scenes" if "groups" in report else ""
    return f"{report['images']} images{scenes}"


def without_value(note: str) -> dict[str, Any]:
    """Return what :func:`correlation_report` has of a metric that does not exist, and why."""
    return {"value": None, "lo": None, "hi": None, "note": note}


def undefined_metrics(metrics: Mapping[str, Mapping], names: Sequence[str] = CORRELATIONS) -> str:
    """Say which metrics do not exist; a command that prints them has not succeeded then.

    Args:
        metrics: ``metrics`` of :func:`correlation_report`.
        names: Those that have to exist. The fits need more images than the
            others, and are left out of the default.

    Returns:
        One line with the names and the first reason; empty where all exist.
    """
    missing = {name: metrics[name]["note"] for name in names if metrics[name]["value"] is None}
    return f"no {', '.join(missing)}: {next(iter(missing.values()))}" if missing else ""


def metric_cells(
    metrics: Mapping[str, Mapping],
    titles: Mapping[str, str],
    *,
    intervals: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Lay metrics out as cells of a row for :func:`to_markdown`.

    Args:
        metrics: ``metrics`` of :func:`correlation_report`.
        titles: From the title of a column to the name of its metric.
        intervals: Titles that get a column ``TITLE 95 %`` as well, where
            there is an interval; ``None`` is all.

    Returns:
        Cells by title.
    """
    cells = {}
    for title, name in titles.items():
        entry = metrics[name]
        cells[title] = entry["value"]
        if entry["lo"] is not None and (intervals is None or title in intervals):
            cells[f"{title} 95 %"] = f"{entry['lo']:.3f} .. {entry['hi']:.3f}"
    return cells


def _entry(name, predicted, mos, **bootstrap):
    entry: dict[str, float | str | None] = {"value": None, "lo": None, "hi": None}
    try:
        entry["value"] = METRICS[name](predicted, mos)
        entry["lo"], entry["hi"] = bootstrap_interval(name, predicted, mos, **bootstrap)
    except ValueError as error:
        entry["note"] = str(error)
    return entry


def to_markdown(rows: Sequence[Mapping], *, digits: int = 3) -> str:
    """Lay rows out as a Markdown table, columns aligned.

    Args:
        rows: Mappings from column to value, at least one; the columns are
            those of all rows in order of appearance. None or a missing value
            is an empty cell.
        digits: Decimals of floats.

    Returns:
        The table, without a final line break.

    Raises:
        ValueError: If there is no row.
    """
    names = _columns(rows)
    table = [names, *([_cell(row.get(name), digits) for name in names] for row in rows)]
    widths = [max(3, *(len(line[i]) for line in table)) for i in range(len(names))]
    lines = [_line(line, widths) for line in table]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def _line(cells, widths):
    return "| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)) + " |"


def _cell(value, digits):
    if value is None:
        return ""
    if isinstance(value, (float, np.floating)):
        return f"{value:.{digits}f}"
    return printable(str(value)).replace("|", "\\|")


def _columns(rows):
    if not rows:
        raise ValueError("Expected at least one row, received none. Check what was selected.")
    return list(dict.fromkeys(str(name) for row in rows for name in row))


def write_csv(
    rows: Sequence[Mapping], path: str | os.PathLike, *, spreadsheet: bool = False
) -> Path:
    """Write rows as UTF-8 CSV with a header line.

    Args:
        rows: Mappings from column to value, at least one; a missing value is
            an empty field.
        path: Target file; replaced when it exists.
        spreadsheet: As for `kiqa.io.csv_lines.csv_line`.

    Returns:
        The path written.

    Raises:
        ValueError: If there is no row.
    """
    names = _columns(rows)
    cells = ([row.get(name) for name in names] for row in rows)
    return write_csv_file(path, names, cells, spreadsheet=spreadsheet)


def write_json(content: Mapping | Sequence, path: str | os.PathLike) -> Path:
    """Write indented UTF-8 JSON.

    Args:
        content: What ``json`` can write; NaN and infinity are refused.
        path: Target file; replaced when it exists.

    Returns:
        The path written.

    Raises:
        ValueError: If a number is not finite.
    """
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise ValueError(
            f"Expected finite numbers for {path}, received one that is not ({error}). "
            "Write None where there is no value."
        ) from error
    # Of a byte in a name that is no UTF-8 the escape is JSON's own.
    write_atomically(path, f"{text}\n".encode("utf-8", "backslashreplace"))
    return Path(path)
