"""What is done with the best images: copied, listed, or rated in sidecars.

Nothing that is there is replaced: a copy beside a file of the same name gets
another one, and a sidecar keeps all but its rating (`kiqa.reporting.xmp`).

Public names: `copy_apart`, `list_of`.
"""

import filecmp
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from kiqa.io.files import replacing
from kiqa.io.outputs import named


def copy_apart(source: str | os.PathLike, folder: str | os.PathLike, name: str) -> Path | None:
    """Copy a file into a folder, beside whatever is there.

    Args:
        source: The file.
        folder: Made when missing.
        name: Of the copy, relative, with ``/``. If another file has it, the
            copy is ``a-2.jpg``, ``a-3.jpg`` and so on.

    Returns:
        The copy; ``None`` if the folder has the same file under that name, or
        under one of the others.

    Raises:
        OSError: If it cannot be read or written.
    """
    stem, suffix = os.path.splitext(name)
    number = 1
    target = named(folder, name)
    while os.path.lexists(target):
        if os.path.isfile(target) and filecmp.cmp(source, target, shallow=False):
            return None
        number += 1
        target = named(folder, f"{stem}-{number}{suffix}")
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
        shutil.copystat(source, temporary)
    return target


def list_of(paths: Sequence[str]) -> bytes:
    """Return a list of files, as ``kiqa score -`` reads it.

    Args:
        paths: The files, as they were found.

    Returns:
        A path a line; each ended by NUL instead if one has a line break in it.
    """
    end = b"\0" if any(set(path) & {"\n", "\r", "\v", "\f"} for path in paths) else b"\n"
    return b"".join(os.fsencode(path) + end for path in paths)
