"""What a training started from, as its weights file and settings tell it.

Public names: `described`, `origin`, `started_from`, `details_of`, `file_of`,
`report_seen`, `Judged`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from kiqa import __version__
from kiqa.data.trained import in_chain
from kiqa.data.untrained import untrained
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
_USES = {"val": ("train",), "test": ("train", "val")}  # what a network must not have seen them for
_MEANING = {
    "val": "numbers on val are too good, and may choose another epoch than new images would",
    "test": "numbers on test are too good; evaluations leave these images out",
}


class Judged(NamedTuple):
    """An image that a run is judged by.

    Attributes:
        name: In its data set.
        content: Its scene or reference.
    """

    name: str
    content: str


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


def report_seen(
    model: str | os.PathLike | None,
    parts: Mapping[str, Sequence[Any]],
    *,
    role: str,
    report: Callable[[str], object],
) -> None:
    """Say that a network in the chain of a training was trained on what judges it.

    Nothing is refused: a run may continue a network on its own split, whose
    validation images chose the epoch there as well. So these count if they
    fitted weights, test images also if they chose an epoch.

    Args:
        model: As ``initial`` of `origin`.
        parts: Images of ``"val"`` and ``"test"``, with ``name`` and
            ``content``, such as `Judged`. They are compared by these with the
            images of every data set that the network was trained on.
        role: What the network is to the training, such as ``"initial"``.
        report: Called with a sentence about each part.

    Raises:
        FileNotFoundError: As `origin`.
        kiqa.io.weights.WeightsError: As `details_of`.
    """
    details = details_of(model)
    if details is None:
        return
    if details.trained_on is None:
        report(f"what {role} {details.name} was trained on is not known: its file does not say it")
        return
    for part, images in parts.items():
        try:
            met, dataset = _most_met(images, details, uses=_USES[part])
        except ValueError as error:  # of a split that this kiqa does not have
            report(f"whether {role} {details.name} was trained on {part} is not known: {error}")
            continue
        if met:
            report(
                f"{role} {details.name} was trained on {met} of {len(images)} {part} images, by "
                f"their names in {dataset}: {_MEANING[part]}"
            )


def _most_met(images, details, *, uses):
    """How many images are of parts with such a use, and of which data set they then are."""
    used = tuple(part for part in details.trained_on if part.use in uses)
    known = replace(details, trained_on=used)
    found = [(0, "")]
    for dataset in {part.dataset for part in used if part.dataset is not None}:
        kept = untrained(images, [known], include=True, report=lambda text: None, dataset=dataset)
        found.append((kept.met, dataset))
    return max(found)
