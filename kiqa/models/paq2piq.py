"""PaQ-2-PiQ: the heads that rate images and their parts by a body's features.

A P2P network is a body (the paper's is `kiqa.models.resnet18`; ours
`kiqa.models.efficientnet_lite`) and a head, two graphs of stock
layers; between them P2P-RM and P2P-FM take the features of rectangles of the
image (`kiqa.models.roi_pool`), 2x2 cells each. Scores are on the scale of
MOS 0..100, higher is better.

- P2P-BM: the head on the features of the whole image.
- P2P-RM: the same head on the 2x2 features of any rectangle; the image is
  one more rectangle.
- P2P-FM: the features of four rectangles, the image and three patches. A
  first head rates each; a second one rates the image by its features and
  these four scores.

Each head is a maximum and a mean over the features (in this order), and two
dense layers with batch normalisation and dropout before each.

Public names: `build_paq2piq_body`, `build_paq2piq_head`, `BODIES`, `KINDS`.

References:
    Z. Ying, H. Niu, P. Gupta, D. Mahajan, D. Ghadiyaram, A. Bovik, From patches
    to pictures (PaQ-2-PiQ): mapping the perceptual space of picture quality,
    CVPR 2020, doi:10.1109/CVPR42600.2020.00363, section 4. Batch
    normalisation, dropout and the joined maximum and mean are in the authors'
    code only.
"""

from functools import partial

import keras

from kiqa.constants import PAQ2PIQ
from kiqa.models.efficientnet_lite import build_efficientnet_lite
from kiqa.models.layer_seeds import layer_seeds
from kiqa.models.resnet18 import build_resnet18

KINDS = ("bm", "rm", "fm")
BODIES = ("resnet18", "efficientnet-lite2")
_NORM = {"momentum": 0.9, "epsilon": 1e-5}


def build_paq2piq_body(name: str = "resnet18", *, seed: int | None = None) -> keras.Model:
    """Build a body with fresh random weights.

    Args:
        name: One of `BODIES`.
        seed: Makes the weights reproducible. ``None`` draws new ones at each
            call.

    Returns:
        Flat functional ``keras.Model``: images (n, H, W, 3), 0..255, to
        features every 32 pixels, (n, rows, columns, 512) of ResNet-18,
        (n, rows, columns, 1280) of EfficientNet-Lite2, whose normalisations
        are folded into its convolutions.

    Raises:
        ValueError: If there is no such body.
    """
    if name not in BODIES:
        raise ValueError(f"Expected body to be one of {', '.join(BODIES)}. Received: {name!r}.")
    if name == "resnet18":
        return build_resnet18(seed=seed)
    return build_efficientnet_lite("lite2", classes=None, folded=True, seed=seed)


def build_paq2piq_head(
    *, kind: str = "rm", features: int = PAQ2PIQ.features, seed: int | None = None
) -> keras.Model:
    """Build a head with fresh random weights.

    Args:
        kind: ``"bm"`` or ``"rm"``, whose heads are the same graph, or
            ``"fm"``.
        features: Channels of the body's features; ResNet-18's by default.
        seed: Makes the initial weights and dropout reproducible. ``None``
            draws new ones at each call.

    Returns:
        Flat functional ``keras.Model``. For ``"bm"`` and ``"rm"`` of features
        (n, rows, columns, 512) to scores (n, 1), named ``paq2piq_head``. For
        ``"fm"`` of the 2x2 features of the image and three patches, (n, 4,
        2, 2, 512), to their scores (n, 4), named ``paq2piq_fm_head``; its
        layer ``patch_scores`` gives the four scores of the first head.
        Outputs are ``float32`` under mixed precision too.

    Raises:
        ValueError: If the kind is unknown.

    References:
        Ying et al. 2020, sections 4.1, 4.2 and 4.4.
    """
    if kind not in KINDS:
        raise ValueError(f"Expected kind to be one of {', '.join(KINDS)}. Received: {kind!r}.")
    draw = layer_seeds(seed)
    return _feedback_head(features, draw) if kind == "fm" else _head(features, draw)


def _head(features, draw):
    """The head of P2P-BM and P2P-RM."""
    x = inputs = keras.Input((None, None, features), name="features")
    x = keras.layers.Concatenate(name="pooled")(
        [
            keras.layers.GlobalMaxPooling2D(name="maximum")(x),
            keras.layers.GlobalAveragePooling2D(name="mean")(x),
        ]
    )
    x = _dense_layers(x, PAQ2PIQ.dropout, draw=draw, name="score")
    return keras.Model(inputs, x, name="paq2piq_head")


def _feedback_head(features, draw):
    """Both heads of P2P-FM."""
    rois, cells, side = PAQ2PIQ.patches + 1, PAQ2PIQ.bins**2, PAQ2PIQ.bins
    inputs = keras.Input((rois, side, side, features), name="features")
    x = keras.layers.Reshape((rois, cells, features), name="cells")(inputs)
    x = keras.layers.Concatenate(name="pooled_cells")(
        [
            keras.layers.MaxPooling2D((1, cells), name="maximum")(x),
            keras.layers.AveragePooling2D((1, cells), name="mean")(x),
        ]
    )
    pooled = keras.layers.Reshape((rois, 2 * features), name="pooled")(x)
    x = _dense_layers(pooled, PAQ2PIQ.dropout, draw=draw, name="patch_score")
    scores = keras.layers.Reshape((rois,), dtype="float32", name="patch_scores")(x)
    picture = keras.layers.Cropping1D((0, rois - 1), name="picture")(pooled)
    picture = keras.layers.Flatten(name="picture_features")(picture)
    joined = keras.layers.Concatenate(name="feedback")([picture, scores])
    whole = _dense_layers(joined, PAQ2PIQ.feedback_dropout, draw=draw, name="picture_score")
    patches = keras.layers.Cropping1D((1, 0), dtype="float32", name="patches")(x)
    patches = keras.layers.Flatten(dtype="float32", name="patches_flat")(patches)
    outputs = keras.layers.Concatenate(dtype="float32", name="scores")([whole, patches])
    return keras.Model(inputs, outputs, name="paq2piq_fm_head")


def _dense_layers(x, dropout, *, draw, name):
    """From pooled features to one number each; kernels begin as PyTorch's do, biases at 0."""
    initializer = partial(keras.initializers.VarianceScaling, 1 / 3, "fan_in", "uniform")
    x = keras.layers.BatchNormalization(**_NORM, name=f"{name}_norm1")(x)
    x = keras.layers.Dropout(dropout[0], seed=draw(), name=f"{name}_dropout1")(x)
    x = keras.layers.Dense(
        PAQ2PIQ.units,
        activation="relu",
        kernel_initializer=initializer(seed=draw()),
        name=f"{name}_hidden",
    )(x)
    x = keras.layers.BatchNormalization(**_NORM, name=f"{name}_norm2")(x)
    x = keras.layers.Dropout(dropout[1], seed=draw(), name=f"{name}_dropout2")(x)
    return keras.layers.Dense(
        1, kernel_initializer=initializer(seed=draw()), dtype="float32", name=name
    )(x)
