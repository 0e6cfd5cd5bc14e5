"""The head of NIMA: the probabilities of ten scores, and their mean.

In: mean features of an image, (n, 1280), of a classifier of ImageNet without its last
layer (`kiqa.comparators.learned.body`). Out: quality in 0..1, (n, 1): the mean of the ten
scores, each in the middle of a tenth. The layer ``bins`` has the probabilities, which
are what is trained; ``quality`` is a constant of the network, `MIDDLES`.

The authors' bodies are MobileNet, VGG16 and Inception-v2, all trained further.

References:
    H. Talebi, P. Milanfar, NIMA: neural image assessment, IEEE TIP 27(8), 2018,
    sections III and IV.

Public names: `build_nima`, `MIDDLES`.
"""

import keras

from kiqa.constants import NIMA

MIDDLES = tuple((number + 0.5) / NIMA.bins for number in range(NIMA.bins))  # scores of the bins


def build_nima(*, features: int = 1280, seed: int | None = None) -> keras.Model:
    """Build the head with fresh random weights.

    Args:
        features: Of the body.
        seed: Makes the initial weights, and dropout, reproducible. ``None`` draws new
            ones at each call.

    Returns:
        Functional ``keras.Model``, (n, features) -> (n, 1).

    References:
        Talebi and Milanfar 2018, section III-A.
    """
    start = keras.initializers.GlorotUniform(seed=seed)
    pooled = keras.Input((features,), name="features")
    x = keras.layers.Dropout(NIMA.dropout, seed=seed, name="dropout")(pooled)
    x = keras.layers.Dense(
        NIMA.bins, activation="softmax", dtype="float32", kernel_initializer=start, name="bins"
    )(x)
    mean = keras.layers.Dense(1, use_bias=False, dtype="float32", trainable=False, name="quality")
    model = keras.Model(pooled, mean(x), name="nima")
    middles = keras.ops.reshape(keras.ops.convert_to_tensor(MIDDLES, "float32"), (-1, 1))
    mean.set_weights([keras.ops.convert_to_numpy(middles)])
    return model
