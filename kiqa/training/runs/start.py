"""Start a network from a trained one: from all of it, or from its convolutions.

Ours; the papers start from random weights, or from ImageNet. Patchnet's first
six convolutions have the widths of WaDIQaM's first three stages, so a Patchnet
that was trained on the same images gives a start that saves hours. A file of a
WaDIQaM, with or without a reference, gives all convolutions, and one of the
same kind all of its layers.

Public names: `start_whole`, `start_from`, `start_efficientnet_lite`,
`fitting_layers`, `set_layers`, `freeze_stages`.
"""

import itertools
import os
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from kiqa.io.weights import load_model
from kiqa.models.efficientnet_lite import fold_norms
from kiqa.models.lite import TUNED
from kiqa.training.runs.imagenet import imagenet_efficientnet_lite


def start_whole(network: keras.Model, initial: str | os.PathLike) -> None:
    """Set all weights of a network to those of a trained one of the same layers.

    Args:
        network: Changed in place.
        initial: Name or file of the trained network.

    Raises:
        ValueError: If its weights have other shapes, or the file cannot be
            read.
        FileNotFoundError: If there is no such file.
    """
    values = load_model(initial).get_weights()
    expected = [tuple(weight.shape) for weight in network.weights]
    received = [value.shape for value in values]
    if expected != received:
        different = [pair for pair in zip(expected, received, strict=False) if pair[0] != pair[1]]
        first = f", first {different[0][0]} and {different[0][1]}" if different else ""
        raise ValueError(
            f"Expected the weights of a {network.name} of the same widths to start from. Received: "
            f"{initial} with {len(received)} arrays for {len(expected)}{first}. Leave initial out "
            "for random weights."
        )
    network.set_weights(values)


def start_from(network: keras.Model, initial: str | os.PathLike) -> tuple[str, ...]:
    """Set the convolutions of a network that a trained one has as well, or all of it.

    Args:
        network: From `kiqa.models.wadiqam.build_wadiqam`; changed in place.
        initial: Name or file of a Patchnet (convolutions ``groupG_convI``
            become ``stageG_convI``) or of a network of
            `kiqa.models.wadiqam`, of which all layers are taken if the
            branches fit, too.

    Returns:
        Names of the layers that were set.

    Raises:
        ValueError: If no convolution fits, or the file cannot be read.
        FileNotFoundError: If there is no such file.
    """
    source = load_model(initial)
    found = {
        layer.name.replace("group", "stage"): [np.asarray(w) for w in layer.weights]
        for layer in source.layers
        if layer.weights
    }
    if any(layer.name == "group1_conv1" for layer in source.layers):  # a Patchnet scales its input
        found["stage1_conv1"][0] = found["stage1_conv1"][0] * source.get_layer("rescaling").scale
    layers = fitting_layers(network, found)
    if len(layers) < sum(bool(layer.weights) for layer in network.layers):  # of another kind
        layers = [layer for layer in layers if layer.name.startswith("stage")]
    names = set_layers(layers, found)
    if "stage1_conv1" not in names:
        raise ValueError(
            "Expected a Patchnet, or a network of kiqa.models.wadiqam, to start from. Received: "
            f"{initial}, whose layers are {sorted(found)[:6]}. Leave initial out for random "
            "weights."
        )
    return names


def start_efficientnet_lite(network: keras.Model, initial: str | os.PathLike) -> tuple[str, ...]:
    """Set the layers of an EfficientNet-Lite2 to those of a trained one.

    Args:
        network: With the folded layers of `kiqa.models.efficientnet_lite`;
            changed in place.
        initial: ``"imagenet"``, whose package must be installed
            (`kiqa.training.runs.imagenet`); or name or file of a ``lite``,
            whose later stages are tuned to quality, of another network of
            kiqa with these layers, or of what ``kiqa convert
            efficientnet-lite`` wrote.

    Returns:
        Names of the layers that were set.

    Raises:
        FileNotFoundError: If there is no such file, or no package.
        ValueError: If the file holds another network.
    """
    if str(initial) == "imagenet":
        source = fold_norms(imagenet_efficientnet_lite("lite2"))
    else:
        source = load_model(initial)
        if "head_norm" in {layer.name for layer in source.layers}:  # converted: not folded, classes
            features = source.get_layer("head_relu6").output
            source = fold_norms(keras.Model(source.inputs[0], features, name=source.name))
    found = {layer.name: layer.get_weights() for layer in source.layers if layer.weights}
    chosen = found | {
        name.removeprefix(TUNED): values for name, values in found.items() if name.startswith(TUNED)
    }
    names = set_layers(fitting_layers(network, chosen), chosen)
    if "head_conv" not in names:
        raise ValueError(
            "Expected imagenet, a lite or another network of kiqa on EfficientNet-Lite2. "
            f"Received: {initial}, whose layers are {sorted(found)[:6]}. Leave initial out for "
            "random weights."
        )
    return names


def fitting_layers(
    network: keras.Model, found: Mapping[str, Sequence[np.ndarray]]
) -> list[keras.layers.Layer]:
    """Return the layers of a network for which there are arrays of the same shapes.

    Args:
        network: Any network.
        found: Arrays by the names of layers.
    """
    return [
        layer
        for layer in network.layers
        if layer.weights
        and [v.shape for v in found.get(layer.name, [])] == [tuple(w.shape) for w in layer.weights]
    ]


def set_layers(
    layers: Sequence[keras.layers.Layer], found: Mapping[str, Sequence[np.ndarray]]
) -> tuple[str, ...]:
    """Set layers to the arrays of their names, and return these names."""
    for layer in layers:
        layer.set_weights(found[layer.name])
    return tuple(layer.name for layer in layers)


def freeze_stages(body: keras.Model, count: int) -> None:
    """Let the stem and the first stages of a body stay as they are in training.

    Their batch normalisations use their moving averages, and change them no more.

    Args:
        body: Of `kiqa.models.resnet18` or `kiqa.models.efficientnet_lite`.
        count: Number of stages; 0 is none, and no stem either.
    """
    later = f"layer{count + 1}.", f"stage{count + 1}_"
    first = itertools.takewhile(lambda layer: not layer.name.startswith(later), body.layers)
    for layer in first if count else ():
        layer.trainable = False
