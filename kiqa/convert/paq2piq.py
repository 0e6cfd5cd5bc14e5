"""Checkpoints of PaQ-2-PiQ, the authors' networks, and ImageNet's ResNet-18.

The published file (``RoIPoolModel-fit.10.bs.120.pth``, P2P-RM) is a PyTorch
pickle with the state dict under ``model``; the same arrays as ``.npz`` are read
too. Which network it is shows in the names of its tensors:

- ``body.*`` and ``head.*``: P2P-RM; a P2P-BM of the authors' code has the same
  names and shapes, so say ``kind="bm"`` for one. The oldest files have
  ``cnn.*`` in the place of ``body.*``.
- ``0.*`` and ``1.*``, as fastai names body and head of one sequence: P2P-BM.
- ``body.*``, ``patch_head.*`` and ``image_head.*``: P2P-FM.

Scores are on the scale 0..100, higher is better.

Public names: `convert_paq2piq`, `convert_resnet18`.

References:
    github.com/baidut/PaQ-2-PiQ, github.com/baidut/paq2piq; Ying et al. 2020.
    torchvision's ResNet-18.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kiqa.convert.written import write_converted
from kiqa.io.files import sha256_of
from kiqa.io.state_dicts import check_tensors, read_state_dict, without_prefix
from kiqa.io.weights import Origin

if TYPE_CHECKING:
    import keras

KINDS = ("bm", "rm", "fm")
_NORM = ("weight", "bias", "running_mean", "running_var")

# Parts of the networks, by the names in files of all ages.
_BEGINNINGS = tuple(
    f"{part}.{number}." for part in ("body", "cnn", "head", "patch_head", "image_head", "0", "1")
    for number in range(10)
)  # fmt: skip
_RESNET18 = ("conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4.")
# Layers of a head by the authors' names: their places in the sequence.
_HEAD = {"norm1": 2, "hidden": 4, "norm2": 6, "": 8}
_FEEDBACK = {"norm1": 0, "hidden": 2, "norm2": 4, "": 6}


def convert_paq2piq(
    source: str | os.PathLike, output: str | os.PathLike, *, kind: str | None = None
) -> Path:
    """Convert a checkpoint of PaQ-2-PiQ: two files, body and head.

    Args:
        source: PyTorch file, or the same arrays as ``.npz``.
        output: The body's file, ending in ``.h5``; the head's is written
            beside it, with ``_head`` after the stem.
        kind: ``"bm"``, ``"rm"`` or ``"fm"``; ``None`` takes it from the
            names of the tensors.

    Returns:
        The body's path.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no state dict, holds code, is a checkpoint of
            another network, or tensors are missing, extra, of another shape
            or not finite.
        OSError: If writing fails.
    """
    source = Path(source)
    if kind not in (None, *KINDS):
        raise ValueError(f"Expected kind among {', '.join(KINDS)}. Received: {kind!r}.")
    found = _own_names(read_state_dict(source))
    named = _kind(found, source)
    if kind is None:
        kind = named
    elif kind != named and {kind, named} != {"bm", "rm"}:
        raise ValueError(
            f"{source}: Expected a P2P-{kind.upper()}. Received: the tensors of a "
            f"P2P-{named.upper()}. Leave the kind out."
        )
    from kiqa.models.paq2piq import build_paq2piq_head
    from kiqa.models.resnet18 import build_resnet18
    from kiqa.scoring.engines.paq2piq import export_pair

    body = build_resnet18()
    head = build_paq2piq_head(kind=kind, features=body.output_shape[-1])
    places = _body_places(body, "body.")
    if kind == "fm":
        places |= _head_places("patch_head", "patch_score", _HEAD)
        places |= _head_places("image_head", "picture_score", _FEEDBACK)
    else:
        places |= _head_places("head", "score", _HEAD)
    _set_weights([body, head], places, found, source)
    return export_pair(
        body,
        head,
        output,
        kind=kind,
        full_precision=True,
        origin=Origin(source.name, sha256_of(source), "PaQ-2-PiQ"),
    )


def convert_resnet18(source: str | os.PathLike, output: str | os.PathLike) -> Path:
    """Convert torchvision's ResNet-18, to start trainings from.

    Its class head (``fc``) is left out. The weights stay as they are: trained
    on pixels less ImageNet's mean, over its deviation, while our body takes
    pixels over 255; so did the authors of PaQ-2-PiQ start.

    Args:
        source: PyTorch state dict, or the same arrays as ``.npz``.
        output: The ``.h5`` file to write.

    Returns:
        The path written.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: As `convert_paq2piq`.
        OSError: If writing fails.
    """
    source = Path(source)
    found = without_prefix(read_state_dict(source), _RESNET18)
    found = {name: value for name, value in found.items() if not name.startswith("fc.")}

    from kiqa.models.resnet18 import build_resnet18

    body = build_resnet18()
    names = [layer.name for layer in body.layers if layer.weights]
    _set_weights([body], {name: name for name in names}, found, source)
    return write_converted(
        body, output, source=source, project="torchvision",
        scale="features", higher_is_better=True, mode="resnet18-body",
    )  # fmt: skip


def _own_names(found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The tensors under the names of the newer files."""
    found = without_prefix(found, _BEGINNINGS)
    heads = {"cnn": "body"}
    if all(name.split(".")[0] in ("0", "1") for name in found):
        heads = {"0": "body", "1": "bm_head"}
    result = {}
    for name, value in found.items():
        first, _, rest = name.partition(".")
        result[f"{heads.get(first, first)}.{rest}"] = value
    return result


