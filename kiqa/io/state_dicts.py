"""Arrays from files of PyTorch and NumPy, without PyTorch and without running code.

PyTorch writes tensors as a pickle plus raw bytes, since version 1.6 in a zip
file, before in one stream. `read_state_dict` reads both with
`kiqa.io.pickles`, which knows tensors and dictionaries only: a pickle that
names anything else, and so could run code, is refused before it does. NumPy's
scalars, which optimisers leave beside the network, are passed over. What
PyTorch itself puts before names (``module.``, ``_orig_mod.``) is taken off;
`without_prefix` takes off what other programs do, and `check_tensors` says what
does not fit.

Public names: `read_state_dict`, `without_prefix`, `check_tensors`.
"""

import io
import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kiqa.io.arrays import open_zip, read_member, read_npz
from kiqa.io.budget import MAX_BYTES, Bounded, check_file
from kiqa.io.messages import shortened
from kiqa.io.pickles import Global, Ignored, Refused, load

_ZIP = b"PK\x03\x04"
_MAGIC = 0x1950A86A20F9469CFC6C  # of the stream form
_LARGEST_PICKLE = 64 << 20
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",  # turned into float32
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}
_BRAIN = "BFloat16Storage"
_SCALARS = {  # what the pickle of a number of NumPy's names
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}
# Keys under which programs put the state dict.
_BELOW = ("params", "state_dict", "model_state_dict", "model", "params_ema", "net", "network")
# Numbers that averaged models and PyTorch's batch normalisation keep; they say nothing of weights.
_COUNTERS = ("n_averaged", "num_batches_tracked")
_WRAPPERS = ("module.", "_orig_mod.")  # of parallel, averaged and compiled models
_LONGEST_NAME = 500
_SHOWN = 12  # names listed in a message


def read_state_dict(path: str | Path, *, max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """Read a PyTorch state dict, or the same arrays as ``.npz``.

    Args:
        path: File of ``torch.save(model.state_dict(), path)``, also with the
            state dict under ``params``, ``state_dict``, ``model`` and the
            like; or of ``numpy.savez(path, **arrays)``.
        max_bytes: Most bytes of the file, and of its tensors.

    Returns:
        The arrays by name, without counters, and without the prefixes
        ``module.`` and ``_orig_mod.`` of all names.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, too large or something else, or
            its pickle holds more than tensors: nothing of it is run.
    """
    found: Any
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"Expected a PyTorch state dict at {path}, found no file.")
    start = check_file(path, max_bytes=max_bytes)
    try:
        if not start.startswith(_ZIP):
            found = _read_stream(path)
        else:
            with open_zip(path, max_bytes=max_bytes) as archive:
                pickled = any(name.endswith("data.pkl") for name in archive.namelist())
            found = (_read_zip if pickled else read_npz)(path, max_bytes=max_bytes)
    except Refused as error:
        raise ValueError(
            f"Expected a state dict, tensors by name, in {path}. Received: a pickle that "
            f"holds {shortened(error)}, which no state dict needs and which could run code; it was "
            "not opened. In the program it is from, save model.state_dict()."
        ) from error
    except Exception as error:  # a damaged file can raise anything
        text = shortened(error)
        if isinstance(error, ValueError) and str(path) in text:
            raise
        raise ValueError(
            f"Expected a PyTorch state dict in {path}. Received: {path.stat().st_size} bytes "
            f"that are none, or damaged ({type(error).__name__}: {text}). Get the file again."
        ) from error
    for key in _BELOW:
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict) or not found:
        raise ValueError(f"Expected tensors by name in {path}. Received: {type(found).__name__}.")
    found = {str(name): value for name, value in found.items()}
    if any(len(name) > _LONGEST_NAME for name in found):
        raise ValueError(
            f"Expected names of at most {_LONGEST_NAME} characters in {path}. Received: longer "
            "ones. In the program it is from, save model.state_dict()."
        )
    found = {name: value for name, value in found.items() if name.split(".")[-1] not in _COUNTERS}
    others = [name for name, value in found.items() if not isinstance(value, np.ndarray)]
    if others:
        raise ValueError(
            shortened(f"Expected tensors only in {path}. Received: also {others[:_SHOWN]}.")
        )
    while found and (prefix := _wrapper(found)):
        found = {name.removeprefix(prefix): value for name, value in found.items()}
    return found


