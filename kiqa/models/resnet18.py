"""ResNet-18 without its class head: the features of an image, one cell each 32 pixels.

In: RGB images of shape (H, W, 3), any size, values 0..255; the network
divides by 255 and subtracts nothing, as PaQ-2-PiQ does. Out: features of shape
(ceil(H / 32), ceil(W / 32), 512), not negative.

Layers have torchvision's names (``layer2.0.downsample.0``) and its padding,
the same number of zeros on both sides; Keras's ``same`` pads strided layers on
the right and below only. Of a batch normalisation a file of torchvision holds
``weight``, ``bias``, ``running_mean`` and ``running_var``: gamma, beta and the
moving averages here.

Public names: `build_resnet18`.

References:
    K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image
    recognition, CVPR 2016, Table 1. Padding, names and constants of batch
    normalisation as in torchvision.
"""

import keras

from kiqa.models.layer_seeds import layer_seeds

_WIDTHS = (64, 128, 256, 512)
_BLOCKS = 2  # a stage
_NORM = {"momentum": 0.9, "epsilon": 1e-5}  # torchvision counts momentum the other way: 0.1


def build_resnet18(*, seed: int | None = None) -> keras.Model:
    """Build the network with fresh random weights.

    Args:
        seed: Makes the weights reproducible. ``None`` draws new ones at each
            call.

    Returns:
        Flat functional ``keras.Model`` named ``resnet18``: images of shape
        (n, H, W, 3), 0..255, to features (n, ceil(H / 32), ceil(W / 32),
        512), at least 0. 11,176,512 trainable parameters.

    References:
        He et al. 2016, Table 1.
    """
    draw = layer_seeds(seed)

    def conv(x, filters, size, *, strides=1, name):
        if size > 1 and strides > 1:
            x = keras.layers.ZeroPadding2D(size // 2, name=f"{name}.pad")(x)
        return keras.layers.Conv2D(
            filters,
            size,
            strides=strides,
            padding="valid" if strides > 1 else "same",
            use_bias=False,
            kernel_initializer=keras.initializers.VarianceScaling(
                2.0, "fan_out", "untruncated_normal", seed=draw()
            ),
            name=name,
        )(x)

    x = inputs = keras.Input((None, None, 3), name="picture")
    x = keras.layers.Rescaling(1 / 255, name="rescaling")(x)
    x = _relu(_norm(conv(x, _WIDTHS[0], 7, strides=2, name="conv1"), name="bn1"), name="relu")
    # Zeros pad as well as minus infinity here: the input is not negative.
    x = keras.layers.ZeroPadding2D(1, name="maxpool.pad")(x)
    x = keras.layers.MaxPooling2D(3, strides=2, name="maxpool")(x)
    for stage, filters in enumerate(_WIDTHS, start=1):
        for block in range(_BLOCKS):
            strides = 2 if stage > 1 and block == 0 else 1
            x = _block(x, filters, conv, strides=strides, name=f"layer{stage}.{block}")
    return keras.Model(inputs, x, name="resnet18")


def _block(x, filters, conv, *, strides, name):
    """Two convolutions and what goes round them."""
    around = x
    x = conv(x, filters, 3, strides=strides, name=f"{name}.conv1")
    x = _relu(_norm(x, name=f"{name}.bn1"), name=f"{name}.relu1")
    x = _norm(conv(x, filters, 3, name=f"{name}.conv2"), name=f"{name}.bn2")
    if strides > 1:
        around = conv(around, filters, 1, strides=strides, name=f"{name}.downsample.0")
        around = _norm(around, name=f"{name}.downsample.1")
    return _relu(keras.layers.Add(name=f"{name}.add")([x, around]), name=f"{name}.relu2")


def _norm(x, *, name):
    return keras.layers.BatchNormalization(**_NORM, name=name)(x)


def _relu(x, *, name):
    return keras.layers.ReLU(name=name)(x)
