"""Which images a network was trained on: said when it is made, asked when it is judged.

Whoever trains makes the entries of ``trained_on`` of a weights file here
(`trained_on`, `files_trained_on`, with `in_chain` for the networks that it
started or learned from). Whoever evaluates leaves out what a network was
trained on (`untrained`, `untrained_files`), unless told otherwise.

Images are told by the name of their data set and their own, files of a plain
folder by their own alone.

Public names: `trained_on`, `names_trained_on`, `files_trained_on`,
`konpatch_trained_on`, `in_chain`, `untrained`, `untrained_files`, `Kept`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from kiqa.data.records import ScoredImage
from kiqa.data.splits import published_split_sha256, published_splits, read_split
from kiqa.io.weights.details import Details
from kiqa.io.weights.trained_on import (
    TrainingPart,
    fingerprint,
    names_sha256,
    pack_fingerprints,
)

if TYPE_CHECKING:
    from kiqa.data.konpatch import KonPatch

INCLUDE_OPTION = "--include-trained"

_FAMILY = "-patches"  # of a data set whose images are patches of another one's


class Named(Protocol):
    """What has the name of an image, and of its scene."""

    name: str
    content: str


Image = TypeVar("Image", bound=Named)


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


def trained_on(
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage] = (),
    *,
    scores: str,
    about: str,
) -> tuple[TrainingPart, ...]:
    """Describe the images of a training, for `kiqa.io.weights.details.Details`.

    Args:
        train: Records that fit the weights, of one data set or several.
        validation: Records that choose the epoch.
        scores: What they were rated by, one of
            `kiqa.io.weights.trained_on.SCORES`.
        about: The same in a sentence.

    Returns:
        A part for each data set and use.
    """
    parts = []
    for use, records in (("train", train), ("val", validation)):
        for dataset in sorted({record.dataset for record in records}):
            names = [record.name for record in records if record.dataset == dataset]
            parts.append(
                names_trained_on(names, dataset=dataset, use=use, scores=scores, about=about)
            )
    return tuple(parts)


def names_trained_on(
    names: Iterable[str], *, dataset: str | None, use: str, scores: str, about: str
) -> TrainingPart:
    """Describe images of one data set by their names.

    Args:
        names: At least one.
        dataset: Of the images; ``None`` for files of a plain folder, which
            get that of a published split that has all of them.
        use: ``"train"`` or ``"val"``.
        scores: As for `trained_on`.
        about: As for `trained_on`.

    Returns:
        The part: of the published split of which the names are exactly a
        part, else of one of which they are some, with fingerprints; else with
        these alone.
    """
    wanted = frozenset(names)
    found = [
        (len(members), split, part)
        for split in published_splits()
        for part, members in _published_parts(split).items()
        if dataset in (None, _dataset_of(split)) and wanted <= members
    ]
    size, split, part = min(found, default=(None, None, None))
    return TrainingPart(
        use=use,
        images=len(wanted),
        names_sha256=names_sha256(wanted),
        scores=scores,
        about=about,
        dataset=dataset if split is None else _dataset_of(split),
        split=split,
        split_sha256=None if split is None else published_split_sha256(split),
        part=part,
        fingerprints=None if size == len(wanted) else pack_fingerprints(wanted),
    )


def files_trained_on(
    train: Sequence[Path], validation: Sequence[Path] = (), *, scores: str, about: str
) -> tuple[TrainingPart, ...]:
    """Describe files of a plain folder that were trained on.

    Args:
        train: Files that fit the weights.
        validation: Files that choose the epoch.
        scores: As for `trained_on`.
        about: As for `trained_on`.

    Returns:
        A part for each use.
    """
    return tuple(
        names_trained_on(
            [path.name for path in paths], dataset=None, use=use, scores=scores, about=about
        )
        for use, paths in (("train", train), ("val", validation))
        if paths
    )


def konpatch_trained_on(patches: "KonPatch") -> tuple[TrainingPart, ...]:
    """Describe a labelled set of patches that Patchnet's protocol trains on.

    Args:
        patches: The set; all of its images count as trained on, whatever fold
            tests which patch.

    Returns:
        Its one part.
    """
    pseudo = not patches.votes_source.startswith("human")
    part = names_trained_on(
        patches.image.tolist(),
        dataset=patches.dataset or None,
        use="train",
        scores="pseudo" if pseudo else "human",
        about=patches.votes_source,
    )
    return (part,)


def in_chain(own: Sequence[TrainingPart], *networks: Details | None) -> tuple[TrainingPart, ...]:
    """Add what the other networks of a chain were trained on.

    Args:
        own: Parts of the training itself.
        *networks: Those that it started from, learned from or works with;
            ``None`` for random weights. Of one whose file does not say it,
            nothing is added.

    Returns:
        The own parts, and those of the networks with their names in
        ``through``, the same images for the same use once.
    """
    parts = list(own)
    known = {(part.dataset, part.names_sha256, part.use) for part in own}
    for network in networks:
        for part in (network and network.trained_on) or ():
            key = part.dataset, part.names_sha256, part.use
            if key not in known:
                known.add(key)
                parts.append(replace(part, through=part.through or network.name))
    return tuple(parts)


def untrained(
    images: Sequence[Image],
    models: Sequence[Details],
    *,
    include: bool,
    report: Callable[[str], None],
    dataset: str | None = None,
) -> Kept:
    """Leave out images that a network was trained on.

    An image goes if its name, or its scene, is one of a part that fitted the
    weights or chose the epoch of a model or of a network in its chain.

    Args:
        images: Records, or what else has ``name`` and ``content``.
        models: Descriptions of the models that will be evaluated.
        include: Leave nothing out, and say so.
        report: Told in a sentence what was met, or that it is not known.
        dataset: Of the images, where they do not say it themselves.

    Returns:
        What to evaluate on.

    Raises:
        ValueError: If nothing is left, or a part is of a published split that
            this kiqa does not have.
    """
    where = dataset or images[0].dataset
    known = [part for part in _parts(models, report) if _is_of(part, where)]
    return _kept(images, known, models, include=include, report=report)


def untrained_files(
    files: Sequence[Path],
    models: Sequence[Details],
    *,
    include: bool,
    report: Callable[[str], None],
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
    kept = _kept(images, _parts(models, report), models, include=include, report=report)
    return kept._replace(images=[image.path for image in kept.images])


class _File(NamedTuple):
    name: str
    content: str
    path: Path


def _parts(models, report):
    """Parts of the models; those that do not say are named."""
    for model in models:
        if model.trained_on is None:
            report(f"what {model.name} was trained on is not known: its file does not say it")
    return [part for model in models for part in model.trained_on or ()]


def _kept(images, parts, models, *, include, report):
    seen = [_holds(part) for part in parts]
    scenes, used = set(), set()
    for image in images:
        for part, holds in zip(parts, seen, strict=True):
            if holds(image.name) or holds(image.content):
                scenes.add(image.content)
                used.add(part)
    met = sum(image.content in scenes for image in images)
    note = {"trained_on_met": met, "trained_on_included": bool(met and include)}
    if not met:
        return Kept(list(images), 0, note)
    names = " and ".join(dict.fromkeys(model.name for model in models if model.trained_on))
    what = "; ".join(_said(part) for part in parts if part in used)
    if include:
        report(f"{met} of {len(images)} images were trained on by {names} ({what}), included")
        return Kept(list(images), met, note)
    kept = [image for image in images if image.content not in scenes]
    if not kept:
        raise ValueError(
            f"Expected images that {names} was not trained on. Received: {met} of {len(images)} "
            f"that it was ({what}). Take another part, or add {INCLUDE_OPTION}."
        )
    report(
        f"{met} of {len(images)} images were trained on by {names} ({what}) and are left out; "
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
    if part.split in published_splits():
        names = _published_parts(part.split).get(part.part, names)
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


def _dataset_of(split):
    """Data set of a published split: its name begins with it."""
    return split.partition("-")[0]


@lru_cache
def _published_parts(split: str) -> dict[str, frozenset[str]]:
    sets = read_split(split)
    return {
        part: frozenset(name for name in sets if sets[name] == part)
        for part in dict.fromkeys(sets.values())
    }
