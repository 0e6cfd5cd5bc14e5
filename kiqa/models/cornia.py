"""CORNIA: how strongly the codewords of a codebook answer to patches, and a linear regression.

In: patches of an image, (n, patches, 49), as `kiqa.comparators.learned.cornia` cuts and
normalises them. Out: its quality, (n, 1), on the scale that it was trained on.

One dense layer is the whitening of the patches and their product with each
codeword, the soft assignment. Of each codeword the largest answer over all patches
and the largest of the opposite sign are kept; both are at least 0. The regression is
a dense layer on these.

References:
    P. Ye, J. Kumar, L. Kang, D. Doermann, Unsupervised feature learning framework
    for no-reference image quality assessment, CVPR 2012, section 3.
"""

import keras

from kiqa.constants import CORNIA


def build_cornia(*, codewords: int = CORNIA.codewords, seed: int | None = None) -> keras.Model:
    """Build the network with fresh random weights.

    Args:
        codewords: Of the codebook.
        seed: Makes the initial weights reproducible. ``None`` draws new ones at
            each call.

    Returns:
        Functional ``keras.Model``, (n, patches, 49) -> (n, 1). Its layers with
        weights: ``codewords`` and ``quality``.

    Raises:
        ValueError: If there is no codeword.
    """
    if codewords < 1:
        raise ValueError(f"Expected at least 1 codeword. Received: {codewords}.")

    def start(number):
        return keras.initializers.GlorotUniform(seed=None if seed is None else seed + number)

    patches = keras.Input((None, CORNIA.patch**2), name="patches")
    x = keras.layers.Dense(codewords, kernel_initializer=start(0), name="codewords")(patches)
    negative = keras.layers.Rescaling(-1.0, name="negative")(x)
    sides = [
        keras.layers.GlobalMaxPooling1D(name=f"{name}_largest")(
            keras.layers.ReLU(name=f"{name}_part")(values)
        )
        for name, values in (("positive", x), ("negative", negative))
    ]
    x = keras.layers.Concatenate(name="both")(sides)
    quality = keras.layers.Dense(1, dtype="float32", kernel_initializer=start(1), name="quality")(x)
    return keras.Model(patches, quality, name="cornia")
