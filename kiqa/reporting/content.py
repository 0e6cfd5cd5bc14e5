"""What the page of a report shows, as plain data.

Public name: `page_content`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from kiqa import __version__
from kiqa.defects.reasons import MEASURES, limits
from kiqa.reporting.choosing import Placed
from kiqa.reporting.entries import Entry
from kiqa.scoring import Scorer

_EPOCH = datetime(1970, 1, 1)


def page_content(
    entries: Sequence[Entry],
    numbers: Sequence[int],
    errors: Sequence[tuple[str, str]],
    found: Placed,
    scorer: Scorer,
) -> dict[str, Any]:
    """Return what the script of the page shows.

    Args:
        entries: The images.
        numbers: Of their thumbnails on the page.
        errors: Name and reason of each file that could not be read.
        found: Where the images stand.
        scorer: Whose scores they are.
    """
    info = scorer.info
    scores = np.sort([entry.score for entry in entries])
    own = [entry.row.get("percentile") for entry in entries]
    known = None not in own
    bounds, places = limits(), {at: rank for rank, at in enumerate(found.chosen, start=1)}
    images = [
        {
            "id": numbers[at],
            "name": entry.name,
            "score": round(entry.score, 6),
            "percentile": own[at] if known else _percentile(entry, scores, info),
            "interval": _interval(entry),
            "width": entry.row["width"],
            "height": entry.row["height"],
            "note": entry.row.get("note"),
            "taken": _date(entry.taken),
            "reasons": [entry.row.get(measure.name) for measure in MEASURES],
            "defects": list(entry.defects),
            "places": _places(entry),
            "group": found.groups[at],
            "best": at in found.best,
            "chosen": places.get(at),
            "map": entry.quality_map,
        }
        for at, entry in enumerate(entries)
    ]
    better = "higher is better" if info.higher_is_better else "lower is better"
    count = f"{len(entries)} image{'s' * (len(entries) != 1)}"
    against = f"the training images of {info.name}" if known else "these images"
    return {
        "images": images,
        "errors": errors,
        "measures": [
            {"title": measure.title, "defect": measure.defect, "unit": measure.unit,
             "above": measure.above, "limit": bounds[measure.name], "times": measure.times,
             "zero": measure.zero}
            for measure in MEASURES
        ],
        "higher_is_better": info.higher_is_better,
        "summary": f"{count}; scores of {info.name}, {info.scale}, {better}",
        "about": f"Made by kiqa {__version__}, model {info.name} (sha256 {info.sha256[:12]}). "
        f"Percentile: the share of {against} that are worse. Reasons are measured without the "
        "model; a defect is a value beyond its limit.",
    }  # fmt: skip


def _percentile(entry, scores, info):
    """Per cent of the images of the collection that are worse."""
    if info.higher_is_better:
        worse = np.searchsorted(scores, entry.score)
    else:
        worse = len(scores) - np.searchsorted(scores, entry.score, side="right")
    return round(100 * float(worse) / len(scores), 2)


def _interval(entry):
    """Of the mean opinion scores of similar images; None of models that have none."""
    ends = [entry.row.get("low"), entry.row.get("high")]
    return None if None in ends else ends


def _places(entry):
    texts = entry.row.get("sharpest"), entry.row.get("softest")
    return None if None in texts else [[int(n) for n in text.split(",")] for text in texts]


def _date(seconds):
    if seconds is None:
        return None
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):  # no number, or beyond the years that a calendar has
        return None
    return moment.isoformat(" ", "seconds")
