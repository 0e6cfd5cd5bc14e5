"""ROC of a quality map against a mask: how well values tell two classes apart.

The positive class is good quality (ground truth above a threshold, or not
distorted), the decision value is the predicted quality, higher is better.

Public names: :func:`roc_auc`, :func:`roc_curve`.
"""

import numpy as np
from scipy.stats import rankdata


def roc_auc(values: np.ndarray, positive: np.ndarray, *, valid: np.ndarray | None = None) -> float:
    """Exact area under the ROC curve, as a rank statistic.

    It is the probability that a positive cell has the higher value than a
    negative one, ties counted half. No thresholds are sampled.

    Args:
        values: Predicted quality, any shape, finite, higher is better.
        positive: Boolean array of the same shape, ``True`` = good quality.
        valid: Boolean array of the same shape; cells that are ``False`` are
            left out. ``None`` uses all.

    Returns:
        float in [0, 1]; 0.5 for values that tell nothing.

    Raises:
        ValueError: If shapes differ, a mask is not Boolean, a value is not
            finite, or a class has no cell.

    Examples:
        >>> values = np.array([[0.9, 0.8], [0.3, 0.1]])
        >>> good = np.array([[True, False], [True, False]])
        >>> roc_auc(values, good)
        0.75

    References:
        Hanley and McNeil, The meaning and use of the area under a receiver
        operating characteristic (ROC) curve, Radiology 143, 1982.
    """
    values, positive = _cells(values, positive, valid)
    ranks = rankdata(values)
    good = np.sum(positive)
    bad = positive.size - good
    return float((ranks[positive].sum() - good * (good + 1) / 2) / (good * bad))


def roc_curve(
    values: np.ndarray, positive: np.ndarray, *, valid: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All points of the ROC curve, one for each distinct value.

    A cell is called good when its value is at or above the threshold.

    Args:
        values: As in :func:`roc_auc`.
        positive: As in :func:`roc_auc`.
        valid: As in :func:`roc_auc`.

    Returns:
        False positive rate, true positive rate, threshold: ``float64`` of
        one length, from (0, 0, infinity) to (1, 1, smallest value). The
        trapezoids under the points sum to :func:`roc_auc`.

    Raises:
        ValueError: As :func:`roc_auc`.

    Examples:
        >>> false, true, threshold = roc_curve([0.9, 0.8, 0.1], [True, False, True])
        >>> true
        array([0. , 0.5, 0.5, 1. ])
    """
    values, positive = _cells(values, positive, valid)
    thresholds, group = np.unique(-values, return_inverse=True)
    good = np.cumsum(np.bincount(group, weights=positive))
    bad = np.cumsum(np.bincount(group, weights=~positive))
    return (
        np.concatenate([[0.0], bad / bad[-1]]),
        np.concatenate([[0.0], good / good[-1]]),
        np.concatenate([[np.inf], -thresholds]),
    )


def _cells(values, positive, valid):
    """Flat values and classes of the valid cells."""
    values, positive = np.asarray(values, np.float64), np.asarray(positive)
    valid = np.ones(values.shape, bool) if valid is None else np.asarray(valid)
    if not values.shape == positive.shape == valid.shape:
        raise ValueError(
            f"Expected map and masks of one shape, received {values.shape}, {positive.shape} "
            f"and {valid.shape}. Sample the mask at the cells' centres; nothing is resized here."
        )
    if positive.dtype != bool or valid.dtype != bool:
        raise ValueError(
            f"Expected Boolean masks, received {positive.dtype} and {valid.dtype}. "
            "Compare with a threshold first, as in `ground_truth > threshold`."
        )
    values, positive = values[valid], positive[valid]
    if not np.all(np.isfinite(values)):
        raise ValueError(
            f"Expected finite values, received {np.sum(~np.isfinite(values))} of {values.size} "
            "that are not. Exclude those cells with valid=."
        )
    good = int(np.sum(positive))
    if good in (0, positive.size):
        raise ValueError(
            f"Expected cells of both classes, received {good} positive and "
            f"{positive.size - good} negative. No ROC is defined; leave this map out."
        )
    return values, positive
