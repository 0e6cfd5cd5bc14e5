"""Support vector regression, as DeepBIQ's variant needs it.

The dual problem with a Gaussian kernel, solved by SciPy's L-BFGS-B. The bias
is part of the kernel (a constant 1 is added), which frees the dual of its
equality constraint and penalises the bias a little.

Public names: `SupportVectors`, `fit_support_vectors`.

References:
    A. J. Smola, B. Schölkopf, A tutorial on support vector regression,
    Statistics and Computing 14, 2004.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

_ITERATIONS = 20_000  # ours; 2,500 images of 1,536 features needed 1,155, with c = 10 2,951


@dataclass(frozen=True, eq=False)
class SupportVectors:
    """A fitted regression.

    Attributes:
        vectors: Standardised inputs of non-zero weight, shape (s, f).
        weights: Of each, shape (s,).
        mean: Of the training inputs, shape (f,).
        deviation: Of the training inputs, shape (f,).
        offset: Mean of the targets.
    """

    vectors: np.ndarray
    weights: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    offset: float

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Return the predictions of inputs of shape (n, f), shape (n,)."""
        inputs = (np.asarray(inputs, np.float64) - self.mean) / self.deviation
        return _kernel(inputs, self.vectors) @ self.weights + self.offset


def fit_support_vectors(
    inputs: np.ndarray, targets: np.ndarray, *, c: float, epsilon: float
) -> SupportVectors:
    """Fit an epsilon-insensitive regression.

    Args:
        inputs: Shape (n, f); they are standardised here. The kernel is
            ``exp(-|a - b|**2 / f) + 1``.
        targets: Shape (n,).
        c: Bound of a vector's weight; larger fits closer.
        epsilon: Errors below it cost nothing, in the unit of the targets.

    Returns:
        The fit. Memory and time grow with n squared.

    Raises:
        ValueError: If the shapes differ, a value is not finite, or the fit does
            not converge.
    """
    inputs, targets = np.asarray(inputs, np.float64), np.asarray(targets, np.float64)
    if inputs.ndim != 2 or targets.shape != inputs.shape[:1] or not len(targets):
        raise ValueError(
            "Expected inputs of shape (n, f) and targets (n,). Received: "
            f"{inputs.shape} and {targets.shape}."
        )
    if not (np.isfinite(inputs).all() and np.isfinite(targets).all()):
        raise ValueError("Expected finite inputs and targets. Received: some that are not.")
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0)
    deviation[deviation == 0] = 1
    inputs, offset = (inputs - mean) / deviation, float(targets.mean())
    kernel, centred, count = _kernel(inputs, inputs), targets - offset, len(targets)

    def dual(both):  # weights are the first half less the second
        weights = both[:count] - both[count:]
        pulled = kernel @ weights
        slope = pulled - centred
        value = 0.5 * weights @ pulled - centred @ weights + epsilon * both.sum()
        return value, np.concatenate([slope + epsilon, epsilon - slope])

    found = minimize(
        dual,
        np.zeros(2 * count),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, c)] * (2 * count),
        options={"maxiter": _ITERATIONS, "maxfun": 2 * _ITERATIONS},
    )
    if not found.success:
        raise ValueError(
            f"Expected a regression that converges within {_ITERATIONS} iterations. Received: "
            f"{found.message} after {found.nit}, with c {c:g} and epsilon {epsilon:g} on {count} "
            "images. Use a smaller --svr-c or a larger --svr-epsilon."
        )
    weights = found.x[:count] - found.x[count:]
    used = np.abs(weights) > 1e-9 * c
    return SupportVectors(inputs[used], weights[used], mean, deviation, offset)


def _kernel(a, b):
    """Gaussian of the mean squared difference, and the constant of the bias."""
    squares = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1) - 2 * a @ b.T
    return np.exp(-np.maximum(squares, 0) / max(1, a.shape[1])) + 1
