"""Starts for the aggregator: a file, or the maximum of local means of the Patchnet map.

From random weights DenseNet-169 needs far more images than rated data
sets have. But one function of the stack is known to be good before any
training: the quality of the best region. This start lets one channel carry
the Patchnet map through the network, averaged on the way down, to the head,
whose maximum then is the best region's mean; all other weights stay random
and the head does not look at them. Training begins there.

The channel is the first one of the first convolution (a 7x7 mean of the
Patchnet map). Dense blocks pass it on by concatenation; the 1x1 convolution
of each transition copies it; batch normalisations keep it positive by a shift
so that ReLU leaves it alone.
"""

import os

import keras
import numpy as np

from kiqa.io.weights import WeightsError, holds_weights_only, load_model, load_weights
from kiqa.training.aggregator.items import PATCHNET_CHANNEL
from kiqa.training.runs.origin import file_of
from kiqa.training.runs.replicas import predict_batch
from kiqa.training.runs.start import fitting_layers, set_layers

_SHIFT = 4.0  # standard deviations: what ReLU would cut off is 3 in 100,000
_TRANSITIONS = ("pool2", "pool3", "pool4")
_ROUNDS = 60  # batches for the statistics; Keras's momentum of 0.99 needs many


def start_from_file(model: keras.Model, initial: str | os.PathLike) -> bool:
    """Set the weights of an aggregator, or of its body, to those of a file.

    Args:
        model: From `kiqa.models.aggregator.build_aggregator`; changed in place.
        initial: Name or file of an aggregator, or a file of Keras's DenseNet-169
            without its top, whole or of weights only (``..._notop.h5``). It need
            not be trusted.

    Returns:
        Whether the head was set, too.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, or of another network.
    """
    path = file_of(initial)
    body = keras.Model(model.inputs, model.get_layer("quality_map").input)
    if not holds_weights_only(path):
        source = load_model(path)
        found = {layer.name: layer.get_weights() for layer in source.layers if layer.weights}
        names = set_layers(fitting_layers(model, found), found)
        if {layer.name for layer in body.layers if layer.weights} <= {*names}:
            return "quality_map" in names
        raise _of_another_network(path, f"layers {sorted(found)[:4]}")
    for target in (model, body):
        try:
            load_weights(target, path)
        except WeightsError as error:
            reason = error
        else:
            return target is model
    raise _of_another_network(path, str(reason)) from reason


def _of_another_network(path, what):
    return ValueError(
        "Expected a .h5 file of an aggregator, or of the DenseNet-169 body without top. Received: "
        f"{path} ({what})."
    )


def start_from_patchnet_map(
    model: keras.Model, stacks: np.ndarray, targets: np.ndarray, *, batch_size: int = 16
) -> None:
    """Set the weights of a randomly initialised aggregator, in place.

    Args:
        model: From `kiqa.models.aggregator.build_aggregator`.
        stacks: Some stacks of the training part, ``float32`` of shape (n,
            rows, columns, 3), for the statistics of batch normalisation.
        targets: Their scores in [0, 1], shape (n,); the head's weight and
            bias are fitted to them by least squares.
        batch_size: Stacks that are computed together.
    """
    kernel = model.get_layer("conv1_conv").kernel
    values = np.copy(kernel.numpy())
    values[..., 0] = 0
    values[:, :, PATCHNET_CHANNEL, 0] = 1 / (values.shape[0] * values.shape[1])
    kernel.assign(values)
    for name in _TRANSITIONS:
        kernel = model.get_layer(f"{name}_conv").kernel
        values = np.copy(kernel.numpy())
        values[..., 0] = 0
        values[0, 0, 0, 0] = 1
        kernel.assign(values)
    for name in ("conv1_bn", *(f"{name}_bn" for name in _TRANSITIONS), "bn"):
        beta = model.get_layer(name).beta
        values = np.copy(beta.numpy())
        values[0] = _SHIFT
        beta.assign(values)
    _settle_statistics(model, stacks, batch_size)

    head = model.get_layer("quality_map")
    head_kernel, bias = (np.zeros(tuple(weight.shape), np.float32) for weight in head.weights)
    head_kernel[0, 0, 0, 0] = 1
    head.set_weights([head_kernel, bias])
    starts = range(0, len(stacks), batch_size)
    raw = np.concatenate(
        [predict_batch(model, stacks[at : at + batch_size])[:, 0] for at in starts]
    )
    slope, intercept = np.polyfit(raw, targets, 1)
    # A falling line would turn the maximum into a minimum; the map says nothing then.
    slope = max(slope, 0.0)
    head.set_weights([head_kernel * slope, bias + (intercept if slope else np.mean(targets))])


def _settle_statistics(model, stacks, batch_size):
    """Run batches in training mode, so that moving statistics are those of the stacks."""
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.8
    for step in range(max(1, min(_ROUNDS, len(stacks) // batch_size))):
        model(stacks[step * batch_size : (step + 1) * batch_size], training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
