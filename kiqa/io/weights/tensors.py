"""The tensors of a Keras ``.h5`` file: names, layout, and what matches a model.

The layout is Keras's own: a group ``model_weights``; in it a group a layer, in
the model's order (attribute ``layer_names``); in each the tensors, in the
order trainable, then not trainable (attribute ``weight_names``). Names here are
those below the layer: ``kernel``, or ``forward_gru/gru_cell/kernel``.
"""

import json
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kiqa.io.budget import MAX_BYTES, check_declared, check_file

if TYPE_CHECKING:
    import h5py

Named = list[tuple[str, Any]]

_COLLECTION = b"GCOL\x01"  # then three bytes and its size in eight (HDF5 format, III.E)
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LARGEST_TEXT = 32 << 20  # characters; the largest shipped description has 0.4 million
_MOST_MEMBERS = 100_000  # groups and datasets of a file
_DEEPEST = 50  # groups within groups
_MOST_OF_DEFLATE = 1100  # bytes that one compressed byte can stand for
_WITHOUT_DATA = 32 << 20  # bytes of tensors, together, that HDF5 fills with zeros
_ATTRIBUTE_BYTES = 60_000  # HDF5 refuses attributes of 64 KiB; Keras splits and joins them


def open_h5(path: Path, *, max_bytes: int = MAX_BYTES) -> "h5py.File":
    """Open a file for reading, after a look at its size and first bytes.

    Args:
        path: The file.
        max_bytes: Most bytes that it may have.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is too large, or HDF5 cannot open it: truncated,
            empty, another format.
    """
    import h5py

    error: OSError | str
    error = "it begins otherwise than HDF5 does"
    if check_file(path, max_bytes=max_bytes, first=len(_SIGNATURE)) == _SIGNATURE:
        try:
            return h5py.File(path, "r")
        except OSError as opening:
            error = opening
    raise ValueError(
        f"Expected a complete HDF5 file of Keras (.h5). Received: {path.stat().st_size} bytes "
        f"that HDF5 cannot open ({error}). Get the file again; a .keras file is opened with "
        "keras.models.load_model and saved as .h5."
    )


def text_attribute(file: "h5py.File", key: str) -> str | None:
    """Read an attribute that holds one text; ``None`` if it is not there.

    Raises:
        ValueError: If it is something else, or longer than any description.
    """
    import h5py

    if key not in file.attrs:
        return None
    attribute = file.attrs.get_id(key)
    if attribute.shape != () or h5py.check_string_dtype(attribute.dtype) is None:
        raise ValueError(
            f"Expected a text as attribute {key!r}. Received: {attribute.dtype} of shape "
            f"{attribute.shape}. Get the file again."
        )
    text = file.attrs[key]
    check_declared(len(text), f"text as attribute {key!r}", max_bytes=_LARGEST_TEXT)
    return text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else str(text)


def model_config(file: "h5py.File") -> tuple[str, Any]:
    """Read the architecture that a Keras ``.h5`` file describes.

    Returns:
        Its text, and what that says as JSON.

    Raises:
        ValueError: If the file holds weights only, or no JSON.
    """
    text = text_attribute(file, "model_config")
    if text is None:
        holds = "weights only" if len(file) or "layer_names" in file.attrs else "nothing of Keras"
        raise ValueError(
            f"Expected a complete model, architecture and weights. Received: a file that holds "
            f"{holds}. Build the model in Python, call load_weights on it, and publish it with "
            "kiqa.io.weights.export_h5 or model.save('name.h5')."
        )
    try:
        return text, json.loads(text)
    except (ValueError, RecursionError) as error:
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


