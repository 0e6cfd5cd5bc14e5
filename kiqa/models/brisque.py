"""The regression of BRISQUE: support vectors with Gaussian kernels, as a network.

In: the 36 statistics of `kiqa.comparators.brisque`. Out: the quality, (n, 1), on
the scale that it was trained on. Statistics are scaled to -1..1 by their ranges
on the training images, as the authors do; then one unit for each support vector
s computes ``exp(-gamma |x - s|**2)``, and the output adds them up.

``-gamma |x - s|**2`` is linear in x and ``|x|**2``: ``2 gamma s . x - gamma |x|**2
- gamma |s|**2``. So all is stock layers: a dense layer on x and ``x . x`` with the
activation exp, and a dense layer for the sum.

References:
    A. Mittal et al., IEEE TIP 21(12), 2012, section III-B (see
    `kiqa.comparators.brisque`).
"""

import keras

FEATURES = 36


def build_brisque(*, vectors: int = 1024, seed: int | None = None) -> keras.Model:
    """Build the regression with fresh random weights.

    Args:
        vectors: Number of support vectors.
        seed: Makes the initial weights reproducible. ``None`` draws new ones at
            each call.

    Returns:
        Functional ``keras.Model``, (n, 36) -> (n, 1). Its layers with weights:
        ``scaled`` (`keras.layers.Normalization`), ``kernels`` and ``quality``.

    Raises:
        ValueError: If there is no support vector.
    """
    if vectors < 1:
        raise ValueError(f"Expected at least 1 support vector. Received: {vectors}.")
    statistics = keras.Input((FEATURES,), name="statistics")
    x = keras.layers.Normalization(name="scaled")(statistics)
    square = keras.layers.Dot(axes=1, name="square")([x, x])
    both = keras.layers.Concatenate(name="with_square")([x, square])
    # Small, and never above zero: exponents of random weights must not overflow.
    start = keras.initializers.RandomUniform(-1e-3, 0, seed=seed)
    kernels = keras.layers.Dense(
        vectors, activation="exponential", kernel_initializer=start, name="kernels"
    )(both)
    last = keras.initializers.GlorotUniform(seed=None if seed is None else seed + 1)
    quality = keras.layers.Dense(1, dtype="float32", kernel_initializer=last, name="quality")(
        kernels
    )
    return keras.Model(statistics, quality, name="brisque")
