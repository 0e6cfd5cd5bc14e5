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
from functools import lru_cache

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.special import expit
from scipy.stats import spearmanr

_MAX_EVALUATIONS = 20_000
_TINY = np.finfo(float).tiny
_ALMOST_A_LINE = 1e4  # standard deviations; a logistic so wide is straight to 1e-8


class FitError(ValueError):
    """The logistic fit did not converge from any start."""


def fit_logistic(predicted: np.ndarray, mos: np.ndarray, *, logistic: int) -> np.ndarray:
    """Fit a VQEG logistic from predictions to MOS by least squares.

    The fit runs from several starts and the smallest sum of squares wins: the
    start in common use (4 parameters: largest MOS, smallest MOS, mean
    prediction, a quarter of the predictions' standard deviation; 5: 10, 0,
    mean MOS, 0.1, 0.1), one on the scale of the data, and what a smaller
    model reaches: a line, and for 5 parameters the 4 fitted ones, which are
    a case of them. So no fit ends worse than a smaller model, and 5
    parameters have a result where 4 have one. The sign of SROCC gives the
    first two starts their direction. At the end the parameters in which the
    function is linear are set to their best.

    Args:
        predicted: Shape ``(N,)``, finite, not constant.
        mos: Shape ``(N,)``, finite, not constant.
        logistic: 4 or 5 parameters.

    Returns:
        The parameters, ``float64`` of shape ``(logistic,)``, for
        :func:`apply_logistic`.

    Raises:
        FitError: If the fit did not converge from any start.
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
    best = _remembered(x.tobytes(), y.tobytes(), logistic)
    if best is None:
        raise FitError(
            f"The {logistic}-parameter logistic did not converge on {x.size} predictions "
            f"within {_MAX_EVALUATIONS} evaluations from any start. Look at the scatter plot; "
            "report logistic=None, or the other number of parameters."
        )
    return best.copy()


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
    return b2 + (b1 - b2) * expit((x - b3) / np.maximum(np.abs(b4), _TINY))


def _five(x, b1, b2, b3, b4, b5):
    return b1 * (expit(b2 * (x - b3)) - 0.5) + b4 * x + b5


_FUNCTIONS: dict[int, Callable[..., np.ndarray]] = {4: _four, 5: _five}


# A report asks for the same fit for PLCC, for RMSE and for their intervals, and 5 parameters for 4.
@lru_cache(maxsize=16)
def _remembered(predicted, mos, logistic):
    """What `_best` finds, of the bytes of both arrays."""
    with np.errstate(all="ignore"):  # what is not finite is no candidate
        return _best(np.frombuffer(predicted), np.frombuffer(mos), logistic)


def _best(x, y, logistic):
    """The parameters of the least sum of squares, ``None`` where nothing converged."""
    found = [_descended(x, y, start, logistic) for start in _starts(x, y, logistic)]
    if logistic == 5:
        smaller = _remembered(x.tobytes(), y.tobytes(), 4)
        if smaller is not None:
            high, low, middle, width = smaller
            case = high - low, 1 / np.maximum(np.abs(width), _TINY), middle, 0, (high + low) / 2
            found += [np.array(case), _descended(x, y, case, logistic)]
    elif any(each is not None for each in found):
        found.append(np.array([1, 0, x.mean(), _ALMOST_A_LINE * x.std()]))
    found = [each for each in found if each is not None]
    found += [_scaled(x, y, each) for each in found]
    found = [(_squares(x, y, each), each) for each in found if np.all(np.isfinite(each))]
    found = [each for each in found if np.isfinite(each[0])]
    return min(found, key=lambda each: each[0])[1] if found else None


def _descended(x, y, start, logistic):
    """Where least squares end from a start, ``None`` where they do not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptimizeWarning)  # covariance is not used
            return curve_fit(_FUNCTIONS[logistic], x, y, start, maxfev=_MAX_EVALUATIONS)[0]
    except RuntimeError:  # SciPy's word for: evaluations used up
        return None


def _squares(x, y, parameters):
    return np.sum((_FUNCTIONS[len(parameters)](x, *parameters) - y) ** 2)


def _scaled(x, y, parameters):
    """The same curve with the best of the parameters in which it is linear."""
    if len(parameters) == 4:
        _, _, middle, width = parameters
        (slope,), level = _plane([_four(x, 1, 0, middle, width)], y)
        return np.array([level + slope, level, middle, width])
    _, steepness, middle, _, _ = parameters
    (slope, line), level = _plane([_five(x, 1, steepness, middle, 0, 0), x], y)
    return np.array([slope, steepness, middle, line, level])


def _plane(columns, y):
    """Slopes and level of the best sum of columns; a constant column has slope 0."""
    middles = [column.mean() for column in columns]
    widths = [column.std() for column in columns]
    usable = [np.isfinite(width) and width > 0 for width in widths]
    parts = zip(columns, middles, widths, usable, strict=True)
    units = [(column - middle) / width for column, middle, width, use in parts if use]
    slopes = np.zeros(len(columns))
    if units:
        found = np.linalg.lstsq(np.stack(units, axis=1), y - y.mean(), rcond=None)[0]
        slopes[usable] = found / np.array(widths)[usable]
    return slopes, y.mean() - np.sum(slopes * middles)


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