def _wrapper(names):
    """The prefix of `_WRAPPERS` that all names have."""
    return next((each for each in _WRAPPERS if all(name.startswith(each) for name in names)), "")


def without_prefix(
    tensors: Mapping[str, np.ndarray], beginnings: Collection[str]
) -> dict[str, np.ndarray]:
    """Take off what a program puts before the names of a network's tensors.

    Such as ``model.`` or ``net.`` of training frameworks, or ``params/``, also
    one within another.

    Args:
        tensors: Arrays by name.
        beginnings: With what the names of the network's tensors begin.

    Returns:
        The arrays without the prefix that at least half of them have and
        after which most names are known; the others keep their names.
    """
    starts, counts = tuple(beginnings), {"": 0}
    for name in tensors:
        ends = [0, *(at + 1 for at, sign in enumerate(name) if sign in "./")]
        for end in ends:
            if name.startswith(starts, end):
                counts[name[:end]] = counts.get(name[:end], 0) + 1
    shared = [each for each in counts if 2 * counts[each] >= len(tensors)]
    prefix = max(shared, key=lambda each: (counts[each], -len(each)), default="")
    kept = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return kept if len(kept) == len(tensors) else dict(tensors)


def check_tensors(
    tensors: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], source: object
) -> None:
    """Say which tensors of a file do not fit a network.

    Args:
        tensors: Arrays, or what has a shape and becomes an array, by name.
        shapes: Of the network's tensors, by the names they should have.
        source: What to call the file.

    Raises:
        ValueError: If tensors are missing, extra, of another shape, or not
            finite numbers of 32 bits.
    """
    missing = sorted(shapes.keys() - tensors.keys())
    extra = sorted(tensors.keys() - shapes.keys())
    there = [name for name in shapes if name in tensors]
    conflicts = [
        f"{name} is {tensors[name].shape}, not {shapes[name]}"
        for name in there
        if tensors[name].shape is None or tuple(tensors[name].shape) != shapes[name]
    ]
    faults = [("missing", missing), ("extra", extra), ("other shapes", conflicts)]
    if not any(names for _, names in faults):
        faults = [("not finite numbers", [name for name in there if not _finite(tensors[name])])]
    wrong = [
        f"{what}: {', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''}"
        for what, names in faults
        if names
    ]
    if wrong:
        raise ValueError(
            f"{source}: Expected the {len(shapes)} tensors of the network. Received: "
            f"{len(there)} of them, {len(extra)} others; {shortened('; '.join(wrong), 1500)}. Is "
            "this a complete checkpoint of that network?"
        )


def _finite(tensor) -> bool:
    array = np.asarray(tensor)
    if array.dtype.kind != "f":
        return False
    with np.errstate(over="ignore"):
        return bool(np.isfinite(array.astype(np.float32)).all())


def _caller(name: Global, arguments: tuple) -> Any:
    """What calling a name in a pickle gives."""
    known = (name.module, name.name)
    if known == ("collections", "OrderedDict"):
        return _dictionary(*arguments)
    if known == ("torch._utils", "_rebuild_tensor_v2"):
        return _tensor(*arguments)
    if known == ("torch._utils", "_rebuild_parameter") and arguments:
        return arguments[0]
    if known in _SCALARS:
        return Ignored()
    raise Refused(f"{name.module}.{name.name}")


def _dictionary(pairs=()):
    if not isinstance(pairs, list | tuple) or not all(
        isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str | int)
        for pair in pairs
    ):
        raise Refused("a dictionary of what is no pair")
    return dict(pairs)


