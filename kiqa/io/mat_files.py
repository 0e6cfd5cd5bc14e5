"""Matlab's files of version 5 (``.mat``), which need not be trusted.

SciPy's reader takes as much memory as a file says, and a compressed variable
of a few megabytes can say gigabytes. Here the file is unpacked first, piece by
piece, to see that it keeps within a limit.

Public names: `read_mat`.

References:
    The MathWorks, MAT-file format, level 5: elements of a type, a number of
    bytes, and so many bytes.
"""

import os
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from kiqa.io.budget import check_declared, check_file

_MAX_BYTES = 256 << 20  # score files of data sets have a few megabytes
_HEADER, _TAG = 128, 8  # bytes
_COMPRESSED = 15
_STEP = 1 << 20  # bytes unpacked at once


def read_mat(
    path: str | os.PathLike,
    names: Sequence[str] | None = None,
    *,
    max_bytes: int = _MAX_BYTES,
) -> dict[str, Any]:
    """Read variables of a file.

    Args:
        path: The file.
        names: Variables to read; ``None`` reads all.
        max_bytes: Most bytes of the file, and of what it unpacks to.

    Returns:
        The variables by name, as `scipy.io.loadmat` gives them.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is none of Matlab's, or costs more; the message says so.
    """
    from scipy.io import loadmat

    path = Path(path)
    check_file(path, max_bytes=max_bytes)
    data = path.read_bytes()
    check_declared(_unpacked(data, max_bytes), f"variables of {path}", max_bytes=max_bytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is read otherwise than it is meant
            return loadmat(path, variable_names=names)
    except Exception as error:  # SciPy's reader has many errors for a file that is none
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _unpacked(data: bytes, most: int) -> int:
    """Bytes that the elements of a file unpack to; counting ends behind ``most``."""
    order: Literal["big", "little"] = "big" if data[_HEADER - 2 : _HEADER] == b"MI" else "little"
    total, place = len(data), _HEADER
    while place + _TAG <= len(data) and total <= most:
        kind, size = (int.from_bytes(data[place + at : place + at + 4], order) for at in (0, 4))
        place += _TAG
        if kind == _COMPRESSED:
            total += _inflated(data[place : place + size], most - total)
        place += size
    return total


def _inflated(data, most):
    """Bytes that a compressed element holds; of a damaged one those before the damage."""
    reader, found = zlib.decompressobj(), 0
    try:
        while data and found <= most:
            found += len(reader.decompress(data, _STEP))
            data = reader.unconsumed_tail
    except zlib.error:
        pass
    return found
