"""Patchnet: the quality of one 64x64 patch.

In: an RGB patch of shape (64, 64, 3), values 0..255. Out: its quality in
[0, 1], higher is better. Fourteen layers as in the thesis: seven 3x3
convolutions in groups of two, two and three, a 2x2 max pooling after each
group, and dense layers of 1024, 16, 8 and 1 units; ReLU, and a sigmoid at
the end.

The thesis gives filter counts and padding in a figure only. Ours: widths 32,
64 and 128, and ``valid`` padding, with which the network applied to a whole
image equals the network applied patch by patch (`kiqa.maps.quality`). With
``valid`` padding the last pooling drops a row and a column (7 -> 3), so the
last four pixel rows and columns of a patch are unseen: the receptive field
is 60x60.

A quality map of an image and its mean, the image's score, are made by
`kiqa.maps.quality`. Trained weights: ``weights/patchnet.h5``.

References:
    Thesis, section 5.1 and Fig. 7; opening published at QoMEX 2018.
"""

import keras

from kiqa.constants import PATCHNET
from kiqa.models.layer_seeds import layer_seeds


def _conv_group(x, widths, *, padding, initializer, name):
    """3x3 convolutions with ReLU, then one 2x2 max pooling."""
    for index, filters in enumerate(widths, start=1):
        x = keras.layers.Conv2D(
            filters,
            3,
            padding=padding,
            activation="relu",
            kernel_initializer=initializer(),
            name=f"{name}_conv{index}",
        )(x)
    return keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)


def build_patchnet(
    *,
    conv_widths: tuple[tuple[int, ...], ...] = PATCHNET.conv_widths,
    dense_widths: tuple[int, ...] = PATCHNET.dense_widths,
    padding: str = "valid",
    patch: int = PATCHNET.patch,
    seed: int | None = None,
) -> keras.Model:
    """Build Patchnet with fresh random weights.

    Args:
        conv_widths: Filters of each convolution, one tuple a group; a 2x2
            max pooling follows each group.
        dense_widths: Units of the hidden dense layers, ReLU.
        padding: ``"valid"`` (dense maps are exact and fast) or ``"same"``.
        patch: Side of the square input patch in pixels.
        seed: Makes the initial weights reproducible. ``None`` draws new
            ones at each call.

    Returns:
        Functional ``keras.Model``: ``(n, patch, patch, 3)``, RGB in 0..255,
        to ``(n, 1)`` in [0, 1], higher is better. Weights are drawn from
        He-uniform distributions, so that the narrow ReLU layers at the end
        rarely die.

    Raises:
        ValueError: If the padding is unknown or the patch is too small for
            the convolutions.

    References:
        Thesis, section 5.1 and Fig. 7.
    """
    if padding not in ("valid", "same"):
        raise ValueError(f"Expected padding to be 'valid' or 'same'. Received: {padding!r}.")
    side = patch
    for widths in conv_widths:
        side = (side - 2 * len(widths) * (padding == "valid")) // 2
    if side < 1:
        raise ValueError(
            f"Expected a patch large enough for {len(conv_widths)} groups of convolutions. "
            f"Received: patch={patch}, padding={padding!r}. Use a larger patch or fewer groups."
        )
    draw = layer_seeds(seed)

    def initializer():
        return keras.initializers.HeUniform(seed=draw())

    inputs = keras.Input((patch, patch, 3), name="patch")
    x = keras.layers.Rescaling(1 / 255, name="rescaling")(inputs)
    for index, widths in enumerate(conv_widths, start=1):
        x = _conv_group(x, widths, padding=padding, initializer=initializer, name=f"group{index}")
    x = keras.layers.Flatten(name="flatten")(x)
    for index, units in enumerate(dense_widths, start=1):
        x = keras.layers.Dense(
            units, activation="relu", kernel_initializer=initializer(), name=f"dense{index}"
        )(x)
    outputs = keras.layers.Dense(
        1, activation="sigmoid", kernel_initializer=initializer(), dtype="float32", name="quality"
    )(x)
    return keras.Model(inputs, outputs, name="patchnet")
