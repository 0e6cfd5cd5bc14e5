"""Start RNN-BIQA's feature extractor from trained weights, and freeze its first layers.

Public names: `start_extractor`, `freeze_until`.
"""

import os
from pathlib import Path

import keras

from kiqa.constants import RNN_BIQA
from kiqa.io.messages import shortened
from kiqa.io.weights import WeightsError, load_model, load_weights
from kiqa.io.weights.tensors import open_h5
from kiqa.models.efficientnet_lite import stage_layers
from kiqa.models.keras_cache import keras_imagenet_file
from kiqa.models.rnn_features import without_head
from kiqa.training.runs.start import (
    fitting_layers,
    set_layers,
    start_efficientnet_lite,
    start_from,
)

_FIRST = "conv1_conv"  # sees the colours
_LITE = "efficientnet-lite2"
_FROZEN = {  # of "auto"
    "resnet50": RNN_BIQA.frozen_until,
    "compact": "stage2_pool",
    _LITE: stage_layers("lite2", folded=True)[3],
}


def start_extractor(
    network: keras.Model, backbone: str, initial: str | os.PathLike | None
) -> tuple[str, ...]:
    """Set the layers of an extractor that a trained network has as well.

    Args:
        network: From `kiqa.models.rnn_features.build_extractor`; changed in
            place.
        backbone: Its backbone.
        initial: ``None`` leaves random weights. For ``"resnet50"``
            ``"imagenet"``, which must lie in Keras's cache of models, a file
            of ``keras.applications.ResNet50`` without its top, or an
            extractor of kiqa. For ``"compact"`` name or file of a network of
            `kiqa.models.wadiqam`, of a Patchnet, or of an extractor of kiqa.
            For ``"efficientnet-lite2"`` as of
            `kiqa.training.runs.start.start_efficientnet_lite`.

    Returns:
        Names of the layers that were set.

    Raises:
        FileNotFoundError: If there is no such file; nothing is downloaded,
            the message says from where and whereto.
        ValueError: If the file holds another network.
    """
    if initial is None:
        return ()
    if backbone == "compact":
        if str(initial) == "imagenet":
            raise ValueError(
                "Expected the weights of a WaDIQaM, a Patchnet or an extractor for the backbone "
                "'compact'. Received: 'imagenet'. Use --backbone resnet50, or another --initial."
            )
        return start_from(network, initial)
    if backbone == _LITE:
        return start_efficientnet_lite(network, initial)
    path = keras_imagenet_file("resnet50") if str(initial) == "imagenet" else Path(initial)
    if path.suffix == ".h5" and path.is_file() and not _is_ours(path):
        return _set_keras_resnet50(without_head(network), path)
    source = load_model(initial)
    found = {layer.name: layer.get_weights() for layer in source.layers if layer.weights}
    names = set_layers(fitting_layers(network, found), found)
    if _FIRST not in names:
        raise ValueError(
            f"Expected a ResNet-50 of Keras or an extractor of kiqa. Received: {initial}, whose "
            f"layers are {sorted(found)[:6]}. Leave --initial out for random weights."
        )
    return names


def freeze_until(network: keras.Model, backbone: str, name: str) -> None:
    """Keep the first layers of an extractor from being trained.

    Args:
        network: The extractor; changed in place.
        backbone: Its backbone.
        name: Of the last layer to freeze; ``"auto"`` is the backbone's own,
            empty freezes none. Their batch normalisations keep their
            statistics too.

    Raises:
        ValueError: If there is no such layer.
    """
    name = _FROZEN[backbone] if name == "auto" else name
    if not name:
        return
    names = [layer.name for layer in network.layers]
    if name not in names:
        raise ValueError(
            f"Expected frozen_until to name a layer of the extractor, such as "
            f"{_FROZEN[backbone]!r}. Received: {name!r}."
        )
    for layer in network.layers[: names.index(name) + 1]:
        layer.trainable = False


def _is_ours(path):
    try:
        with open_h5(path) as file:
            return "kiqa" in file.attrs
    except (OSError, ValueError, RuntimeError) as error:
        raise ValueError(f"Expected a .h5 file. Received: {path} ({shortened(error)}).") from error


def _set_keras_resnet50(body, path):
    """Set the layers to the weights of Keras's own ResNet-50 in a file, and return their names."""
    try:
        load_weights(body, path)
    except WeightsError as error:
        raise ValueError(
            f"Expected the weights of keras.applications.ResNet50 without its top. Received: "
            f"{path} ({shortened(error)})."
        ) from error
    kernel = body.get_layer(_FIRST).kernel
    kernel.assign(kernel.numpy()[:, :, ::-1])  # BGR to RGB
    return tuple(layer.name for layer in body.layers if layer.weights)
