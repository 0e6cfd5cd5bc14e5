"""Agreement of predicted scores with MOS over a whole set of images.

Public names: :func:`srocc`, :func:`plcc`, :func:`krocc`, :func:`rmse`,
:data:`METRICS`, :func:`check_mos`, :func:`bootstrap_interval`,
:func:`paired_bootstrap`, and :func:`fit_logistic` of
:mod:`kiqa.evaluation.logistic`.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy import stats

from kiqa.evaluation.logistic import FitError, apply_logistic, fit_logistic
from kiqa.evaluation.resampling import (
    krocc_rows,
    percentile_interval,
    plcc_rows,
    resample,
    rmse_rows,
    srocc_rows,
)


def check_mos(mos: np.ndarray | Sequence[float]) -> None:
    """Refuse a set of images on which no correlation exists, whatever a model says.

    Args:
        mos: Mean opinion scores, shape ``(N,)``.

    Raises:
        ValueError: If ``N`` is below 3, a MOS is not finite, or all are equal.

    Examples:
        >>> check_mos([0.2, 0.4, 0.9])
    """
    _pair(mos, mos, names=("MOS", "MOS"))


def srocc(predicted: np.ndarray, mos: np.ndarray) -> float:
    """Spearman rank correlation (SROCC) of predictions with MOS.

    Ties take their mean rank.

    Args:
        predicted: Shape ``(N,)``, image scores, higher is better.
        mos: Shape ``(N,)``, mean opinion scores. Pass DMOS negated.

    Returns:
        float in [-1, 1].

    Raises:
        ValueError: If the lengths differ, ``N`` is below 3, a value is not
            finite, or either input is constant.

    Examples:
        >>> predicted = [0.1, 0.4, 0.3, 0.8, 0.9]
        >>> mos = [1.0, 2.0, 3.0, 4.0, 5.0]
        >>> round(srocc(predicted, mos), 3)
        0.9
    """
    x, y = _pair(predicted, mos)
    return float(stats.spearmanr(x, y).statistic)


def krocc(predicted: np.ndarray, mos: np.ndarray) -> float:
    """Kendall rank correlation (KROCC, tau-b) of predictions with MOS.

    Args:
        predicted: As for :func:`srocc`.
        mos: As for :func:`srocc`.

    Returns:
        float in [-1, 1].

    Raises:
        ValueError: As :func:`srocc`.

    Examples:
        >>> round(krocc([0.1, 0.4, 0.3, 0.8, 0.9], [1.0, 2.0, 3.0, 4.0, 5.0]), 3)
        0.8
    """
    x, y = _pair(predicted, mos)
    return float(stats.kendalltau(x, y).statistic)


def plcc(predicted: np.ndarray, mos: np.ndarray, *, logistic: int | None) -> float:
    """Pearson linear correlation (PLCC) of predictions with MOS.

    Args:
        predicted: As for :func:`srocc`.
        mos: As for :func:`srocc`.
        logistic: ``None`` for the raw correlation, 4 or 5 to fit that many
            parameters of the VQEG logistic from predictions to MOS first.
            No default: papers differ, and the number depends on it.

    Returns:
        float in [-1, 1].

    Raises:
        ValueError: If the lengths differ, ``N`` is below 3 or not above the
            number of fitted parameters, a value is not finite, either input
            is constant, or (``FitError``) the fit did not converge.

    Notes:
        The fit uses the very scores that are reported, as is usual in this
        field, so fitted PLCC compares with fitted PLCC only.

    Examples:
        >>> predicted = [0.1, 0.4, 0.3, 0.8, 0.9]
        >>> mos = [1.0, 2.0, 3.0, 4.0, 5.0]
        >>> round(plcc(predicted, mos, logistic=None), 3)
        0.933
    """
    x, y = _pair(predicted, mos)
    return float(stats.pearsonr(_mapped(x, y, logistic), y).statistic)


def rmse(predicted: np.ndarray, mos: np.ndarray, *, logistic: int | None) -> float:
    """Root mean squared error of predictions, in units of MOS.

    Args:
        predicted: Shape ``(N,)``, image scores; on the scale of ``mos`` when
            ``logistic`` is ``None``. A constant is allowed there.
        mos: Shape ``(N,)``, mean opinion scores.
        logistic: ``None``, or 4 or 5 fitted parameters as in :func:`plcc`.

    Returns:
        float, at least 0; lower is better.

    Raises:
        ValueError: As :func:`plcc`, save that ``N`` may be 1 and inputs may
            be constant without a fit.

    Examples:
        >>> rmse([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], logistic=None)
        1.0
    """
    if logistic is None:
        x, y = _pair(predicted, mos, least=1, constant=True)
    else:
        x, y = _pair(predicted, mos)
    return float(np.sqrt(np.mean((_mapped(x, y, logistic) - y) ** 2)))


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "srocc": srocc,
    "plcc": partial(plcc, logistic=None),
    "plcc4": partial(plcc, logistic=4),
    "plcc5": partial(plcc, logistic=5),
    "krocc": krocc,
    "rmse": partial(rmse, logistic=None),
    "rmse4": partial(rmse, logistic=4),
    "rmse5": partial(rmse, logistic=5),
}

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

    Returns:
        ``(lower, upper)``.

    Raises:
        ValueError: If the inputs are refused by the metric, an option is
            out of range, or over half of the resamples are undefined.

    Examples:
        >>> mos = np.arange(20.0)
        >>> predicted = mos + 5 * np.sin(mos)
        >>> low, high = bootstrap_interval("srocc", predicted, mos, seed=0)
        >>> low < srocc(predicted, mos) < high
        True
    """
    rows, x, y, _ = _prepared(metric, predicted, mos)
    return percentile_interval(resample([rows], [x], y, n=n, seed=seed)[0], level=level)


