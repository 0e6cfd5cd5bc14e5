"""Feature extractors of RNN-BIQA: from a patch to votes, and to features.

In: RGB patches of shape (224, 224, 3), values 0..255. Out: probabilities of
the five quality categories, worst first; `without_head` is the network that
RNN-BIQA runs, whose output are the features, never negative.

``"resnet50"`` is the paper's: ``keras.applications.ResNet50``, whose average
pooling gives 2048 features. Its input is centred inside the graph, in RGB;
ImageNet weights of Keras expect BGR, so that the kernels of ``conv1_conv``
are turned round where they are loaded (`kiqa.training.rnn_biqa.start`).

``"compact"`` is ours, for machines without a GPU: the convolutions of WaDIQaM
or, with ``widths``, of another plain network, whose trained weights it takes
over, with mean and maximum over the patch of the last stages as features. The
convolutions pad with zeros at the border of the 224-pixel patch, not of 32
pixels as where they were trained.

``"efficientnet-lite2"`` is ours, too: the body of `lite` with ImageNet's weights
or tuned to quality. Features are the head's means over the patch and, of the
ends of stages 1, 2, 3 and 5, the means of what is above zero and of what is
below it.

Trained weights: ``weights/rnn_features.h5`` (efficientnet-lite2).

Public names: `build_extractor`, `without_head`, `BACKBONES`.

References:
    J. Korhonen, Y. Su, J. You, Consumer image quality prediction using
    recurrent neural networks for spatial pooling, 2021, section 4.2.
    K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image
    recognition, CVPR 2016.
"""

from collections.abc import Sequence

import keras

from kiqa.constants import RNN_BIQA, WADIQAM
from kiqa.models.efficientnet_lite import build_efficientnet_lite, stage_layers

BACKBONES = ("resnet50", "compact", "efficientnet-lite2")
FEATURES, BINS = "features", "bins"  # layers
# Mean of ImageNet's pixels, RGB, as keras.applications.resnet subtracts it.
_IMAGENET_MEAN = (123.68, 116.779, 103.939)
_LITE = "lite2"
_LITE_STAGES = (1, 2, 3, 5)  # the last before each loss of resolution; the head follows the others


def build_extractor(
    backbone: str = "resnet50",
    *,
    widths: Sequence[Sequence[int]] = WADIQAM.conv_widths,
    pooled_stages: int = 2,
    padding: str = "same",
    seed: int | None = None,
) -> keras.Model:
    """Build a feature extractor with its head and fresh random weights.

    Args:
        backbone: One of `BACKBONES`.
        widths: Of ``"compact"``: filters of the 3x3 convolutions of each
            stage; a 2x2 max pooling follows each.
        pooled_stages: Of ``"compact"``: how many of the last stages give
            features, two for each of their filters.
        padding: Of ``"compact"``: of the convolutions.
        seed: Makes the initial weights of ``"compact"`` and of the head
            reproducible. ``keras.applications`` takes no seed.

    Returns:
        Flat functional ``keras.Model`` of ``(n, 224, 224, 3)`` to ``(n, 5)``,
        rows that add up to 1, ``float32`` under mixed precision too. Its
        layer ``features`` gives (n, 2048), or for ``"compact"`` twice the
        filters of the pooled stages: (n, 1536), and for
        ``"efficientnet-lite2"`` (n, 1696).

    Raises:
        ValueError: If an argument is unknown or out of range.

    References:
        Korhonen et al. 2021, section 4.2; the head's initial weights as in
        the authors' code.
    """
    if backbone not in BACKBONES:
        raise ValueError(
            f"Expected a backbone, one of {', '.join(BACKBONES)}. Received: {backbone!r}."
        )
    inputs = keras.Input((RNN_BIQA.patch, RNN_BIQA.patch, 3), name="patch")
    if backbone == "resnet50":
        x = _resnet50(inputs)
    elif backbone == "compact":
        x = _compact(inputs, widths, pooled_stages, padding=padding, seed=seed)
    else:
        x = _efficientnet_lite(inputs, seed=seed)
    outputs = keras.layers.Dense(
        len(RNN_BIQA.bin_edges) - 1,
        activation="softmax",
        kernel_initializer=keras.initializers.RandomNormal(
            stddev=RNN_BIQA.head_deviation, seed=seed
        ),
        dtype="float32",
        name=BINS,
    )(x)
    return keras.Model(inputs, outputs, name=f"rnn_{backbone}")


def without_head(model: keras.Model) -> keras.Model:
    """Return the network up to its features; layers are shared.

    Args:
        model: From `build_extractor`.

    Returns:
        ``keras.Model`` of patches ``(n, 224, 224, 3)`` to features
        ``(n, f)``.
    """
    return keras.Model(model.input, model.get_layer(FEATURES).output, name="rnn_features")


def _resnet50(inputs):
    x = keras.layers.Rescaling(1.0, [-value for value in _IMAGENET_MEAN], name="centre")(inputs)
    body = keras.applications.ResNet50(include_top=False, weights=None, input_tensor=x)
    return keras.layers.GlobalAveragePooling2D(dtype="float32", name=FEATURES)(body.output)


def _compact(inputs, widths, pooled_stages, *, padding, seed):
    if not 1 <= pooled_stages <= len(widths):
        raise ValueError(
            f"Expected pooled_stages from 1 to {len(widths)}, the stages of this network. "
            f"Received: {pooled_stages!r}."
        )
    x, pooled = inputs, []
    for stage, filters in enumerate(widths, start=1):
        for index, count in enumerate(filters, start=1):
            x = keras.layers.Conv2D(
                count,
                3,
                padding=padding,
                activation="relu",
                kernel_initializer=keras.initializers.LecunNormal(
                    seed=None if seed is None else 1000 * seed + 10 * stage + index
                ),
                name=f"stage{stage}_conv{index}",
            )(x)
        x = keras.layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
        if stage > len(widths) - pooled_stages:
            pooled += [
                layer(dtype="float32", name=f"stage{stage}_{name}")(x)
                for name, layer in (
                    ("mean", keras.layers.GlobalAveragePooling2D),
                    ("maximum", keras.layers.GlobalMaxPooling2D),
                )
            ]
    return keras.layers.Concatenate(dtype="float32", name=FEATURES)(pooled)


def _efficientnet_lite(inputs, *, seed):
    body = build_efficientnet_lite(_LITE, classes=None, folded=True, seed=seed, input_tensor=inputs)
    names, pooled = stage_layers(_LITE, folded=True), []
    for stage in _LITE_STAGES:
        x = body.get_layer(names[stage - 1]).output
        below = keras.layers.Rescaling(-1.0, name=f"stage{stage}_turned")(x)
        for name, signed in (("above", x), ("below", below)):
            part = keras.layers.ReLU(name=f"stage{stage}_{name}")(signed)
            mean = keras.layers.GlobalAveragePooling2D(
                dtype="float32", name=f"stage{stage}_{name}_mean"
            )
            pooled.append(mean(part))
    head = keras.layers.GlobalAveragePooling2D(dtype="float32", name="head_mean")(body.output)
    return keras.layers.Concatenate(dtype="float32", name=FEATURES)([*pooled, head])
