"""Which file a path means in the end, and how it is to be written."""

import os
import stat

_KERNEL = ("/dev", "/proc", "/sys")  # links in there lead to open files, not to paths


def written_path(path: str | os.PathLike) -> str:
    """Return the absolute path of what writing to a path changes.

    Links are followed, also to files that are not there yet. Links of the
    kernel such as ``/dev/stdout`` are left: they mean an open file.

    Raises:
        OSError: If links lead in a circle.
    """
    place = os.path.abspath(path)
    for _ in range(40):  # as many as Linux follows
        folder = os.path.realpath(os.path.dirname(place))
        place = os.path.join(folder, os.path.basename(place))
        if not os.path.islink(place) or _is_kernels(folder):
            return place
        place = os.path.join(folder, os.readlink(place))
    raise OSError(f"Expected a file. Received: {path}, a circle of links. Name another output.")


def is_written_through(path: str) -> bool:
    """Say whether a path of `written_path` must be opened as it is, and not be replaced."""
    if _is_kernels(os.path.dirname(path)):
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _is_kernels(folder):
    return os.name == "posix" and any(
        folder == top or folder.startswith(f"{top}/") for top in _KERNEL
    )
