"""What a training started from, as its weights file and settings tell it.

Public names: `origin`, `origin_text`, `details_of`.
"""

import os
from pathlib import Path

from kiqa.io.files import sha256_of
from kiqa.io.weights import Details, Origin, find_weights, read_info

# Starts that are no file of ours.
_NAMED = ("imagenet", "patchnet-map")


def origin(initial: str | os.PathLike | None) -> Origin | None:
    """Name trained weights so that others can tell which they were.

    Args:
        initial: Name or file of weights, ``"imagenet"``, ``"patchnet-map"``,
            or ``None`` for random ones.

    Returns:
        ``None`` for random weights, else the file's stem and its sha256; no
        path of this machine.

    Raises:
        FileNotFoundError: If there is no such file.
        kiqa.io.weights.WeightsError: If there is no such name.
    """
    if initial is None:
        return None
    if str(initial) in _NAMED:
        return Origin(str(initial))
    path = _file(initial)
    return Origin(path.stem, sha256_of(path))


def origin_text(initial: str | os.PathLike | None) -> str | None:
    """Say the same in one line, for ``settings.json``: a name, and the sha256 of a file."""
    found = origin(initial)
    if found is None or found.sha256 is None:
        return found and found.name
    return f"{found.name}, sha256 {found.sha256}"


def details_of(model: str | os.PathLike | None) -> Details | None:
    """Read the description of a network in the chain of a training.

    Args:
        model: As ``initial`` of `origin`.

    Returns:
        Its details, for `kiqa.data.trained.in_chain`; ``None`` if it is no
        weights file.

    Raises:
        FileNotFoundError: As `origin`.
        kiqa.io.weights.WeightsError: As `origin`, or if it is damaged.
    """
    if model is None or str(model) in _NAMED:
        return None
    return read_info(_file(model)).details


def _file(model):
    path = Path(model)
    return path if path.is_file() else find_weights(model)
