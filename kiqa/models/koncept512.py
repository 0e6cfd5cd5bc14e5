"""The head of KonCept512: four dense layers over the pooled features of a classifier.

In: mean features of an image, (n, 1280), of a classifier of ImageNet without its last
layer (`kiqa.comparators.learned.body`). Out: the image's quality, (n, 1), on the scale that it
was trained on.

2048, 1024 and 256 units with ReLU, each normalised and with dropout, and one output.
The authors' body is Inception-ResNet-v2, trained further with the head.

References:
    V. Hosu, H. Lin, T. Sziranyi, D. Saupe, KonIQ-10k, IEEE TIP 29, 2020, section V;
    normalisation and dropout as in the authors' code.
"""

import keras

from kiqa.constants import KONCEPT512


def build_koncept512(*, features: int = 1280, seed: int | None = None) -> keras.Model:
    """Build the head with fresh random weights.

    Args:
        features: Of the body; the authors' has 1536.
        seed: Makes the initial weights, and dropout, reproducible. ``None`` draws new
            ones at each call.

    Returns:
        Functional ``keras.Model``, (n, features) -> (n, 1).

    References:
        Hosu et al. 2020, section V.
    """

    def drawn(number):
        return None if seed is None else 10 * seed + number

    x = pooled = keras.Input((features,), name="features")
    layers = zip(KONCEPT512.units, KONCEPT512.dropout, strict=True)
    for number, (units, dropout) in enumerate(layers, start=1):
        x = keras.layers.Dense(
            units,
            activation="relu",
            kernel_initializer=keras.initializers.HeNormal(seed=drawn(number)),
            name=f"dense{number}",
        )(x)
        x = keras.layers.BatchNormalization(name=f"norm{number}")(x)
        x = keras.layers.Dropout(dropout, seed=drawn(number), name=f"dropout{number}")(x)
    last = keras.initializers.GlorotUniform(seed=drawn(0))
    quality = keras.layers.Dense(1, dtype="float32", kernel_initializer=last, name="quality")(x)
    return keras.Model(pooled, quality, name="koncept512")
