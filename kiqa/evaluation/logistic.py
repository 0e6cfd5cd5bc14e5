"""The VQEG logistic functions that map predictions onto the MOS scale.

With ``x`` a prediction and ``s(z) = 1 / (1 + exp(-z))``:

- 4 parameters: ``b2 + (b1 - b2) s((x - b3) / |b4|)``
- 5 parameters: ``b1 (s(b2 (x - b3)) - 1/2) + b4 x + b5``

Public names: :func:`fit_logistic`, :func:`apply_logistic`, :class:`FitError`.

References:
    VQEG, Final report on the validation of objective models of video quality
    assessment, phase I, 2000 (4 parameters); Sheikh, Sabir and Bovik, A
    statistical evaluation of recent full reference image quality assessment
    algorithms, IEEE TIP 15(11), 2006 (5 parameters).
"""

import warnings
from collections.abc import Callable

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.special import expit
from scipy.stats import spearmanr

_MAX_EVALUATIONS = 20_000


class FitError(ValueError):
    """The logistic fit did not converge from any start."""


def fit_logistic(predicted: np.ndarray, mos: np.ndarray, *, logistic: int) -> np.ndarray:
    """Fit a VQEG logistic from predictions to MOS by least squares.

    The fit runs from two starts and the smaller sum of squares wins: the
    start in common use (4 parameters: largest MOS, smallest MOS, mean
    prediction, a quarter of the predictions' standard deviation; 5: 10, 0,
    mean MOS, 0.1, 0.1) and one on the scale of the data. The sign of SROCC
    gives both starts their direction.

    Args:
        predicted: Shape ``(N,)``, finite, not constant.
        mos: Shape ``(N,)``, finite, not constant.
        logistic: 4 or 5 parameters.

    Returns:
        The parameters, ``float64`` of shape ``(logistic,)``, for
        :func:`apply_logistic`.

    Raises:
        FitError: If the fit did not converge from either start.
        ValueError: If ``logistic`` is not 4 or 5, or the predictions are no
            more than the parameters.

    Examples:
        >>> predicted = np.linspace(0, 1, 30)
        >>> mos = 1 + 4 / (1 + np.exp(-(predicted - 0.5) / 0.1))
        >>> fit_logistic(predicted, mos, logistic=4).round(3)
        array([5. , 1. , 0.5, 0.1])
    """
    if logistic not in (4, 5):
        raise ValueError(
            f"Expected logistic=4 or 5 parameters, received {logistic!r}. "
            "Pass None to plcc or rmse for no fit."
        )
    x = np.asarray(predicted, np.float64)
    y = np.asarray(mos, np.float64)
    if x.size <= logistic:
        raise ValueError(
            f"Expected more than {logistic} predictions to fit {logistic} parameters, "
            f"received {x.size}. Use logistic=None or more images."
        )
    function = _FUNCTIONS[logistic]
    best, least = None, np.inf
    for start in _starts(x, y, logistic):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", OptimizeWarning)  # covariance is not used
                found, _ = curve_fit(function, x, y, start, maxfev=_MAX_EVALUATIONS)
        except RuntimeError:  # SciPy's word for: evaluations used up
            continue
        squares = np.sum((function(x, *found) - y) ** 2)
        if np.all(np.isfinite(found)) and squares < least:
            best, least = found, squares
    if best is None:
        raise FitError(
            f"The {logistic}-parameter logistic did not converge on {x.size} predictions "
            f"within {_MAX_EVALUATIONS} evaluations from 2 starts. Look at the scatter plot; "
            "report logistic=None, or the other number of parameters."
        )
    return best


def apply_logistic(parameters: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Map predictions onto the MOS scale.

    Args:
        parameters: Result of :func:`fit_logistic`, 4 or 5 numbers.
        predicted: Array of any shape.

    Returns:
        ``float64`` array of the shape of ``predicted``.

    Examples:
        >>> apply_logistic(np.array([5.0, 1.0, 0.5, 0.1]), np.array([0.5]))
        array([3.])
    """
    return _FUNCTIONS[len(parameters)](np.asarray(predicted, np.float64), *parameters)


def _four(x, b1, b2, b3, b4):
    return b2 + (b1 - b2) * expit((x - b3) / np.maximum(np.abs(b4), np.finfo(float).tiny))


def _five(x, b1, b2, b3, b4, b5):
    return b1 * (expit(b2 * (x - b3)) - 0.5) + b4 * x + b5


_FUNCTIONS: dict[int, Callable[..., np.ndarray]] = {4: _four, 5: _five}


def _starts(x, y, logistic):
    """The start in common use, then one on the scale of the data."""
    sign = -1.0 if spearmanr(x, y).statistic < 0 else 1.0
    low, high = (y.min(), y.max())[:: int(sign)]
    if logistic == 4:
        return (high, low, x.mean(), x.std() / 4), (high, low, np.median(x), x.std())
    return (
        (sign * 10, 0.0, y.mean(), sign * 0.1, 0.1),
        (high - low, 1 / x.std(), x.mean(), 0.0, y.mean()),
    )
