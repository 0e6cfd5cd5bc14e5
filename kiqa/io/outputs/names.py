"""Names of outputs: within the file system's limit, and folders for them."""

import contextlib
import hashlib
import os
from pathlib import Path

_LIMIT = 255  # bytes of a name, on nearly every file system
_HASH = 16  # hexadecimal digits that a shortened name keeps of the whole one


def named(folder: str | os.PathLike, name: str, suffix: str = "") -> Path:
    """Return where the output of an input is written.

    Args:
        folder: The output folder.
        name: Of the input, relative, with ``/``.
        suffix: What comes behind the name, such as ``".npz"``.

    Returns:
        ``folder/name + suffix``. Where the last part would have more bytes
        than the file system takes, it is shortened and ends in a hash of the
        name, so that different names stay different.
    """
    *parents, last = name.split("/")
    limit = _limit_of(nearest_folder(folder))
    if len(os.fsencode(last + suffix)) <= limit:
        last += suffix
    else:
        ending = f"~{hashlib.sha256(os.fsencode(last)).hexdigest()[:_HASH]}{suffix}"
        last = _start_of(last, limit - len(ending)) + ending
    return Path(folder, *parents, last)


def _limit_of(folder):
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return min(_LIMIT, os.pathconf(folder, "PC_NAME_MAX"))
    return _LIMIT


def _start_of(name, size):
    """As many whole characters as have at most so many bytes."""
    while len(os.fsencode(name)) > size:
        name = name[:-1]
    return name


def nearest_folder(path: str | os.PathLike) -> str:
    """Return the path itself, or the nearest folder above it that is there."""
    path = os.path.abspath(path)
    while not os.path.isdir(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def check_folder(folder: str | os.PathLike) -> None:
    """Refuse a folder that cannot be made, since it, or one above it, is a file.

    Raises:
        NotADirectoryError: With the name of the file.
    """
    path = os.path.abspath(folder)
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    if os.path.lexists(path) and not os.path.isdir(path):
        raise NotADirectoryError(
            f"Expected a folder to write to. Received: {path}, which is none. Name another one."
        )


def make_folder(folder: str | os.PathLike) -> list[str]:
    """Make a folder and those above it, however deep.

    Returns:
        The folders that were made, outermost first.

    Raises:
        OSError: If one cannot be made, or is a file.
    """
    check_folder(folder)
    missing = []
    path = os.path.abspath(folder)
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    missing.reverse()
    for path in missing:
        with contextlib.suppress(FileExistsError):  # another process was faster
            os.mkdir(path)
    return missing
