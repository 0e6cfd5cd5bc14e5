"""Agreement of predicted scores with MOS over a whole set of images.

Public names: :func:`srocc`, :func:`plcc`, :func:`krocc`, :func:`rmse`,
:data:`METRICS`, :func:`check_mos`, :func:`checked_pair`, :func:`mapped_to_mos`.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy import stats

from kiqa.evaluation.logistic import FitError, apply_logistic, fit_logistic


def check_mos(mos: np.ndarray | Sequence[float]) -> None:
    """Refuse a set of images on which no correlation exists, whatever a model says.

    Args:
        mos: Mean opinion scores, shape ``(N,)``.

    Raises:
        ValueError: If ``N`` is below 3, a MOS is not finite, or all are equal.

    Examples:
        >>> check_mos([0.2, 0.4, 0.9])
    """
    checked_pair(mos, mos, names=("MOS", "MOS"))


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
    x, y = checked_pair(predicted, mos)
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
    x, y = checked_pair(predicted, mos)
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
    x, y = checked_pair(predicted, mos)
    return float(stats.pearsonr(mapped_to_mos(x, y, logistic), y).statistic)


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
        x, y = checked_pair(predicted, mos, least=1, constant=True)
    else:
        x, y = checked_pair(predicted, mos)
    return float(np.sqrt(np.mean((mapped_to_mos(x, y, logistic) - y) ** 2)))


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


def mapped_to_mos(x: np.ndarray, y: np.ndarray, logistic: int | None) -> np.ndarray:
    """Return predictions on the scale of the MOS, through a logistic fitted to both.

    Args:
        x: Predictions, of `checked_pair`.
        y: MOS, likewise.
        logistic: Number of its parameters; ``None`` leaves the predictions.

    Returns:
        The predictions, shape ``(N,)``.

    Raises:
        FitError: If it cannot be fitted.

    Examples:
        >>> x = np.linspace(0, 1, 20)
        >>> bool(np.ptp(mapped_to_mos(x, 1 + 4 / (1 + np.exp(-9 * x)), 4)) > 1)
        True
    """
    if logistic is None:
        return x
    found = apply_logistic(fit_logistic(x, y, logistic=logistic), x)
    if np.ptp(found) == 0:
        raise FitError(
            f"The {logistic}-parameter logistic did not converge: it maps all {x.size} "
            "predictions to one value. Report logistic=None."
        )
    return found


_NO_SPREAD = {
    "predictions": "A network that answers a constant is dead; train it again with another seed.",
    "MOS": "There is nothing to rank; check the column of the MOS, or take a larger set.",
}


def checked_pair(
    predicted: np.ndarray | Sequence[float],
    mos: np.ndarray | Sequence[float],
    *,
    least: int = 3,
    constant: bool = False,
    names: tuple[str, str] = ("predictions", "MOS"),
) -> tuple[np.ndarray, np.ndarray]:
    """Return both inputs as float64.

    Args:
        predicted: Shape ``(N,)``.
        mos: Shape ``(N,)``.
        least: Least number of images.
        constant: Whether all values of an input may be the same.
        names: What a message calls them.

    Returns:
        Both, each of shape ``(N,)``.

    Raises:
        ValueError: If they cannot be compared; the message says why.

    Examples:
        >>> checked_pair([1, 2, 3], [0.1, 0.2, 0.4])[0].tolist()
        [1.0, 2.0, 3.0]
    """
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
