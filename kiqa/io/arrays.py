"""NumPy's files, ``.npz`` and ``.npy``, from strangers: sizes are checked before memory is taken.

NumPy allocates what the head of a file states, and unpacks what a zip archive
holds, however much it is. Here the members of an archive are stored or
deflated (nothing else), what they state together is within a limit before the
first is read, each array is as long as its head says, and what is read is
counted.

Public names: `read_npz`, `read_npy`, `open_zip`, `read_member`.
"""

import contextlib
import math
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from kiqa.io.budget import MAX_BYTES, Bounded, check_declared, check_file
from kiqa.io.messages import shortened

_CHUNK = 1 << 20
_MOST_MEMBERS = 200_000
_KINDS = "biufcSU"  # of arrays: numbers and text, no objects and no records
_METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
_ERRORS = (
    *(ValueError, OSError, EOFError, KeyError, TypeError, OverflowError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, MemoryError),
)


def read_npz(
    path: str | os.PathLike,
    names: Iterable[str] | None = None,
    *,
    max_bytes: int = MAX_BYTES,
) -> dict[str, np.ndarray]:
    """Read the arrays of a ``.npz`` file.

    Args:
        path: The file.
        names: Arrays to read, where they are there; ``None`` reads all.
        max_bytes: Most bytes of the file, and of what it unpacks to.

    Returns:
        The arrays by name, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, holds anything but plain arrays,
            or states more than ``max_bytes``.
    """
    path, found = Path(path), {}
    wanted = None if names is None else set(names)
    with _about(path, "plain arrays", "numpy.savez"):
        check_file(path, max_bytes=max_bytes)
        with open_zip(path, max_bytes=max_bytes) as archive:
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                if wanted is None or name in wanted:
                    with archive.open(member) as stream:
                        found[name] = _array(stream, member.file_size)
    return found


def read_npy(path: str | os.PathLike, *, max_bytes: int = MAX_BYTES) -> np.ndarray:
    """Read the array of a ``.npy`` file.

    Args:
        path: The file.
        max_bytes: Most bytes of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, too large, or holds objects.
    """
    path = Path(path)
    with _about(path, "an array of numbers", "numpy.save"):
        check_file(path, max_bytes=max_bytes)
        with open(path, "rb") as file:
            return _array(file, path.stat().st_size)


@contextlib.contextmanager
def open_zip(
    path: Path, *, max_bytes: int = MAX_BYTES, stored: bool = False
) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive whose members have been looked at.

    Args:
        path: The file.
        max_bytes: Most bytes that all members together unpack to.
        stored: Whether no member may be compressed.

    Yields:
        The archive, for `read_member`.

    Raises:
        ValueError: If the members are too many, too large, or packed in
            another way; if stored members overlap.
        zipfile.BadZipFile: If it is damaged.
    """
    methods = {zipfile.ZIP_STORED: "stored"} if stored else _METHODS
    with open(path, "rb") as file, zipfile.ZipFile(Bounded(file)) as archive:
        members = archive.infolist()
        if len(members) > _MOST_MEMBERS:
            raise ValueError(f"{len(members)} members, of {_MOST_MEMBERS} at most")
        for member in members:
            if member.compress_type not in methods or member.flag_bits & 1:
                raise ValueError(
                    f"a member {member.filename[:60]!r} that is not {' or '.join(methods.values())}"
                )
        check_declared(sum(member.file_size for member in members), "content", max_bytes=max_bytes)
        plain = sum(m.file_size for m in members if m.compress_type == zipfile.ZIP_STORED)
        if plain > path.stat().st_size:
            raise ValueError(f"members of {plain} bytes in a file of {path.stat().st_size}")
        yield archive


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo | str) -> bytes:
    """Read a member of an archive of `open_zip`, not more than it states.

    Raises:
        ValueError: If it is longer or shorter.
        zipfile.BadZipFile: If it is damaged.
    """
    member = archive.getinfo(member) if isinstance(member, str) else member
    parts, count = [], 0
    with archive.open(member) as stream:
        while part := stream.read(_CHUNK):
            count += len(part)
            if count > member.file_size:
                break
            parts.append(part)
    if count != member.file_size:
        raise ValueError(
            f"a member {member.filename[:60]!r} that states {member.file_size} bytes and has "
            f"{'more' if count > member.file_size else count}"
        )
    return b"".join(parts)


def _array(stream: IO[bytes], size: int) -> np.ndarray:
    """Read an array whose file or member states ``size`` bytes."""
    version = np.lib.format.read_magic(stream)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"version {version} of NumPy's form")
    shape, fortran, dtype = readers[version](stream)
    count, left = math.prod(shape), size - stream.tell()
    if dtype.kind not in _KINDS:
        raise ValueError(f"an array of {str(dtype)[:60]}, which is neither numbers nor text")
    if min(shape, default=0) < 0 or count * dtype.itemsize != left or count > max(size, 1):
        raise ValueError(f"an array of {dtype} and shape {shape} in {left} bytes")
    if not left:
        return np.zeros(shape, dtype)
    array = np.empty(count, dtype)
    memory, at = memoryview(array.view(np.uint8)), 0  # type: ignore[arg-type]
    while at < left:
        read = stream.readinto(memory[at : at + _CHUNK])  # type: ignore[attr-defined]
        if not read:
            raise ValueError(f"{at} bytes of data, of {left}")
        at += read
    if stream.read(1):
        raise ValueError(f"more than {left} bytes of data")
    return array.reshape(shape, order="F" if fortran else "C")


@contextlib.contextmanager
def _about(path, expected, writer):
    """Turn whatever a damaged file raises into one error that names it."""
    try:
        yield
    except FileNotFoundError:
        raise
    except _ERRORS as error:
        raise ValueError(
            f"Expected {expected} in {path} ({writer}). Received: "
            f"{shortened(error) or type(error).__name__}. Get the file again."
        ) from error