def read_tensors(file: "h5py.File", *, alone: bool = False) -> tuple[dict[str, Named], list[str]]:
    """List the tensors of a Keras ``.h5`` file without reading their values.

    Args:
        file: HDF5 file open for reading.
        alone: Whether it may hold weights only, whose layers are at its root.

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
    root = alone and "model_weights" not in file and "layer_names" in file.attrs
    if "model_weights" not in file and not root:
        raise ValueError(
            "Expected the tensors in a group 'model_weights'. Received: a file without one. "
            "Get the file again."
        )
    group, prefix = (file, "/") if root else (file["model_weights"], "/model_weights/")
    listed = set()
    layers = _read_names(group, "layer_names")
    for layer in dict.fromkeys([*layers, "top_level_model_weights"]):
        if layer not in group:
            continue
        keys = _read_names(group[layer], "weight_names")
        paths = [f"{prefix}{layer}/{key}" for key in keys]
        listed.update(paths)
        names = numbered([name_below(layer, key.removesuffix(":0")) for key in keys])
        if names:
            result[layer] = [
                (name, stored.get(path)) for name, path in zip(names, paths, strict=True)
            ]
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


def datasets(group: "h5py.Group") -> Iterator[tuple[str, "h5py.Dataset"]]:
    """List the datasets below a group, and refuse everything that leads out of it.

    Args:
        group: HDF5 file or group open for reading.

    Yields:
        (path such as ``/conv1/W``, dataset), not read yet; its data are in
        the file.

    Raises:
        ValueError: If there are links, virtual or external data, one group
            at two places, more members than any network has, anything but
            numbers, or numbers without data.
    """
    import h5py

    waiting, seen, members, hollow = [("", group)], {_address(group)}, 0, 0
    while waiting:
        path, place = waiting.pop()
        for key in place:
            name, members = f"{path}/{key}", members + 1
            if members > _MOST_MEMBERS or name.count("/") > _DEEPEST:
                raise ValueError(
                    f"Expected at most {_MOST_MEMBERS} groups and tensors, {_DEEPEST} deep. "
                    f"Received: more, at {name}. Save the model again."
                )
            if not isinstance(place.get(key, getlink=True), h5py.HardLink):
                raise ValueError(
                    f"Expected plain HDF5. Received: a soft or external link at {name}, which "
                    "could read other files. Save the model again."
                )
            item = place[key]
            if isinstance(item, h5py.Group):
                if _address(item) in seen:
                    raise ValueError(
                        f"Expected a tree of groups. Received: a cycle at {name}, or one group "
                        "at two places. Save the model again."
                    )
                seen.add(_address(item))
                waiting.append((name, item))
            elif isinstance(item, h5py.Dataset):
                hollow += _hollow(name, item)
                if hollow > _WITHOUT_DATA:
                    raise _no_tensor(name, item)
                yield name, item


def read_values(tensors: dict[str, Named], *, max_bytes: int = MAX_BYTES) -> dict[str, Named]:
    """Read the values of tensors, all of which are there.

    Args:
        tensors: Layer name -> list of (tensor name, dataset), from
            `read_tensors`.
        max_bytes: Most bytes of all of them.

    Returns:
        The same with arrays.

    Raises:
        ValueError: If they are more.
    """
    found = [dataset for named in tensors.values() for _, dataset in named]
    check_declared(sum(dataset.nbytes for dataset in found), "tensors", max_bytes=max_bytes)
    return {
        layer: [(name, dataset[()]) for name, dataset in named] for layer, named in tensors.items()
    }


def _address(group):
    """What tells one group of a file from another."""
    import h5py

    info = h5py.h5o.get_info(group.id)
    return info.fileno, info.addr


def _hollow(name: str, dataset: "h5py.Dataset") -> int:
    """Return how many bytes of a tensor are not in the file; refuse what is no tensor."""
    if dataset.is_virtual or dataset.external:
        raise ValueError(
            f"Expected plain HDF5. Received: {name}, whose data lie in another file. Save the "
            "model again."
        )
    if dataset.dtype.kind not in "fiub" or dataset.shape is None:
        raise _no_tensor(name, dataset)
    stored = dataset.id.get_storage_size()
    if dataset.id.get_create_plist().get_nfilters():
        stored *= _MOST_OF_DEFLATE
    return max(dataset.nbytes - stored, 0)


def _no_tensor(name, dataset):
    stored = dataset.id.get_storage_size()
    return ValueError(
        f"Expected tensors of numbers with their data. Received: {name}, {dataset.dtype} of shape "
        f"{dataset.shape} in {stored} bytes. Save the model again."
    )


def _write_names(group: "h5py.Group", key: str, names: list[str]) -> None:
    """Write a list of names as an attribute, split where HDF5's limit asks for it."""
    array = np.array([name.encode("utf-8") for name in names] or [], dtype="S")
    if array.nbytes <= _ATTRIBUTE_BYTES:
        group.attrs[key] = array
        return
    for number, part in enumerate(np.array_split(array, -(-array.nbytes // _ATTRIBUTE_BYTES))):
        group.attrs[f"{key}{number}"] = part


def _longest_text(file: "h5py.File") -> int:
    """Bytes that a text of any length in a file has at most.

    HDF5 keeps such texts in collections, and each of these says its size
    behind its signature; bytes of tensors that look like one only raise the
    bound.
    """
    longest = 0
    with (
        open(file.filename, "rb") as raw,
        mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        place = data.find(_COLLECTION)
        while place >= 0:
            size = data[place + len(_COLLECTION) + 3 : place + len(_COLLECTION) + 11]
            longest = max(longest, int.from_bytes(size, "little"))
            place = data.find(_COLLECTION, place + len(_COLLECTION) + 11)
        return min(longest, len(data))


def _read_names(group: "h5py.Group", key: str) -> list[str]:
    keys = [key] if key in group.attrs else []
    while not keys or keys[-1] != key:
        if f"{key}{len(keys)}" not in group.attrs:
            break
        keys.append(f"{key}{len(keys)}")
    names = []
    for part in keys:
        attribute = group.attrs.get_id(part)
        count = attribute.shape[0] if len(attribute.shape) == 1 else -1
        fixed = (
            attribute.dtype.kind == "S" or count == 0
        )  # Keras gives no names the kind of numbers
        # Names of any length may all be one long text of the file.
        bounded = attribute.dtype.kind == "O" and (
            count * group.file.id.get_filesize() <= MAX_BYTES
            or count * _longest_text(group.file) <= MAX_BYTES
        )
        if count < 0 or not (fixed or bounded):
            raise ValueError(
                f"Expected a list of names as attribute {part!r} of {group.name}. Received: "
                f"{attribute.dtype} of shape {attribute.shape}. Save the model again."
            )
        names.extend(group.attrs[part])
    return [name.decode("utf-8") if isinstance(name, bytes) else str(name) for name in names]
