"""What is known of each model: paper, scale, what it takes, how good it is.

Names, scales and sizes come from the weights files, where there is one, and from
`kiqa.comparators.FORMULAS`; the rest is `catalogue.csv` beside this module, whose
figures a test compares with the engines and with ``docs/results``.

Public names: `model_table`, `COLUMNS`.
"""

import csv
from importlib import resources
from typing import Any

from kiqa.comparators import FITTED, FORMULAS
from kiqa.io.weights import WeightsError, absent_models, list_models, read_info
from kiqa.scoring.engines import ENGINES, describe

COLUMNS = (
    "name",
    "paper",
    "licence",
    "scale",
    "higher_is_better",
    "least_side",
    "map",
    "needs_reference",
    "megabytes",
    "srocc",
    "measured_on",
    "weights",
)
_WHOLE, _YES_NO, _DECIMAL = (
    ("least_side",),
    ("higher_is_better", "map", "needs_reference"),
    ("srocc",),
)


def model_table() -> list[dict[str, Any]]:
    """Return a row for each model that scores images.

    Returns:
        Rows, sorted by name, with the keys of `COLUMNS`: ``paper``; ``licence``
        of the weights; ``scale`` and ``higher_is_better`` of the score;
        ``least_side`` of an image in pixels; whether there is a ``map`` and
        whether a reference is needed; ``megabytes`` of the weights, 0 where none
        are needed; ``srocc`` against mean opinion scores and the images that it
        was ``measured_on``; and ``weights``: ``"none needed"``, the file, or why
        there is none. What is not known, as of your own files, is ``None``.

    Raises:
        WeightsError: If a manifest is damaged.
        FileNotFoundError: If ``$KIQA_WEIGHTS`` is set and is no folder.

    Examples:
        >>> import kiqa
        >>> rows = {row["name"]: row for row in kiqa.model_table()}
        >>> rows["ssim"]["needs_reference"], rows["ssim"]["megabytes"]
        (True, 0.0)
    """
    notes = _notes()
    absent = absent_models()
    names = [name for name in list_models() if name not in absent]
    rows = [row for name in names if (row := _of_file(name)) is not None]
    rows += [_of_absent(name, entry) for name, entry in absent.items() if name in notes]
    rows += [_of_formula(name) for name in FORMULAS]
    there = {row["name"] for row in rows}
    rows += [
        dict.fromkeys(COLUMNS) | {"name": name, "weights": f"none: {FITTED[name].command}"}
        for name in FITTED
        if name not in there
    ]
    rows = [
        row
        | notes.get(row["name"], {})
        | {key: cell for key, cell in row.items() if cell is not None}
        for row in rows
    ]
    return sorted(rows, key=lambda row: row["name"])


def _of_file(name):
    """Row of a weights file; ``None`` for a part of another model."""
    row = dict.fromkeys(COLUMNS) | {"name": name}
    try:
        info = read_info(name)
    except WeightsError as error:
        return row | {"weights": f"damaged: {error}"}
    if info.details.mode not in ENGINES:
        return None
    parts = [info, *_companions(info)]
    return row | {
        "scale": info.scale,
        "higher_is_better": info.higher_is_better,
        "megabytes": round(sum(part.path.stat().st_size for part in parts) / 1e6, 1),
        "weights": " ".join(part.path.name for part in parts),
    }


def _of_absent(name, entry):
    """Row of a model that the package leaves out."""
    remedy = f"none: copy {entry['file']} from weights/ of kiqa's repository"
    return dict.fromkeys(COLUMNS) | {
        "name": name,
        "scale": entry.get("scale"),
        "higher_is_better": entry.get("higher_is_better"),
        "megabytes": round(entry.get("bytes", 0) / 1e6, 1),
        "weights": "downloaded when it is asked for" if entry.get("url") else remedy,
    }


def _companions(info):
    """The other files of a model, as far as they are there."""
    from kiqa.io.weights import find_companion

    for role in info.details.companions:
        try:
            yield find_companion(info, role)
        except WeightsError:
            continue


def _of_formula(name):
    info, formula = describe(name), FORMULAS[name]
    return dict.fromkeys(COLUMNS) | {
        "name": name,
        "scale": info.scale,
        "higher_is_better": info.higher_is_better,
        "least_side": formula.least_side,
        "map": formula.map is not None,
        "needs_reference": formula.needs_reference,
        "megabytes": 0.0,
        "weights": "none needed",
    }


def _notes():
    """The rows of the file beside this module, by name; empty cells are left out."""
    text = (resources.files("kiqa.scoring") / "catalogue.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        row["name"]: {key: _value(key, cell) for key, cell in row.items() if cell} for row in rows
    }


def _value(key, cell):
    if key in _WHOLE:
        return int(cell)
    if key in _YES_NO:
        return cell == "yes"
    return float(cell) if key in _DECIMAL else cell