def paired_bootstrap(
    metric: str | Callable[[np.ndarray, np.ndarray], float],
    predicted_a: np.ndarray,
    predicted_b: np.ndarray,
    mos: np.ndarray,
    *,
    n: int = 1000,
    seed: int,
    level: float = 0.95,
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
    rows_b, b, _, value_b = _prepared(metric, predicted_b, mos)
    draws_a, draws_b = resample([rows_a, rows_b], [a, b], y, n=n, seed=seed)
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
        x, y = _pair(predicted, mos, least=1, constant=True)
        return partial(_each_row, metric), x, y, float(metric(x, y))
    if metric not in METRICS:
        raise ValueError(
            f"Expected a metric among {', '.join(METRICS)}, or a function, received "
            f"{metric!r}. Use one of these names."
        )
    value = METRICS[metric](predicted, mos)
    rows, logistic = _ROWS[metric]
    x, y = _pair(predicted, mos, least=1, constant=True)
    return rows, _mapped(x, y, logistic), y, value


def _each_row(metric, scores, mos):
    """Call a function of one set on each row; a refusal is an undefined row."""
    values = []
    for x, y in zip(scores, mos, strict=True):
        try:
            values.append(metric(x, y))
        except ValueError:
            values.append(np.nan)
    return np.array(values)


def _mapped(x, y, logistic):
    if logistic is None:
        return x
    mapped = apply_logistic(fit_logistic(x, y, logistic=logistic), x)
    if np.ptp(mapped) == 0:
        raise FitError(
            f"The {logistic}-parameter logistic did not converge: it maps all {x.size} "
            "predictions to one value. Report logistic=None."
        )
    return mapped


_NO_SPREAD = {
    "predictions": "A network that answers a constant is dead; train it again with another seed.",
    "MOS": "There is nothing to rank; check the column of the MOS, or take a larger set.",
}


def _pair(predicted, mos, *, least=3, constant=False, names=("predictions", "MOS")):
    """Both inputs as float64, or the reason why they cannot be compared."""
    x, y = np.asarray(predicted, np.float64), np.asarray(mos, np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(
            f"Expected predictions and MOS of one shape (N,), received {x.shape} and "
            f"{y.shape}. Join them by image name first; flatten (N, 1) with .ravel()."
        )
    if x.size < least:
        raise ValueError(f"Expected at least {least} images, received {x.size}. Use a larger set.")
    for name, values in zip(names, (x, y), strict=True):
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise ValueError(
                f"Expected finite {name}, received {bad.size} of {values.size} that are not, "
                f"the first at position {bad[0]} ({values[bad[0]]}). Leave those images out."
            )
        if not constant and np.ptp(values) == 0:
            raise ValueError(
                f"Expected {name} that differ, received {values.size} times {values[0]:g}: no "
                f"correlation is defined. {_NO_SPREAD[name]}"
            )
    return x, y
