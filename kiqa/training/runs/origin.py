"""What a training started from, as its weights file tells it."""

import os
from pathlib import Path
from typing import Any

from kiqa.io.files import sha256_of
from kiqa.io.weights import find_weights

_MADE = ("imagenet", "patchnet-map")  # starts that are made, not read from a file of ours


def origin(initial: str | os.PathLike | None) -> dict[str, Any]:
    """Name trained weights so that others can tell which they were.

    Args:
        initial: Name or file of weights, ``"imagenet"``, ``"patchnet-map"``
            (`kiqa.training.aggregator.start`), or ``None`` for random ones.

    Returns:
        Nothing for random weights, else ``started_from``: the word, or the
        file's stem and the beginning of its sha256; no path of this machine.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if initial is None:
        return {}
    if str(initial) in _MADE:
        return {"started_from": str(initial)}
    path = Path(initial)
    path = path if path.is_file() else find_weights(initial)
    return {"started_from": f"{path.stem}, sha256 {sha256_of(path)[:16]}"}
