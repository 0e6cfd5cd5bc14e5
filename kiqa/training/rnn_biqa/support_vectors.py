"""Support vector regression, as DeepBIQ's variant needs it.

Public names: `fit_support_vectors`.

References:
    A. J. Smola, B. Schölkopf, A tutorial on support vector regression,
    Statistics and Computing 14, 2004.
"""

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR


def fit_support_vectors(
    inputs: np.ndarray, targets: np.ndarray, *, c: float, epsilon: float
) -> Pipeline:
    """Fit an epsilon-insensitive regression.

    Args:
        inputs: Shape (n, f); they are standardised here. The kernel is
            ``exp(-|a - b|**2 / f)``.
        targets: Shape (n,).
        c: Bound of a vector's weight; larger fits closer.
        epsilon: Errors below it cost nothing, in the unit of the targets.

    Returns:
        scikit-learn's pipeline of standardisation and ``SVR``; its
        ``predict`` takes inputs of shape (m, f). Memory and time of the fit
        grow with n squared.

    Raises:
        ValueError: If the shapes differ or a value is not finite.
    """
    inputs, targets = np.asarray(inputs, np.float64), np.asarray(targets, np.float64)
    if inputs.ndim != 2 or targets.shape != inputs.shape[:1] or not len(targets):
        raise ValueError(
            "Expected inputs of shape (n, f) and targets (n,). Received: "
            f"{inputs.shape} and {targets.shape}."
        )
    if not (np.isfinite(inputs).all() and np.isfinite(targets).all()):
        raise ValueError("Expected finite inputs and targets. Received: some that are not.")
    regression = SVR(C=c, epsilon=epsilon, gamma="auto")  # one over the number of features
    return make_pipeline(StandardScaler(), regression).fit(inputs, targets)