def _kind(found: dict[str, np.ndarray], source: Path) -> str:
    """Which network it is; the tensors of fastai's P2P-BM get the names of the others."""
    parts = {name.split(".")[0] for name in found}
    if "bm_head" in parts:
        for name in [name for name in found if name.startswith("bm_head.")]:
            found[name.removeprefix("bm_")] = found.pop(name)
        return "bm"
    if parts & {"patch_head", "image_head"}:
        return "fm"
    if {"body", "head"} & parts:
        return "rm"
    raise ValueError(
        f"{source}: Expected a checkpoint of PaQ-2-PiQ, tensors named body.* and head.*, or "
        f"patch_head.* and image_head.*. Received: {len(found)} tensors, such as "
        f"{sorted(found)[:4]}, of another network. ImageNet's ResNet-18 is converted by `kiqa "
        "convert resnet18`."
    )


def _body_places(body, prefix):
    """Our layer -> its name there: conv1, bn1 and the stages are children 0, 1 and 4 to 7."""
    children = {
        "conv1": "0",
        "bn1": "1",
        **{f"layer{stage}": f"{stage + 3}" for stage in range(1, 5)},
    }
    places = {}
    for layer in body.layers:
        if layer.weights:
            first, _, rest = layer.name.partition(".")
            places[layer.name] = f"{prefix}{children[first]}{'.' if rest else ''}{rest}"
    return places


def _head_places(theirs, ours, numbers):
    """Our layer -> its name there, of a head."""
    return {f"{ours}_{part}".rstrip("_"): f"{theirs}.{n}" for part, n in numbers.items()}


def _set_weights(
    models: "list[keras.Model]",
    places: dict[str, str],
    found: Mapping[str, np.ndarray],
    source: Path,
) -> None:
    """Set all weights of the models, or say which tensors do not fit."""
    layers = [layer for model in models for layer in model.layers if layer.weights]
    wanted = {}
    for layer in layers:
        norm = len(layer.weights) == len(_NORM)
        parts = _NORM if norm else ("weight", "bias")[: len(layer.weights)]
        for part, weight in zip(parts, layer.weights, strict=True):
            shape = tuple(weight.shape)
            if len(shape) > 1:  # (rows, columns, in, out) there is (out, in, rows, columns)
                shape = (shape[3], shape[2], *shape[:2]) if len(shape) == 4 else shape[::-1]
            wanted[f"{places[layer.name]}.{part}"] = shape
    check_tensors(found, wanted, source)
    for layer in layers:
        names = [name for name in _NORM if f"{places[layer.name]}.{name}" in wanted]
        values = [np.asarray(found[f"{places[layer.name]}.{n}"], np.float32) for n in names]
        values[0] = values[0].transpose(2, 3, 1, 0) if values[0].ndim == 4 else values[0].T
        layer.set_weights(values)
