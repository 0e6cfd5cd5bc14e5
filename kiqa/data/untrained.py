"""Images that a network was not trained on: what an evaluation may use.

The one place that decides it, for ``kiqa evaluate``, ``kiqa evaluate-maps`` and
``kiqa.reproduce``: images that fitted the weights or chose the epoch of a
model, or of a network in its chain, are left out, with a sentence, unless the
user says `kiqa.arguments.INCLUDE_OPTION`. The parts are those of `kiqa.data.trained`.

Public names: `untrained`, `untrained_files`, `Kept`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kiqa.arguments import INCLUDE_OPTION
from kiqa.data.split_parts import published_parts
from kiqa.data.splits import published_splits
from kiqa.io.weights.details import Details
from kiqa.io.weights.trained_on import TrainingPart, fingerprint, names_sha256

_FAMILY = "-patches"  # of a data set whose images are patches of another one's


class Kept(NamedTuple):
    """Images to evaluate on, and how many were met that a network was trained on.

    Attributes:
        images: Those to evaluate on.
        met: Number of images that were trained on, left out or not.
        note: The same for a result in JSON: ``trained_on_met`` and
            ``trained_on_included``.
    """

    images: list
    met: int
    note: dict[str, Any]


def untrained(
    images: Sequence[Any],
    models: Sequence[Details],
    *,
    include: bool,
    report: Callable[[str], object],
    dataset: str | None = None,
) -> Kept:
    """Leave out images that a network was trained on.

    An image goes if its name, or its scene, is one of a part that fitted the
    weights or chose the epoch of a model or of a network in its chain. Names
    count within one data set; all folders with a ``mos.csv`` are one. Of
    another data set's names is told alone.

    Args:
        images: Records, or what else has ``name`` and ``content``, with
            ``dataset`` below.
        models: Descriptions of the models that will be evaluated.
        include: Leave nothing out, and say so.
        report: Called with a sentence on what was met, or that it is not known.
        dataset: Of the images, where they do not say it themselves.

    Returns:
        What to evaluate on.

    Raises:
        ValueError: If nothing is left, or a part is of a published split that
            this kiqa does not have.
    """

    def is_of(part, image):
        return _is_of(part, image.dataset if dataset is None else dataset)

    return _kept(images, models, is_of, include=include, report=report)


def untrained_files(
    files: Sequence[Path],
    models: Sequence[Details],
    *,
    include: bool,
    report: Callable[[str], object],
) -> Kept:
    """Leave out files of a plain folder that a network was trained on.

    Args:
        files: Paths; their names are compared with those of every data set.
        models: As for `untrained`.
        include: As for `untrained`.
        report: As for `untrained`.

    Returns:
        What to evaluate on.

    Raises:
        ValueError: As `untrained`.
    """
    images = [_File(path.name, path.name, path) for path in files]
    kept = _kept(images, models, lambda part, image: True, include=include, report=report)
    return kept._replace(images=[image.path for image in kept.images])


class _File(NamedTuple):
    name: str
    content: str
    path: Path


def _kept(images, models, is_of, *, include, report):
    for model in models:
        if model.trained_on is None:
            report(f"what {model.name} was trained on is not known: its file does not say it")
    parts = [(model, part) for model in models for part in model.trained_on or ()]
    scenes, by, what = set(), {}, {}
    namesakes, elsewhere = set(), {}
    for model, part in parts:
        mine, others = [], []
        for image in images:
            (mine if is_of(part, image) else others).append(image)
        try:
            holds = _holds(part)
        except ValueError:
            if mine:
                raise
            continue
        found = {image.content for image in mine if holds(image.name) or holds(image.content)}
        if found:
            scenes |= found
            by[model.name] = what[_said(part)] = True
        if same := {image.name for image in others if holds(image.name)}:
            namesakes |= same
            elsewhere[f"{model.name} ({_said(part)})"] = True
    if namesakes:
        report(
            f"{len(namesakes)} of {len(images)} images have the names of images of another data "
            f"set that were trained on by {' and '.join(elsewhere)}: if they are those, the result "
            "flatters"
        )
    met = sum(image.content in scenes for image in images)
    note = {"trained_on_met": met, "trained_on_included": bool(met and include)}
    if not met:
        return Kept(list(images), 0, note)
    names, parts_met = " and ".join(by), "; ".join(what)
    if include:
        report(f"{met} of {len(images)} images were trained on by {names} ({parts_met}), included")
        return Kept(list(images), met, note)
    kept = [image for image in images if image.content not in scenes]
    if not kept:
        raise ValueError(
            f"Expected images that {names} was not trained on. Received: {met} of {len(images)} "
            f"that it was ({parts_met}). Take another part, or add {INCLUDE_OPTION}."
        )
    report(
        f"{met} of {len(images)} images were trained on by {names} ({parts_met}) and are left out; "
        f"{INCLUDE_OPTION} takes them"
    )
    return Kept(kept, met, note)


def _said(part):
    of = f"{part.part} of {part.split}" if part.split else part.dataset or "a folder"
    through = f", through {part.through}" if part.through else ""
    return f"{of}: {part.scores} scores{through}"


def _holds(part: TrainingPart) -> Callable[[str], bool]:
    """Whether a name is of a part."""
    if part.fingerprints is not None:
        members = part.members()
        return lambda name: fingerprint(name) in members
    names = frozenset()
    if part.split in published_splits() and part.part is not None:
        names = published_parts(part.split).get(part.part, names)
    if names_sha256(names) != part.names_sha256:
        raise ValueError(
            f"Expected the published split {part.split}, whose part {part.part} holds the "
            f"{part.images} images that a network was trained on. Received: another one, or none. "
            f"Use the kiqa that made the network's file, or a newer one."
        )
    return names.__contains__


def _is_of(part, dataset):
    """Whether a part is of a data set, or of the one whose patches that is."""
    return part.dataset is not None and (
        part.dataset.removesuffix(_FAMILY) == dataset.removesuffix(_FAMILY)
    )
