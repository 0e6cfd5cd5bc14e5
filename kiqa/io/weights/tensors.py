"""The tensors of a Keras ``.h5`` file: names, layout, and what matches a model.

The layout is Keras's own: a group ``model_weights``; in it a group a layer, in
the model's order (attribute ``layer_names``); in each the tensors, in the
order trainable, then not trainable (attribute ``weight_names``). Names here are
those below the layer: ``kernel``, or ``forward_gru/gru_cell/kernel``.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import h5py

Named = list[tuple[str, Any]]

_ATTRIBUTE_BYTES = 60_000  # HDF5 refuses attributes of 64 KiB; Keras splits and joins them


def open_h5(path: Path) -> "h5py.File":
    """Open a file for reading.

    Raises:
        ValueError: If HDF5 cannot open it: truncated, empty, another format.
    """
    import h5py

    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(
            f"Expected a complete HDF5 file of Keras (.h5). Received: {path.stat().st_size} bytes "
            f"that HDF5 cannot open ({error}). Get the file again; a .keras file is opened with "
            "keras.models.load_model and saved as .h5."
        ) from error


def model_config(file: "h5py.File") -> dict[str, Any]:
    """Read the architecture that a Keras ``.h5`` file describes.

    Raises:
        ValueError: If the file holds weights only, or no JSON.
    """
    text = file.attrs.get("model_config")
    if text is None:
        holds = "weights only" if len(file) or "layer_names" in file.attrs else "nothing of Keras"
        raise ValueError(
            f"Expected a complete model, architecture and weights. Received: a file that holds "
            f"{holds}. Build the model in Python, call load_weights on it, and publish it with "
            "kiqa.io.weights.export_h5 or model.save('name.h5')."
        )
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(
            f"Expected the architecture as JSON. Received: {error}. Get the file again."
        ) from error


def write_tensors(file: "h5py.File", tensors: dict[str, Named], layer_names: list[str]) -> None:
    """Write the group ``model_weights``.

    Args:
        file: HDF5 file open for writing.
        tensors: Layer name -> list of (tensor name, array), as
            `kiqa.io.weights.model_tensors.named_weights` orders them.
        layer_names: All layers of the model, in its order.
    """
    group = file.create_group("model_weights")
    for key in ("backend", "keras_version"):
        group.attrs[key] = file.attrs[key]
    _write_names(group, "layer_names", layer_names)
    for layer in [*layer_names, "top_level_model_weights"]:
        part = group.create_group(layer)
        named = tensors.get(layer, [])
        _write_names(part, "weight_names", [f"{layer}/{name}" for name, _ in named])
        for name, array in named:
            part.create_dataset(f"{layer}/{name}", data=array)


def read_tensors(file: "h5py.File") -> tuple[dict[str, Named], list[str]]:
    """List the tensors of a Keras ``.h5`` file without reading their values.

    Args:
        file: HDF5 file open for reading.

    Returns:
        Layer name -> list of (tensor name, dataset, or ``None`` if the file
        lists the name and lacks the data); and the sorted names of tensors
        that no layer lists, which no Keras would read.

    Raises:
        ValueError: If the file lacks the group, or holds links, virtual or
            external data.
    """
    stored = dict(datasets(file))
    result: dict[str, Named] = {}
    if "model_weights" not in file:
        raise ValueError(
            "Expected the tensors in a group 'model_weights'. Received: a file without one. "
            "Get the file again."
        )
    group = file["model_weights"]
    listed = set()
    layers = _read_names(group, "layer_names")
    for layer in dict.fromkeys([*layers, "top_level_model_weights"]):
        if layer not in group:
            continue
        keys = _read_names(group[layer], "weight_names")
        paths = [f"/model_weights/{layer}/{key}" for key in keys]
        listed.update(paths)
        names = numbered([name_below(layer, key.removesuffix(":0")) for key in keys])
        if names:
            result[layer] = [
                (name, stored.get(path)) for name, path in zip(names, paths, strict=True)
            ]
    prefix = "/model_weights/"
    stray = {path for path in stored if path.startswith(prefix)} - listed
    parts = [path.removeprefix(prefix).partition("/") for path in stray]
    return result, sorted(f"{layer}/{name_below(layer, key)}" for layer, _, key in parts)


def layer_names(file: "h5py.File") -> list[str]:
    """Return the layers that a Keras ``.h5`` file lists, in its order."""
    return _read_names(file["model_weights"], "layer_names")


def name_below(layer: str, path: str) -> str:
    """Shorten a weight's path, such as ``model/layer/kernel``, to the part below its layer."""
    parts = path.split("/")
    return "/".join(parts[parts.index(layer) + 1 :] if layer in parts[:-1] else parts)


def numbered(names: list[str]) -> list[str]:
    """Number repeated names, in order, so that each is unique."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        count = seen[name] = seen.get(name, -1) + 1
        result.append(f"{name}_{count}" if count else name)
    return result


def datasets(group: "h5py.Group", path: str = "") -> Iterator[tuple[str, "h5py.Dataset"]]:
    """List the datasets below a group, and refuse everything that leads out of it.

    Args:
        group: HDF5 file or group open for reading.
        path: Its own path, which each path begins with.

    Yields:
        (path such as ``/conv1/W``, dataset), not read yet.

    Raises:
        ValueError: If there are links, virtual or external data, or a cycle.
    """
    import h5py

    for key in group:
        name = f"{path}/{key}"
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise ValueError(
                f"Expected plain HDF5. Received: a soft or external link at {name}, which could "
                "read other files. Save the model again."
            )
        item = group[key]
        if isinstance(item, h5py.Group):
            if name.count("/") > 50:
                raise ValueError(f"Expected a tree of groups. Received: a cycle at {name}.")
            yield from datasets(item, name)
        elif isinstance(item, h5py.Dataset):
            if item.is_virtual or item.external:
                raise ValueError(
                    f"Expected plain HDF5. Received: {name}, whose data lie in another file. "
                    "Save the model again."
                )
            yield name, item


def _write_names(group: "h5py.Group", key: str, names: list[str]) -> None:
    """Write a list of names as an attribute, split where HDF5's limit asks for it."""
    array = np.array([name.encode("utf-8") for name in names] or [], dtype="S")
    if array.nbytes <= _ATTRIBUTE_BYTES:
        group.attrs[key] = array
        return
    for number, part in enumerate(np.array_split(array, -(-array.nbytes // _ATTRIBUTE_BYTES))):
        group.attrs[f"{key}{number}"] = part


def _read_names(group: "h5py.Group", key: str) -> list[str]:
    keys = [key] if key in group.attrs else []
    while not keys or keys[-1] != key:
        if f"{key}{len(keys)}" not in group.attrs:
            break
        keys.append(f"{key}{len(keys)}")
    names = [name for part in keys for name in group.attrs[part]]
    return [name.decode("utf-8") if isinstance(name, bytes) else str(name) for name in names]
