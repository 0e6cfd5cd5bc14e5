"""A linear support vector regression, as DeepBIQ and CORNIA have it.

Features are standardised by the training images'. The loss is the square of what
an error is above epsilon, so that the fit is fast; the authors' programs take the
error itself.

Public names: `fit_linear`, `Linear`, `GRID`.

References:
    C.-H. Ho, C.-J. Lin, Large-scale linear support vector regression, JMLR 13,
    2012.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from kiqa.evaluation.correlation import srocc

# Penalties to try, for scores in 0..1. Ours.
GRID: dict[str, tuple[float, ...]] = {
    "c": (3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3),
    "epsilon": (0.05,),
}
_LEAST = 1e-6  # deviation of a feature that is nearly the same everywhere


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear function of features.

    Attributes:
        kernel: ``float64`` of shape (features, 1).
        bias: ``float64`` of shape (1,).
    """

    kernel: np.ndarray
    bias: np.ndarray


def fit_linear(
    features: np.ndarray,
    mos: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    *,
    grid: dict[str, tuple[float, ...]] = GRID,
) -> tuple[Linear, dict[str, Any]]:
    """Fit the regression; validation images choose the penalty, by SROCC.

    Args:
        features: Of the training images, shape (n, f).
        mos: Their scores, shape (n,), in 0..1.
        validation: The same of the images that choose.
        grid: Values of ``c`` and ``epsilon`` to try.

    Returns:
        The function, of features as they are; and what was chosen: ``c``,
        ``epsilon`` and ``val_srocc``.

    Raises:
        ValueError: If there is nothing to try.
    """
    from sklearn.svm import LinearSVR

    mean, deviation = features.mean(axis=0), features.std(axis=0) + _LEAST
    inputs, held_out = ((values - mean) / deviation for values in (features, validation[0]))
    best: tuple[float, Any, dict[str, Any]] | None = None
    for c in grid["c"]:
        for epsilon in grid["epsilon"]:
            machine = LinearSVR(
                C=c,
                epsilon=epsilon,
                loss="squared_epsilon_insensitive",
                dual=False,
                intercept_scaling=100.0,  # so that the intercept is hardly shrunk
                max_iter=10_000,
            ).fit(inputs, mos)
            reached = srocc(machine.predict(held_out), validation[1])
            if best is None or reached > best[0]:
                best = reached, machine, {"c": c, "epsilon": epsilon}
    if best is None:
        raise ValueError(f"Expected values of c and epsilon to try. Received: {grid}.")
    reached, machine, chosen = best
    kernel = machine.coef_ / deviation
    bias = float(np.ravel(machine.intercept_)[0]) - float(kernel @ mean)
    return Linear(kernel[:, None], np.array([bias])), chosen | {"val_srocc": reached}
