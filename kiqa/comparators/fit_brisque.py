"""Fitting BRISQUE's regression: support vectors chosen on validation images.

Statistics are scaled to -1..1 by their ranges on the training images. The
authors' kernel width and penalty are among those tried; what ranks the
validation images best (SROCC) is kept.

Public names: `fit_brisque`, `regression_of`, `GRID`.

References:
    A. Mittal et al., IEEE TIP 21(12), 2012, section III-B.
"""

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from kiqa.evaluation.correlation import srocc

if TYPE_CHECKING:
    import keras

# The authors' program is told gamma 0.05 and C 1024, for scores in 0..100.
GRID: dict[str, tuple[float, ...]] = {
    "gamma": (0.05, 0.1, 0.2, 0.4),
    "c": (3.0, 10.0, 30.0),
    "epsilon": (0.05,),
}


def fit_brisque(
    statistics: np.ndarray,
    mos: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    *,
    grid: dict[str, tuple[float, ...]] = GRID,
) -> tuple["keras.Model", dict[str, Any]]:
    """Fit the regression.

    Args:
        statistics: Of the training images, shape (n, 36).
        mos: Their scores, shape (n,), in 0..1.
        validation: The same of the images that choose the parameters.
        grid: Values of ``gamma``, ``c`` and ``epsilon`` to try.

    Returns:
        The network of `kiqa.models.brisque`, and what was chosen: the
        parameters, ``val_srocc`` and the number of ``vectors``.

    Raises:
        ValueError: If a statistic is the same for all training images.
    """
    from sklearn.svm import SVR  # converting a fitted regression does without

    low, high = statistics.min(axis=0), statistics.max(axis=0)
    if not (high > low).all():
        raise ValueError(
            f"Expected training images whose {statistics.shape[1]} statistics differ. Received: "
            f"{len(statistics)} images of which {np.sum(high == low)} are equal. Take more images."
        )

    def scaled(values):
        return 2 * (values - low) / (high - low) - 1

    inputs, held_out = scaled(statistics), scaled(validation[0])
    best: tuple[float, Any, dict] | None = None
    for gamma, c, epsilon in itertools.product(*(grid[key] for key in ("gamma", "c", "epsilon"))):
        machine = SVR(C=c, gamma=gamma, epsilon=epsilon).fit(inputs, mos)
        reached = srocc(machine.predict(held_out), validation[1])
        if best is None or reached > best[0]:
            best = reached, machine, {"gamma": gamma, "c": c, "epsilon": epsilon}
    if best is None:
        raise ValueError(f"Expected values of gamma, c and epsilon to try. Received: {grid}.")
    reached, machine, chosen = best
    model = regression_of(
        machine.support_vectors_,
        machine.dual_coef_[0],
        float(machine.intercept_[0]),
        gamma=chosen["gamma"],
        ranges=(low, high),
    )
    return model, chosen | {"val_srocc": reached, "vectors": len(machine.support_vectors_)}


def regression_of(
    vectors: np.ndarray,
    coefficients: np.ndarray,
    intercept: float,
    *,
    gamma: float,
    ranges: tuple[np.ndarray, np.ndarray],
) -> "keras.Model":
    """Write support vectors into the network that computes the same.

    Args:
        vectors: Shape (n, 36), scaled to -1..1.
        coefficients: Of each vector, shape (n,).
        intercept: Added to their sum.
        gamma: Of the kernel ``exp(-gamma |x - s|**2)``.
        ranges: The statistics that became -1, and those that became 1, each of
            shape (36,).

    Returns:
        The network of `kiqa.models.brisque`, of statistics as they are.
    """
    from kiqa.models.brisque import build_brisque

    model = build_brisque(vectors=len(vectors))
    # Of two points the mean is the middle, and the deviation half of the range.
    model.get_layer("scaled").adapt(np.stack(ranges).astype(np.float32))
    kernel = np.concatenate([2 * gamma * vectors.T, np.full((1, len(vectors)), -gamma)])
    model.get_layer("kernels").set_weights([kernel, -gamma * np.sum(vectors**2, axis=1)])
    model.get_layer("quality").set_weights([coefficients[:, None], np.array([intercept])])
    return model
