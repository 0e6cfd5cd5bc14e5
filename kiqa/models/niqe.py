"""The pristine Gaussian of NIQE as a network, which is how its file opens everywhere.

In: the 36 statistics of a block (`kiqa.comparators.niqe`). Out: these less their
pristine means, over their pristine deviations, times the pristine correlations.
NIQE's distance needs the inverse of a matrix that depends on the image, which no
stock layer computes: `kiqa.comparators.niqe.niqe_distance` does, with the
Gaussian that `pristine_of` reads from the layers. Deviations and correlations are
apart because float32 holds them well, and the covariance, whose entries differ by
five orders of magnitude, badly.

References:
    A. Mittal et al., IEEE SPL 20(3), 2013, section II-C (see
    `kiqa.comparators.niqe`).
"""

from typing import Any

import keras

FEATURES = 36


def build_niqe(*, seed: int | None = None) -> keras.Model:
    """Build the network with fresh random weights.

    Args:
        seed: Makes the initial weights reproducible. ``None`` draws new ones at
            each call.

    Returns:
        Functional ``keras.Model``, (n, 36) -> (n, 36). Its layers with weights:
        ``deviations`` (`keras.layers.Normalization`: mean and variance) and
        ``correlations`` (the matrix).
    """
    statistics = keras.Input((FEATURES,), name="statistics")
    x = keras.layers.Normalization(name="deviations")(statistics)
    start = keras.initializers.GlorotUniform(seed=seed)
    correlated = keras.layers.Dense(
        FEATURES, use_bias=False, kernel_initializer=start, name="correlations"
    )(x)
    return keras.Model(statistics, correlated, name="niqe")


def pristine_of(model: keras.Model) -> tuple[Any, Any]:
    """Return the Gaussian that a network of `build_niqe` holds.

    Args:
        model: The network.

    Returns:
        Mean, shape (36,), and covariance, shape (36, 36), ``float64``.

    Raises:
        ValueError: If it is another network.
    """
    names = [layer.name for layer in model.layers]
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    if shapes != [(None, FEATURES)] * 2 or not {"deviations", "correlations"} <= set(names):
        raise ValueError(
            f"Expected a Gaussian of NIQE, with layers deviations and correlations of {FEATURES} "
            f"statistics. Received: layers {names}. Use a file of python -m kiqa.train_comparator "
            "niqe."
        )
    mean, variance = (
        values.reshape(-1).astype("float64")
        for values in model.get_layer("deviations").get_weights()[:2]
    )
    (kernel,) = model.get_layer("correlations").get_weights()
    deviation = variance**0.5
    return mean, kernel.astype("float64") * deviation * deviation[:, None]
