"""Confidence intervals of the agreement of scores with MOS, and of the difference of two models.

Public names: :func:`bootstrap_interval`, :func:`paired_bootstrap`.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from kiqa.evaluation.correlation import METRICS, checked_pair, mapped_to_mos
from kiqa.evaluation.resampling import (
    draws_of,
    krocc_rows,
    percentile_interval,
    plcc_rows,
    rmse_rows,
    srocc_rows,
)

_ROWS = {  # name -> the metric of many draws at once, the logistic fitted before
    "srocc": (srocc_rows, None),
    "plcc": (plcc_rows, None),
    "plcc4": (plcc_rows, 4),
    "plcc5": (plcc_rows, 5),
    "krocc": (krocc_rows, None),
    "rmse": (rmse_rows, None),
    "rmse4": (rmse_rows, 4),
    "rmse5": (rmse_rows, 5),
}


def bootstrap_interval(
    metric: str | Callable[[np.ndarray, np.ndarray], float],
    predicted: np.ndarray,
    mos: np.ndarray,
    *,
    n: int = 1000,
    seed: int,
    level: float = 0.95,
    groups: Sequence | None = None,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a metric, resampling images.

    Ranks are taken anew in every resample. A logistic is fitted once, on all
    images, and held: the interval is that of the mapped scores. Resamples
    in which a correlation is undefined (one value only) are left out.

    Args:
        metric: A name of :data:`METRICS`, or a function of predictions and
            MOS that returns a float (called once a resample).
        predicted: Shape ``(N,)``.
        mos: Shape ``(N,)``.
        n: Number of resamples.
        seed: Seed of the resampling.
        level: Coverage, above 0 and below 1.
        groups: ``N`` labels of what is drawn as one, such as the scene of each
            image where several show one: these are not independent of each
            other. ``None`` draws single images.

    Returns:
        ``(lower, upper)``.

    Raises:
        ValueError: If the inputs are refused by the metric, an option is
            out of range, or over half of the resamples are undefined.

    Examples:
        >>> mos = np.arange(20.0)
        >>> predicted = mos + 5 * np.sin(mos)
        >>> low, high = bootstrap_interval("srocc", predicted, mos, seed=0)
        >>> low < METRICS["srocc"](predicted, mos) < high
        True
    """
    rows, x, y, _ = _prepared(metric, predicted, mos)
    (draws,) = draws_of(rows, [x], y, groups, n=n, seed=seed)
    return percentile_interval(draws, level=level)


def paired_bootstrap(
    metric: str | Callable[[np.ndarray, np.ndarray], float],
    predicted_a: np.ndarray,
    predicted_b: np.ndarray,
    mos: np.ndarray,
    *,
    n: int = 1000,
    seed: int,
    level: float = 0.95,
    groups: Sequence | None = None,
) -> dict[str, float]:
    """Compare two models on the same images by a paired bootstrap.

    Each resample of the images is scored for both models, so what makes an
    image hard for both cancels.

    Args:
        metric: As in :func:`bootstrap_interval`.
        predicted_a: Shape ``(N,)``, scores of model A.
        predicted_b: Shape ``(N,)``, scores of model B, same image order.
        mos: Shape ``(N,)``.
        n: Number of resamples.
        seed: Seed of the resampling.
        level: Coverage of the interval.
        groups: As in :func:`bootstrap_interval`.

    Returns:
        ``difference`` (metric of A less metric of B; for RMSE negative means
        that A is better), its interval ``lo`` and ``hi``, and the two-sided
        ``p``: twice the smaller share of resamples on either side of 0,
        counting the observed set as one more, at most 1.

    Raises:
        ValueError: As :func:`bootstrap_interval`.

    Examples:
        >>> mos = np.arange(20.0)
        >>> near, far = mos + np.sin(mos), mos + 20 * np.sin(mos)
        >>> result = paired_bootstrap("srocc", near, far, mos, seed=0)
        >>> result["difference"] > 0, result["p"] < 0.05
        (True, True)
    """
    rows_a, a, y, value_a = _prepared(metric, predicted_a, mos)
    _, b, _, value_b = _prepared(metric, predicted_b, mos)
    draws_a, draws_b = draws_of(rows_a, [a, b], y, groups, n=n, seed=seed)
    draws = draws_a - draws_b
    lo, hi = percentile_interval(draws, level=level)
    beyond = min(np.sum(draws <= 0), np.sum(draws >= 0))
    known = np.sum(~np.isnan(draws))
    return {
        "difference": value_a - value_b,
        "lo": lo,
        "hi": hi,
        "p": float(min(1.0, 2 * (beyond + 1) / (known + 1))),
    }


def _prepared(metric, predicted, mos):
    """The metric of many draws, the scores to draw from, MOS, and the value."""
    if callable(metric):
        x, y = checked_pair(predicted, mos, least=1, constant=True)
        return partial(_each_row, metric), x, y, float(metric(x, y))
    if metric not in METRICS:
        raise ValueError(
            f"Expected a metric among {', '.join(METRICS)}, or a function, received "
            f"{metric!r}. Use one of these names."
        )
    value = METRICS[metric](predicted, mos)
    rows, logistic = _ROWS[metric]
    x, y = checked_pair(predicted, mos, least=1, constant=True)
    return rows, mapped_to_mos(x, y, logistic), y, value


def _each_row(metric, scores, mos):
    """Call a function of one set on each row; a refusal is an undefined row."""
    values = []
    for x, y in zip(scores, mos, strict=True):
        try:
            values.append(metric(x, y))
        except ValueError:
            values.append(np.nan)
    return np.array(values)
