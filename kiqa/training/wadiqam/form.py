"""DIQaM and WaDIQaM in a form that trains well: centred and normalised.

The paper trains the plain network for 3000 epochs. With centred pixels, first
kernels that whiten, and batch normalisation from the second stage on, some
tens of epochs do. None of it is left in the published network: at test time
all of it is affine, so `fold` puts it into the weights.

The plain network pads its input with zeros, which is black. So that folding
is exact at the patches' borders too, the form pads before it centres.

Public names: `training_form`, `plain_form`, `fold`.
"""

from collections.abc import Sequence

import keras
import numpy as np

from kiqa.training.runs.convolutional import (
    MOMENTUM,
    OFFSET,
    SCALE,
    whitening_kernels,
    without_norm,
)
from kiqa.training.wadiqam.batches import network_inputs

_UNNORMALISED = ("stage1",)  # its maps are large, normalising them costs the most
_BRANCHES = ("quality", "weight")


def plain_form(network: keras.Model, *, dropout: float) -> keras.Model:
    """Let the network be trained as it is: one output instead of two.

    Args:
        network: From `kiqa.models.wadiqam.build_wadiqam`.
        dropout: Rate of the branches' dropout, set in the network.

    Returns:
        Model that shares the network's layers, to ``(n, 1)``, the quality, or
        ``(n, 2)``, quality and weight.
    """
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = dropout
    inputs = network_inputs(network.inputs)
    return keras.Model(inputs, _joined(network.output), name=f"{network.name}_training")


def training_form(
    network: keras.Model,
    *,
    dropout: float,
    patches: np.ndarray,
    mean: float,
    seed: int,
    kept: Sequence[str] = (),
) -> keras.Model:
    """Build the form to train, with fresh weights.

    Args:
        network: From `kiqa.models.wadiqam.build_wadiqam`; its layers are
            imitated under their names, the normalisation of a layer is called
            ``NAME_norm``.
        dropout: Rate of the branches' dropout.
        patches: Patches of training images, ``uint8`` of shape (n, P, P, 3),
            which the first kernels whiten.
        mean: Quality that the network begins with: the mean of the training
            scores.
        seed: Seed of the initial weights and of dropout.
        kept: Names of layers that keep the network's weights, from an
            earlier training. They are not normalised.

    Returns:
        Model of the network's inputs to ``(n, 1)``, the quality, or ``(n,
        2)``, quality and weight.
    """
    seeds = iter(range(1000 * seed, 1000 * seed + 1000))
    body = [
        keras.layers.ZeroPadding2D(1, name="border"),
        keras.layers.Rescaling(SCALE, OFFSET, name="centring"),
    ]
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            body += _normalised(layer, kept, first=len(body) == 2, seed=next(seeds))
        elif isinstance(layer, (keras.layers.MaxPooling2D, keras.layers.Flatten)):
            body.append(type(layer).from_config(layer.get_config()))
    inputs = [keras.Input(tensor.shape[1:], name=tensor.name) for tensor in network.inputs]
    features = [_apply(body, x) for x in inputs]
    outputs = {}
    for name in _BRANCHES[: len(network.output)]:
        raw = f"{name}_raw" if name == "weight" else name
        x = _fused(network, features)
        hidden = network.get_layer(f"{raw}_hidden")
        x = _apply(_normalised(hidden, kept, first=False, seed=next(seeds)), x)
        x = keras.layers.Dropout(dropout, seed=next(seeds))(x)
        x = keras.layers.Dense(
            1,
            kernel_initializer=keras.initializers.HeUniform(seed=next(seeds)),
            bias_initializer=keras.initializers.Constant(mean if name == "quality" else 1.0),
            dtype="float32",
            name=raw,
        )(x)
        if name == "weight":
            x = keras.layers.ReLU(dtype="float32")(x)
            x = keras.layers.Rescaling.from_config(network.get_layer("weight").get_config())(x)
        outputs[name] = x
    model = keras.Model(network_inputs(inputs), _joined(outputs), name=f"{network.name}_training")
    first = model.get_layer("stage1_conv1")
    kernels = whitening_kernels(patches, first.filters)
    first.set_weights([kernels, np.zeros(first.filters, np.float32)])
    for name in kept:
        kernel, bias = network.get_layer(name).get_weights()
        if name == "stage1_conv1":
            bias = bias - OFFSET / SCALE * kernel.sum(axis=(0, 1, 2))
            kernel = kernel / SCALE
        model.get_layer(name).set_weights([kernel, bias])
    return model


def fold(model: keras.Model, network: keras.Model) -> None:
    """Set a network's weights so that it computes what the trained form does.

    Args:
        model: Of `training_form` or `plain_form`, trained.
        network: The network to write to.
    """
    names = {layer.name for layer in model.layers}
    for layer in network.layers:
        if not layer.weights:
            continue
        kernel, bias = (w.astype(np.float64) for w in model.get_layer(layer.name).get_weights())
        if layer.name == "stage1_conv1" and "centring" in names:
            bias = bias + OFFSET * kernel.sum(axis=(0, 1, 2))
            kernel = kernel * SCALE
        if f"{layer.name}_norm" in names:
            kernel, bias = without_norm(kernel, bias, model.get_layer(f"{layer.name}_norm"))
        layer.set_weights([kernel.astype(np.float32), bias.astype(np.float32)])


def _joined(outputs):
    """Quality and weight side by side, so that one loss sees both."""
    tensors = [outputs[name] for name in _BRANCHES if name in outputs]
    join = keras.layers.Concatenate(dtype="float32", name="quality_and_weight")
    return join(tensors) if len(tensors) > 1 else tensors[0]


def _normalised(layer, kept, *, first, seed):
    """A layer of the network without its ReLU, then its normalisation, then the ReLU."""
    config = layer.get_config() | {"activation": "linear"}
    if first:
        config["padding"] = "valid"
    imitation = type(layer).from_config(config)
    imitation.kernel_initializer = keras.initializers.HeUniform(seed=seed)
    norm = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{layer.name}_norm")
    relu = keras.layers.Activation("relu", name=f"{layer.name}_relu")
    plain = layer.name in kept or layer.name.startswith(_UNNORMALISED)
    return [imitation, relu] if plain else [imitation, norm, relu]


def _fused(network, features):
    """Join the features of both patches as the network does."""
    if len(features) == 1:
        return features[0]
    names = {layer.name for layer in network.layers}
    parts = list(features)
    if "difference" in names:
        difference = keras.layers.Subtract()(features)
        if "fusion" not in names:
            return difference
        parts.insert(0, difference)
    return keras.layers.Concatenate()(parts)


def _apply(layers, x):
    for layer in layers:
        x = layer(x)
    return x
