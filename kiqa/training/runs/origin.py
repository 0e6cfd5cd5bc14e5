"""What a training started from, as its weights file and settings tell it.

Public names: `described`, `origin`, `started_from`, `details_of`, `file_of`.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kiqa import __version__
from kiqa.data.trained import in_chain
from kiqa.io.files import sha256_of
from kiqa.io.weights import (
    Details,
    Origin,
    TrainingPart,
    find_weights,
    holds_weights_only,
    read_info,
)

_MADE = ("imagenet", "patchnet-map")  # starts that are made, not read from a file of ours


def described(
    name: str,
    trained_on: Sequence[TrainingPart],
    initial: str | os.PathLike | None,
    *,
    scale: str = "0..1",
    higher_is_better: bool = True,
    **more: Any,
) -> Details:
    """Describe a network that this version of kiqa has trained.

    Args:
        name: Of the network.
        trained_on: The images; those of what it started from are added.
        initial: What it started from, as for `origin`.
        scale: Of its output.
        higher_is_better: Its direction.
        **more: Further fields of `kiqa.io.weights.Details`.

    Returns:
        The details, for `kiqa.io.weights.export_h5`.

    Raises:
        FileNotFoundError: As `origin`.
        kiqa.io.weights.WeightsError: As `origin`.
    """
    return Details(
        name=name,
        version=__version__,
        scale=scale,
        higher_is_better=higher_is_better,
        trained_on=in_chain(trained_on, details_of(initial)),
        origin=origin(initial),
        **more,
    )


def origin(initial: str | os.PathLike | None) -> Origin | None:
    """Name trained weights so that others can tell which they were.

    Args:
        initial: Name or file of weights, ``"imagenet"``, ``"patchnet-map"``
            (`kiqa.training.aggregator.start`), or ``None`` for random ones.

    Returns:
        ``None`` for random weights, else the word, or the file's stem and its
        sha256; no path of this machine.

    Raises:
        FileNotFoundError: If there is no such file.
        kiqa.io.weights.WeightsError: If there is no such name.
    """
    if initial is None:
        return None
    if str(initial) in _MADE:
        return Origin(str(initial))
    path = file_of(initial)
    return Origin(path.stem, sha256_of(path))


def started_from(initial: str | os.PathLike | None) -> dict[str, str]:
    """Say the same for ``settings.json``.

    Args:
        initial: As for `origin`.

    Returns:
        Nothing for random weights, else ``started_from``: the word, or the
        file's stem and the beginning of its sha256.

    Raises:
        FileNotFoundError: As `origin`.
        kiqa.io.weights.WeightsError: As `origin`.
    """
    found = origin(initial)
    if found is None:
        return {}
    digest = "" if found.sha256 is None else f", sha256 {found.sha256[:16]}"
    return {"started_from": f"{found.name}{digest}"}


def details_of(model: str | os.PathLike | None) -> Details | None:
    """Read the description of a network in the chain of a training.

    Args:
        model: As ``initial`` of `origin`.

    Returns:
        Its details, for `kiqa.data.trained.in_chain`; ``None`` if it is no
        file of ours, or holds weights only, which say nothing of themselves.

    Raises:
        FileNotFoundError: As `origin`.
        kiqa.io.weights.WeightsError: As `origin`, or if it is damaged.
    """
    if model is None or str(model) in _MADE:
        return None
    path = file_of(model)
    return None if holds_weights_only(path) else read_info(path).details


def file_of(model: str | os.PathLike) -> Path:
    """Return the file of a network that is given by name or path.

    Raises:
        FileNotFoundError: As `origin`.
        kiqa.io.weights.WeightsError: As `origin`.
    """
    path = Path(model)
    return path if path.is_file() else find_weights(model)
