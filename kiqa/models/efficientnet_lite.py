"""EfficientNet-Lite: the network that brings ImageNet's features to a CPU.

In: RGB images of shape (H, W, 3), any size, values 0..255; the graph subtracts
127 and divides by 128. Out: 1000 logits of ImageNet, or, without classes, the
head's features of shape (ceil(H / 32), ceil(W / 32), 1280).

Seven stages of inverted residual blocks between a stem and a head; ReLU6 after
every convolution but a block's last, no squeeze-and-excitation. Convolutions
pad as TensorFlow's ``same``: on even sides one pixel more below and right.
Stem and head have the same width in all variants, the first and the last
stage one block. Layers are named ``stage4_block2_expand_conv`` and so on;
`stage_layers` names the layers whose output is that of a stage.

ImageNet weights: `kiqa.convert.efficientnet_lite`.

With ``folded=True`` the normalisations are part of the convolutions, which then
have biases: fewer layers, and the form in which the network is fine-tuned and
published. `fold_norms` makes that form of trained weights.

Public names: `build_efficientnet_lite`, `later_stages`, `fold_norms`,
`stage_layers`, `VARIANTS`, `STRIDES`.

References:
    M. Tan, Q. V. Le, EfficientNet: rethinking model scaling for convolutional
    neural networks, ICML 2019, Table 1. R. Liu, Higher accuracy on vision
    models with EfficientNet-Lite, 2020.
"""

import math

import keras

# Variant -> factor of the widths, factor of the depths.
VARIANTS = {
    "lite0": (1.0, 1.0),
    "lite1": (1.0, 1.1),
    "lite2": (1.1, 1.2),
    "lite3": (1.2, 1.4),
    "lite4": (1.4, 1.8),
}
# Stage by stage: blocks, kernel, stride, expansion, filters; of lite0.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STRIDES = (2, 4, 8, 16, 16, 32, 32)  # pixels between the cells of each stage's output
_STEM, _HEAD = 32, 1280
_DIVISOR = 8  # of every width
_EPSILON = 1e-3  # of batch normalisation
_MOMENTUM = 0.99
_DROPOUT = {"lite0": 0.2, "lite1": 0.2, "lite2": 0.3, "lite3": 0.3, "lite4": 0.3}


def build_efficientnet_lite(
    variant: str = "lite2",
    *,
    classes: int | None = 1000,
    folded: bool = False,
    seed: int | None = None,
    input_tensor: keras.KerasTensor | None = None,
) -> keras.Model:
    """Build the network with fresh random weights.

    Args:
        variant: A key of `VARIANTS`.
        classes: Number of logits; ``None`` ends with the head's features.
        folded: Convolutions with biases in the place of normalisations.
        seed: Makes the weights reproducible. ``None`` draws new ones at each
            call.
        input_tensor: Input of a larger network to build it on; ``None`` makes
            one for any size.

    Returns:
        Flat functional ``keras.Model`` named ``efficientnet_lite2`` (say):
        images (n, H, W, 3), 0..255, to logits (n, classes), or to features
        (n, ceil(H / 32), ceil(W / 32), 1280) in 0..6. Lite2 with 1000 classes
        has 6,092,072 trainable parameters.

    Raises:
        ValueError: If there is no such variant, or less than one class.
    """
    _check_variant(variant)
    if classes is not None and classes < 1:
        raise ValueError(f"Expected at least 1 class, or None. Received: {classes!r}.")
    draw = _Draws(seed, folded)
    if input_tensor is None:
        input_tensor = keras.Input((None, None, 3), name="image")
    x = inputs = input_tensor
    x = keras.layers.Rescaling(1 / 128, -127 / 128, name="rescaling")(x)
    x = _conv(x, _STEM, 3, strides=2, draw=draw, name="stem")
    x = _grow(x, variant, first=1, draw=draw)
    if classes is not None:
        x = keras.layers.GlobalAveragePooling2D(name="head_mean")(x)
        x = keras.layers.Dropout(_DROPOUT[variant], seed=draw(), name="head_dropout")(x)
        x = keras.layers.Dense(
            classes,
            kernel_initializer=keras.initializers.VarianceScaling(
                1 / 3, "fan_out", "uniform", seed=draw()
            ),
            name="logits",
        )(x)
    return keras.Model(inputs, x, name=f"efficientnet_{variant}")


def stage_layers(variant: str = "lite2", *, folded: bool = False) -> tuple[str, ...]:
    """Name the layers that end the stages and the head.

    Args:
        variant: A key of `VARIANTS`.
        folded: As the model was built.

    Returns:
        Eight names, of stages 1 to 7 (cells `STRIDES` pixels apart) and of
        the head.

    Raises:
        ValueError: If there is no such variant.
    """
    _check_variant(variant)
    names = []
    for stage, (blocks, *_) in enumerate(_stages(variant), start=1):
        end = ("project_conv" if folded else "project_norm") if blocks == 1 else "add"
        names.append(f"stage{stage}_block{blocks}_{end}")
    return (*names, "head_relu6")


