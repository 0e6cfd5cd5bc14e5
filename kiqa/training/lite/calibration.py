"""Where a score stands, and how far it may be from the mean opinion score.

Public names: `percentiles`, `interval`.

References:
    J. Lei et al., Distribution-free predictive inference for regression,
    JASA 113(523), 2018, section 2.2 (split conformal prediction).
"""

import math

import numpy as np

_RANGES = 4  # of the score, each with its own half-width


def percentiles(scores: np.ndarray) -> list[float]:
    """Return the scores at 0, 1, ... 100 %.

    Args:
        scores: Of the training images.

    Returns:
        101 rising numbers.
    """
    return [round(float(value), 5) for value in np.percentile(scores, np.arange(101))]


def interval(
    predicted: np.ndarray, wanted: np.ndarray, *, level: float, edges_from: np.ndarray
) -> dict:
    """Return the half-widths of an interval by split conformal prediction.

    In each range of the score the half-width is the error that
    ``ceil((n + 1) * level)`` of its n validation images do not exceed, so that
    an interval holds a new image's MOS with at least that probability, if it
    is drawn as the validation images were. A range with too few images for the
    level gets the whole scale.

    Args:
        predicted: Scores of validation images, which no training saw, (n,).
        wanted: Their MOS, (n,).
        level: Probability.
        edges_from: Scores whose quartiles bound the ranges.

    Returns:
        ``level``, ``edges`` and ``half_widths``, of JSON types.
    """
    edges = [
        round(float(value), 5) for value in np.quantile(edges_from, np.arange(1, _RANGES) / _RANGES)
    ]
    places = np.searchsorted(edges, predicted, side="right")
    errors, widths = np.abs(predicted - wanted), []
    for place in range(_RANGES):
        own = np.sort(errors[places == place])
        rank = math.ceil((len(own) + 1) * level)
        # Too few to say anything: the whole scale.
        width = float(own[rank - 1]) if rank <= len(own) else 1.0
        widths.append(round(width, 5))
    return {"level": level, "edges": edges, "half_widths": widths}
