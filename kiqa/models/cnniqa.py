"""CNNIQA: the quality of one 32x32 patch by a single convolution.

In: a patch of shape (32, 32, 1) of contrast-normalised gray values
(`kiqa.comparators.learned.cnniqa`). Out: its quality, (n, 1), on the scale that it was
trained on; an image's score is the mean over its patches.

One convolution, 50 filters of 7x7, without an activation; of each its largest and
its smallest value over the patch, 100 numbers; two layers of 800 units with ReLU,
dropout after the second; one output. The smallest value is the largest of the
negative, because Keras has no layer for it.

References:
    L. Kang et al., Convolutional neural networks for no-reference image quality
    assessment, CVPR 2014, section 3.1.
"""

import keras

from kiqa.constants import CNNIQA


def build_cnniqa(*, seed: int | None = None) -> keras.Model:
    """Build CNNIQA with fresh random weights.

    Args:
        seed: Makes the initial weights, and dropout, reproducible. ``None`` draws
            new ones at each call.

    Returns:
        Functional ``keras.Model``, (n, 32, 32, 1) -> (n, 1).

    References:
        Kang et al. 2014, section 3.1 and Fig. 1.
    """

    def start(number):
        return keras.initializers.GlorotUniform(seed=None if seed is None else seed + number)

    patch = keras.Input((CNNIQA.patch, CNNIQA.patch, 1), name="patch")
    x = keras.layers.Conv2D(
        CNNIQA.filters, CNNIQA.kernel, kernel_initializer=start(0), name="convolution"
    )(patch)
    largest = keras.layers.GlobalMaxPooling2D(name="largest")(x)
    negative = keras.layers.Rescaling(-1.0, name="negative")(x)
    smallest = keras.layers.GlobalMaxPooling2D(name="smallest")(negative)
    x = keras.layers.Concatenate(name="both")([largest, smallest])
    for number in (1, 2):
        x = keras.layers.Dense(
            CNNIQA.units, activation="relu", kernel_initializer=start(number), name=f"dense{number}"
        )(x)
    x = keras.layers.Dropout(CNNIQA.dropout, seed=seed, name="dropout")(x)
    quality = keras.layers.Dense(1, dtype="float32", kernel_initializer=start(3), name="quality")(x)
    return keras.Model(patch, quality, name="cnniqa")