def later_stages(
    x: keras.KerasTensor, *, variant: str, first: int, prefix: str, seed: int | None = None
) -> keras.KerasTensor:
    """Add another copy of the later stages and the head, folded, to a graph.

    Args:
        x: Output of the stage before.
        variant: A key of `VARIANTS`.
        first: First stage of the copy, 2 to 7.
        prefix: Before the layers' names.
        seed: As for `build_efficientnet_lite`.

    Returns:
        The copy's features.

    Raises:
        ValueError: If there is no such variant.
    """
    _check_variant(variant)
    return _grow(x, variant, first=first, draw=_Draws(seed, True), prefix=prefix)


def fold_norms(model: keras.Model) -> keras.Model:
    """Return the same function with the normalisations folded into the convolutions.

    Args:
        model: From `build_efficientnet_lite`, not folded, without classes.

    Returns:
        A new folded model of its variant; outputs agree to float32 rounding.

    Raises:
        ValueError: If the model is another one.
    """
    variant = model.name.removeprefix("efficientnet_")
    _check_variant(variant)
    names = {layer.name for layer in model.layers}
    if "logits" in names or "stem_norm" not in names:
        raise ValueError(
            f"Expected an EfficientNet-Lite with normalisations and without classes. Received: "
            f"{model.name!r}, which is folded already or ends with classes."
        )
    result = build_efficientnet_lite(variant, classes=None, folded=True, seed=0)
    for layer in result.layers:
        if not layer.weights:
            continue
        kernel = model.get_layer(layer.name).get_weights()[0]
        norm = model.get_layer(f"{layer.name.removesuffix('_conv')}_norm")
        gamma, beta, mean, variance = norm.get_weights()
        factor = gamma / (variance + norm.epsilon) ** 0.5
        # The channels of a depthwise kernel are its last axis but one.
        shaped = factor[:, None] if "depthwise" in layer.name else factor
        layer.set_weights([kernel * shaped, beta - mean * factor])
    return result


class _Draws:
    """Numbers the initialisers; without a seed none has one. Knows the form, too."""

    def __init__(self, seed, folded):
        self._next = None if seed is None else 1000 * seed
        self.folded = folded

    def __call__(self):
        if self._next is not None:
            self._next += 1
        return self._next


def _check_variant(variant):
    if variant not in VARIANTS:
        raise ValueError(
            f"Expected a variant, one of {', '.join(VARIANTS)}. Received: {variant!r}."
        )


def _stages(variant):
    """Blocks, kernel, stride, expansion and filters of each stage of a variant."""
    width, depth = VARIANTS[variant]
    for index, (blocks, kernel, strides, expansion, filters) in enumerate(_STAGES):
        if 0 < index < len(_STAGES) - 1:
            blocks = math.ceil(blocks * depth)
        yield blocks, kernel, strides, expansion, _rounded(filters * width)


def _grow(x, variant, *, first, draw, prefix=""):
    """Add the stages from the first one on, and the head."""
    for stage, (blocks, kernel, strides, expansion, filters) in enumerate(_stages(variant), 1):
        for block in range(1, blocks + 1) if stage >= first else ():
            x = _block(
                x,
                filters,
                kernel,
                strides=strides if block == 1 else 1,
                expansion=expansion,
                draw=draw,
                name=f"{prefix}stage{stage}_block{block}",
            )
    return _conv(x, _HEAD, 1, draw=draw, name=f"{prefix}head")


def _rounded(filters):
    """The nearest multiple of the divisor, at most a tenth below."""
    result = max(_DIVISOR, int(filters + _DIVISOR / 2) // _DIVISOR * _DIVISOR)
    return result + _DIVISOR if result < 0.9 * filters else result


def _block(x, filters, kernel, *, strides, expansion, draw, name):
    """An inverted residual block: wider, depthwise, narrower."""
    around = x
    if expansion > 1:
        x = _conv(x, x.shape[-1] * expansion, 1, draw=draw, name=f"{name}_expand")
    depthwise = keras.layers.DepthwiseConv2D(
        kernel, strides=strides, depthwise_initializer=_kaiming(draw),
        **_common(draw, f"{name}_depthwise"),
    )  # fmt: skip
    x = _activated(depthwise(x), draw=draw, name=f"{name}_depthwise")
    x = _conv(x, filters, 1, draw=draw, name=f"{name}_project", relu=False)
    if strides == 1 and around.shape[-1] == filters:
        x = keras.layers.Add(name=f"{name}_add")([x, around])
    return x


def _conv(x, filters, size, *, strides=1, draw, name, relu=True):
    """A convolution, its normalisation and, unless a block ends with it, ReLU6."""
    convolution = keras.layers.Conv2D(
        filters, size, strides=strides, kernel_initializer=_kaiming(draw), **_common(draw, name)
    )
    return _activated(convolution(x), draw=draw, name=name, relu=relu)


def _common(draw, name):
    return {"padding": "same", "use_bias": draw.folded, "name": f"{name}_conv"}


def _activated(x, *, draw, name, relu=True):
    if not draw.folded:
        x = keras.layers.BatchNormalization(
            momentum=_MOMENTUM, epsilon=_EPSILON, name=f"{name}_norm"
        )(x)
    return keras.layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x) if relu else x


def _kaiming(draw):
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", seed=draw())
