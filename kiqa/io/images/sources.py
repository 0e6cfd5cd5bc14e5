"""Reading the bytes of what people pass: paths, URLs and open files, within a bound.

Used by `kiqa.io.images` only. A file is judged by its kind, its size and its
first bytes before it is read whole: a device, a pipe, a file of the kernel
or one of five gigabytes named ``.jpg`` costs nothing.
"""

import os
from typing import BinaryIO

from kiqa.io.images.headers import ImageError, refuse_foreign
from kiqa.io.remote import is_url, read_url

_START = 64


def check_size(path: str | os.PathLike, max_bytes: int) -> int:
    """Return the size of a regular file in bytes.

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: It is no regular file, or larger than ``max_bytes``.
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: expected an image file, found nothing; check the path")
    if not os.path.isfile(path):
        raise ImageError(f"{path}: expected an image file, received a folder or device")
    size = os.path.getsize(path)
    if size > max_bytes:
        raise ImageError(
            f"{path}: expected a file of at most {max_bytes} bytes, received {size}; make the "
            "image smaller, or raise max_bytes of kiqa.load_image if the file can be trusted"
        )
    return size


def read_file(path: str | os.PathLike, max_bytes: int) -> bytes:
    """Read a file whole.

    Args:
        path: The file, or its URL (`kiqa.io.remote`).
        max_bytes: Most bytes that are read.

    Raises:
        FileNotFoundError: There is no such file.
        ImageError: It cannot be read, is no regular file, is too large, or
            begins like a format that kiqa does not read.
        OSError: A URL cannot be read.
    """
    if is_url(path):
        return _read_elsewhere(str(path), max_bytes)
    if check_size(path, max_bytes) == 0:  # of the kernel's files this is all there is to know
        return b""
    try:
        with open(path, "rb") as file:
            start = file.read(_START)
            refuse_foreign(start, os.fspath(path))
            return start + file.read(max_bytes - len(start))
    except OSError as error:
        raise ImageError(f"{path}: expected a readable file; received {error}") from error


def _read_elsewhere(url, max_bytes):
    data = read_url(url, max_bytes)
    if len(data) > max_bytes:
        raise ImageError(
            f"{url}: expected a file of at most {max_bytes} bytes, received more; make the image "
            "smaller, or raise max_bytes of kiqa.load_image if the file can be trusted"
        )
    refuse_foreign(data[:_START], url)
    return data


def read_stream(file: BinaryIO, max_bytes: int) -> tuple[bytes, str]:
    """Read an open binary file from where it stands.

    Args:
        file: Anything with ``read``.
        max_bytes: Most bytes.

    Returns:
        The bytes, and what to call the file.

    Raises:
        ImageError: It was opened as text, is at its end or is too large.
    """
    name = getattr(file, "name", None)
    name = name if isinstance(name, str) else "open file"
    data = file.read(max_bytes + 1)
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ImageError(
            f"{name}: expected a file opened in binary mode, received one that reads "
            f"{type(data).__name__}; open it with mode 'rb'"
        )
    if len(data) > max_bytes:
        raise ImageError(
            f"{name}: expected at most {max_bytes} bytes, received more; raise max_bytes of "
            "kiqa.load_image if the file can be trusted"
        )
    if not len(data):
        raise ImageError(
            f"{name}: expected an image, received 0 bytes from where the file stands; "
            "go to its start with seek(0)"
        )
    return bytes(data), name
