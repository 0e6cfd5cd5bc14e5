"""Arrays from files of PyTorch and NumPy, without PyTorch and without running code.

PyTorch writes tensors as a pickle plus raw bytes, since version 1.6 in a zip
file, before in one stream. `read_state_dict` reads both with an unpickler that
knows tensors and dictionaries only: a pickle that names anything else, and so
could run code, is refused before it does. NumPy's scalars, which optimisers
leave beside the network, are passed over.

Public names: `read_state_dict`, `read_npz`, `is_zip`.
"""

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

_MAGIC = 0x1950A86A20F9469CFC6C  # of the stream form
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}
_SCALARS = {  # what the pickle of a number of NumPy's names
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}
_BELOW = ("params", "state_dict", "model")  # keys under which programs put the state dict


def read_state_dict(path: str | Path) -> dict[str, np.ndarray]:
    """Read a PyTorch state dict, or the same arrays as ``.npz``.

    Args:
        path: File of ``torch.save(model.state_dict(), path)``, also with the
            state dict under ``params``, ``state_dict`` or ``model``; or of
            ``numpy.savez(path, **arrays)``.

    Returns:
        The arrays by name, without the prefix ``module.`` of parallel models.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or something else, or its pickle
            holds more than tensors: nothing of it is run.
    """
    found: Any
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"Expected a PyTorch state dict at {path}, found no file.")
    if is_zip(path) and not _has_pickle(path):
        found = read_npz(path)
    else:
        try:
            found = _read_zip(path) if is_zip(path) else _read_stream(path)
        except _RefusedError as error:
            raise ValueError(
                f"Expected a state dict, tensors by name, in {path}. Received: a pickle that "
                f"holds {error}, which could run code; it was not opened. In the program it is "
                "from, save model.state_dict()."
            ) from error
        except Exception as error:  # a damaged pickle can raise anything
            raise ValueError(
                f"Expected a PyTorch state dict in {path}. Received: {path.stat().st_size} bytes "
                f"that are none, or damaged ({type(error).__name__}: {error}). Get the file again."
            ) from error
    for key in _BELOW:
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not found:
        raise ValueError(f"Expected tensors by name in {path}. Received: {type(found).__name__}.")
    others = [name for name, value in found.items() if not isinstance(value, np.ndarray)]
    if others:
        raise ValueError(f"Expected tensors only in {path}. Received: also {others[:12]}.")
    inner = "module."
    prefix = inner if all(str(name).startswith(inner) for name in found) else ""
    return {str(name).removeprefix(prefix): value for name, value in found.items()}


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays of a ``.npz`` file.

    Raises:
        ValueError: If the file is damaged or holds pickled objects.
    """
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"Expected plain arrays in {path} (numpy.savez). Received: {error}. Get the file again."
        ) from error


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip archive does."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _has_pickle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("data.pkl") for name in archive.namelist())
    except zipfile.BadZipFile:
        return True  # damaged; reading it says so


class _Ignored:
    """Takes the place of a value that is not needed."""

    def __init__(self, *_) -> None:
        pass

    def __setstate__(self, _) -> None:
        pass


class _RefusedError(Exception):
    """A pickle names something that is neither a tensor nor a dictionary."""


class _Unpickler(pickle.Unpickler):
    """Knows dictionaries, tensors and their storages; refuses every other name."""

    def __init__(self, stream: BinaryIO, storage) -> None:
        super().__init__(stream, encoding="utf-8")
        self._storage = storage

    def find_class(self, module: str, name: str):
        """Return what a name in the pickle stands for."""
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch._utils", "_rebuild_parameter"): _parameter,
        }
        if (module, name) in known:
            return known[module, name]
        if (module, name) in _SCALARS:
            return _Ignored
        if module == "torch" and name in _STORAGES:
            return np.dtype(_STORAGES[name])
        raise _RefusedError(f"{module}.{name}")

    def persistent_load(self, saved):
        """Return the storage that a reference in the pickle stands for."""
        kind, dtype, key, _, count, *view = saved
        if kind != "storage" or not isinstance(dtype, np.dtype) or any(view):
            raise _RefusedError(f"a reference to {kind!r}")
        return self._storage(str(key), dtype, int(count))


def _tensor(storage, offset, shape, strides, *_):
    """A tensor as a view of its storage, in any order of its axes."""
    shape, strides = tuple(shape), tuple(strides)
    if min((offset, *shape, *strides)) < 0 or len(shape) != len(strides):
        raise ValueError(f"tensor of shape {shape} with strides {strides} at {offset}")
    reach = sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
    if math.prod(shape) and offset + reach >= len(storage):
        raise ValueError(f"tensor of shape {shape} outside its storage")
    if not math.prod(shape):
        return np.zeros(shape, storage.dtype)
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)


def _parameter(tensor, *_):
    return tensor


def _read_zip(path):
    with zipfile.ZipFile(path) as archive:
        (inside,) = [name for name in archive.namelist() if name.endswith("data.pkl")]
        folder = inside.removesuffix("data.pkl")
        order = f"{folder}byteorder"
        if order in archive.namelist() and archive.read(order) != b"little":
            raise ValueError("numbers in big-endian order")
        storages = {}

        def storage(key, dtype, count):
            if key not in storages:
                storages[key] = np.frombuffer(archive.read(f"{folder}data/{key}"), dtype)
            if len(storages[key]) < count:
                raise ValueError(f"storage {key} is cut off")
            return storages[key]

        return _Unpickler(io.BytesIO(archive.read(inside)), storage).load()


def _read_stream(path):
    size, storages = path.stat().st_size, {}

    def storage(key, dtype, count):
        if count * dtype.itemsize > size:
            raise ValueError(f"storage {key} is cut off")
        return storages.setdefault(key, np.zeros(count, dtype))

    with path.open("rb") as file:
        first = _Unpickler(file, storage).load()
        if first != _MAGIC:
            raise ValueError("not the beginning of a PyTorch file")
        _, system = (_Unpickler(file, storage).load() for _ in range(2))
        if not system["little_endian"]:
            raise ValueError("numbers in big-endian order")
        found = _Unpickler(file, storage).load()
        for key in _Unpickler(file, storage).load():
            target = storages[str(key)]
            (count,) = np.frombuffer(file.read(8), "<i8")
            content = file.read(target.nbytes)
            if count != len(target) or len(content) != target.nbytes:
                raise ValueError(f"storage {key} is cut off")
            target[:] = np.frombuffer(content, target.dtype)
    return found