def _referring(storage: Callable[[str, str, int], np.ndarray]) -> Callable[[tuple], np.ndarray]:
    """Make the function that finds what a reference in a pickle stands for."""

    def refer(saved):
        kind, dtype, key, *rest = saved if len(saved) >= 5 else (None,) * 3
        if kind != "storage" or not isinstance(dtype, Global) or not isinstance(key, str | int):
            raise Refused("a reference to what is no storage")
        if dtype.module != "torch" or dtype.name not in _STORAGES:
            raise Refused(f"a reference to {dtype.module}.{dtype.name}")
        count, view = rest[1], rest[2:]
        if type(count) is not int or count < 0 or any(part is not None for part in view):
            raise Refused("a reference to a part of a storage")
        return storage(str(key), dtype.name, count)

    return refer


def _tensor(storage=None, offset=None, shape=None, strides=None, *_):
    """A tensor as a view of its storage, in any order of its axes."""
    if not all(isinstance(part, list | tuple) for part in (shape, strides)):
        raise ValueError("a tensor without a shape")
    sizes = (offset, *shape, *strides)
    if not isinstance(storage, np.ndarray) or any(type(size) is not int for size in sizes):
        raise ValueError("a tensor of what is no storage and no number")
    if min(sizes) < 0 or len(shape) != len(strides) or len(shape) > 32:
        raise ValueError(f"tensor of shape {shape[:32]} with strides {strides[:32]} at {offset}")
    reach = sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
    count = math.prod(shape)
    if count and (offset + reach >= len(storage) or count > len(storage)):
        raise ValueError(f"tensor of shape {shape} outside its storage")
    if not count:
        return np.zeros(shape, storage.dtype)
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)


def _numbers(content, name):
    """A storage's bytes as numbers."""
    numbers = np.frombuffer(content, _STORAGES[name])
    return (numbers.astype("<u4") << 16).view("<f4") if name == _BRAIN else numbers


def _read_zip(path, *, max_bytes):
    with open_zip(path, max_bytes=max_bytes, stored=True) as archive:
        (inside,) = [name for name in archive.namelist() if name.endswith("data.pkl")]
        folder = inside.removesuffix("data.pkl")
        order = f"{folder}byteorder"
        if order in archive.namelist() and read_member(archive, order) != b"little":
            raise ValueError("numbers in big-endian order")
        if archive.getinfo(inside).file_size > _LARGEST_PICKLE:
            raise Refused(f"more than {_LARGEST_PICKLE} bytes beside its tensors")
        storages = {}

        def storage(key, name, count):
            if key not in storages:
                storages[key] = _numbers(read_member(archive, f"{folder}data/{key}"), name)
            if len(storages[key]) < count:
                raise ValueError(f"storage {key} is cut off")
            return storages[key]

        return load(io.BytesIO(read_member(archive, inside)), _caller, _referring(storage))


def _read_stream(path):
    """The form before PyTorch 1.6: pickles, then the bytes of each storage in its order."""
    left, storages, names = path.stat().st_size, {}, {}

    def storage(key, name, count):
        nonlocal left
        if key not in storages:
            left -= count * np.dtype(_STORAGES[name]).itemsize
            if left < 0:
                raise ValueError(f"storage {key} is cut off")
            names[key] = name
            storages[key] = np.zeros(count, "<f4" if name == _BRAIN else _STORAGES[name])
        return storages[key]

    with path.open("rb") as file:
        stream, refer = Bounded(file), _referring(storage)
        if load(stream, _caller, refer) != _MAGIC:
            raise ValueError("not the beginning of a PyTorch file")
        _, system = (load(stream, _caller, refer) for _ in range(2))
        if not isinstance(system, dict) or not system.get("little_endian"):
            raise ValueError("numbers in big-endian order")
        found = load(stream, _caller, refer)
        for key in load(stream, _caller, refer):
            target, name = storages[str(key)], names[str(key)]
            (count,) = np.frombuffer(file.read(8), "<i8")
            content = file.read(len(target) * np.dtype(_STORAGES[name]).itemsize)
            numbers = _numbers(content, name)
            if count != len(target) or len(numbers) != len(target):
                raise ValueError(f"storage {key} is cut off")
            target[:] = numbers
    return found
