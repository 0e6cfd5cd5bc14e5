"""From named tensors of another program to a network of `kiqa.models.wadiqam`.

Public names: `TensorNames`, `network_from`, `pooling_in_name`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kiqa.constants import WADIQAM
from kiqa.io.state_dicts import check_tensors

if TYPE_CHECKING:
    import keras

POOLINGS = ("average", "weighted")
_ORDER = ("difference", "distorted", "reference")  # of the features in our networks


@dataclass(frozen=True)
class TensorNames:
    """How a program names the tensors of a network, and what it does otherwise.

    Attributes:
        kernel: Name of a layer's kernel, ``{}`` for the layer. Convolutions
            are (out, in, rows, columns), dense layers (out, in).
        bias: Name of its bias.
        convolutions: The ten layers of the body, in order.
        quality: The two layers of the quality branch.
        weight: The two layers of the weight branch.
        order: Order in which the features of both patches are joined.
        input_scale: Factor from 0..255 to the network's pixels.
        least_weight: What is added to the weight after its ReLU.
    """

    kernel: str
    bias: str
    convolutions: tuple[str, ...]
    quality: tuple[str, str]
    weight: tuple[str, str]
    order: tuple[str, ...] = _ORDER
    input_scale: float = 1.0
    least_weight: float = WADIQAM.least_weight

    def beginnings(self) -> list[str]:
        """With what the names of its tensors begin."""
        layers = (*self.convolutions, *self.quality, *self.weight)
        return [part.format(layer) for layer in layers for part in (self.kernel, self.bias)]


def network_from(
    tensors: Mapping[str, Any],
    names: TensorNames,
    *,
    pooling: str | None,
    default_pooling: Mapping[str, str | None],
    source: str,
) -> tuple["keras.Model", dict[str, str]]:
    """Build the network that tensors belong to, and set its weights.

    With or without reference is seen from the first dense layer: 512 features
    of one patch, or 1536 of two.

    Args:
        tensors: Arrays, or what has a shape and becomes an array, by name.
        names: How they are named.
        pooling: ``"average"``, ``"weighted"`` or ``None``: not known. A file
            without a weight branch can only be averaged.
        default_pooling: For ``"nr"`` and ``"fr"``, what a file with both
            branches means where ``pooling`` is ``None``; ``None`` if it may
            mean either, because all files of that program hold both.
        source: What to call the file in messages.

    Returns:
        The network, float32, of RGB patches 0..255, and the details that
        follow from it: mode, pooling and input range.

    Raises:
        ValueError: If tensors are missing, extra, of another shape or not
            finite (the message lists them), or the pooling is not known or
            not to be had.
    """
    from kiqa.models.wadiqam import build_wadiqam

    if pooling not in (None, *POOLINGS):
        raise ValueError(f"Expected pooling among {', '.join(POOLINGS)}. Received: {pooling!r}.")
    mode = _mode(tensors, names, source)
    both = default_pooling[mode] is None or any(
        part.format(layer) in tensors for layer in names.weight for part in _parts(names)
    )
    _check(tensors, names, _layers(names, both, mode), source)
    if pooling is None:
        pooling = default_pooling[mode] if both else "average"
    if pooling is None:
        raise ValueError(
            f"{source}: Expected to know how its patches are pooled: the file has a quality and a "
            "weight branch, which files of both kinds have, and its name holds neither "
            "'patchwise' nor 'weighted'. Say it: --pooling average or --pooling weighted."
        )
    if pooling == "weighted" and not both:
        raise ValueError(
            f"{source}: Expected a weight branch ({', '.join(names.weight)}) for weighted "
            "pooling. Received: a file without one. Convert it with --pooling average."
        )
    model = build_wadiqam(mode=mode, pooling=pooling)
    for layer, (name, _) in _layers(names, pooling == "weighted", mode).items():
        kernel, bias = (
            np.asarray(tensors[part.format(name)], np.float32) for part in _parts(names)
        )
        kernel = kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T
        if name == names.convolutions[0]:
            kernel = kernel * np.float32(names.input_scale)
        if mode == "fr" and layer.endswith("_hidden"):
            kernel = _reordered(kernel, names.order)
        model.get_layer(layer).set_weights([kernel, bias])
    if pooling == "weighted":
        model.get_layer("weight").offset = names.least_weight
    return model, {"mode": f"wadiqam-{mode}", "pooling": pooling, "input_range": "RGB, 0..255"}


def pooling_in_name(path: str | Path) -> str | None:
    """Read the pooling out of a file's name.

    Args:
        path: Such as ``nr_live_weighted.model``, ``fr_tid_patchwise.model`` or
            ``WaDIQaM-FR-KADID-10K``.

    Returns:
        ``"average"``, ``"weighted"``, or ``None`` if the name says neither,
        or both.
    """
    name = Path(path).name.lower()
    weighted = re.search("weighted|wadiqam", name) is not None
    average = re.search("patchwise|average|(?<!wa)diqam", name) is not None
    if weighted == average:
        return None
    return "weighted" if weighted else "average"


def _parts(names: TensorNames) -> tuple[str, str]:
    return names.kernel, names.bias


def _layers(names: TensorNames, weighted: bool, mode: str) -> dict[str, tuple[str, tuple]]:
    """Our layer -> its name there and the shape of its kernel there."""
    ours = [
        (f"stage{stage}_conv{index}", width)
        for stage, widths in enumerate(WADIQAM.conv_widths, 1)
        for index, width in enumerate(widths, 1)
    ]
    layers: dict[str, tuple[str, tuple]] = {}
    channels = 3
    for (layer, width), name in zip(ours, names.convolutions, strict=True):
        layers[layer] = name, (width, channels, 3, 3)
        channels = width
    features = channels * (len(_ORDER) if mode == "fr" else 1)
    branches = {"quality": names.quality} | ({"weight_raw": names.weight} if weighted else {})
    for layer, (hidden, last) in branches.items():
        layers[f"{layer}_hidden"] = hidden, (WADIQAM.units, features)
        layers[layer] = last, (1, WADIQAM.units)
    return layers


def _mode(tensors, names, source):
    """``"nr"`` or ``"fr"``, by the width of the first dense layer."""
    first = names.kernel.format(names.quality[0])
    features = WADIQAM.conv_widths[-1][-1]
    shape = tuple(tensors[first].shape or ()) if first in tensors else None
    if shape == (WADIQAM.units, len(_ORDER) * features):
        return "fr"
    if shape in (None, (WADIQAM.units, features)):
        return "nr"  # without the tensor the check to come names it
    raise ValueError(
        f"{source}: Expected {first} of shape {(WADIQAM.units, features)} (no reference) or "
        f"{(WADIQAM.units, len(_ORDER) * features)} (full reference). Received: {shape}."
    )


def _check(tensors, names, layers, source):
    """Raise if tensors are missing, extra, of another shape or not finite."""
    shapes = {}
    for name, shape in layers.values():
        shapes |= {names.kernel.format(name): shape, names.bias.format(name): shape[:1]}
    check_tensors(tensors, shapes, source)


def _reordered(kernel: np.ndarray, order: tuple[str, ...]) -> np.ndarray:
    """Rows of a dense kernel, in blocks as ``order`` names them, in our order."""
    blocks = dict(zip(order, np.split(kernel, len(order)), strict=True))
    return np.concatenate([blocks[part] for part in _ORDER])
