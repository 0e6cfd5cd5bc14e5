"""The regression of DeepBIQ: a linear function of the mean features of crops.

In: features, (n, 1280), the mean over crops of what a classifier of ImageNet says of
them before its last layer (`kiqa.comparators.learned.body`). Out: the image's quality, (n, 1),
on the scale that it was trained on. The authors' features are 4096 of CaffeNet, which
is not to be had with its weights; the regression is a linear support vector machine.

References:
    S. Bianco, L. Celona, P. Napoletano, R. Schettini, On the use of deep learning for
    blind image quality assessment, Signal, Image and Video Processing 12, 2018,
    section 3.
"""

import keras


def build_deepbiq(*, features: int = 1280, seed: int | None = None) -> keras.Model:
    """Build the regression with fresh random weights.

    Args:
        features: Of the body.
        seed: Makes the initial weights reproducible. ``None`` draws new ones at
            each call.

    Returns:
        Functional ``keras.Model``, (n, features) -> (n, 1).
    """
    start = keras.initializers.GlorotUniform(seed=seed)
    pooled = keras.Input((features,), name="features")
    quality = keras.layers.Dense(1, dtype="float32", kernel_initializer=start, name="quality")(
        pooled
    )
    return keras.Model(pooled, quality, name="deepbiq")
