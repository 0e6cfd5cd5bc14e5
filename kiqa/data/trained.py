"""Which images a network was trained on, for its weights file.

Whoever trains makes the entries of ``trained_on`` here; `in_chain` adds those of
the networks that it started from, learned from or works with. Images are told
by the names of their data set and their own, files of a plain folder by their
own alone. `kiqa.data.untrained` leaves such images out of evaluations.

Public names: `trained_on`, `scored_parts`, `names_trained_on`,
`files_trained_on`, `konpatch_trained_on`, `in_chain`, `joined_parts`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kiqa.data.records import NOTHING, ScoredImage, original_name
from kiqa.data.split_parts import published_parts, published_split_sha256
from kiqa.data.splits import published_splits
from kiqa.io.weights.details import Details
from kiqa.io.weights.h5 import read_info
from kiqa.io.weights.trained_on import TrainingPart, names_sha256, pack_fingerprints

if TYPE_CHECKING:
    from kiqa.data.konpatch import KonPatch

# What a network scored.
_ALONE = "of these images or of their copies"
_BLENDED = "of these images, blended with the scores of people"


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
            Copies count as the images that they were made of.
        validation: Records that choose the epoch.
        scores: What those were rated by that no network scored alone, one of
            `kiqa.io.weights.trained_on.SCORES`.
        about: The same in a sentence.

    Returns:
        `scored_parts`, and the parts of the networks themselves.

    Raises:
        FileNotFoundError: If the file of a network is not there.
    """
    parts = scored_parts(train, validation, scores=scores, about=about)
    everything = (*train, *validation)
    teachers = {by for record in everything for by in (record.scored_by, record.taught_by) if by}
    return in_chain(parts, *(read_info(by).details for by in sorted(teachers)))


def scored_parts(
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage] = (),
    *,
    scores: str,
    about: str,
) -> tuple[TrainingPart, ...]:
    """Describe the images of a training alone, not those of the networks that scored.

    Args:
        train: As for `trained_on`.
        validation: Likewise.
        scores: Likewise.
        about: Likewise.

    Returns:
        A part for each data set, use and network that scored. Images whose
        score is blended of people's and a network's are in two parts, one
        for each.
    """
    groups: dict[tuple[str, str, str, str], set[str]] = {}
    for use, records in (("train", train), ("val", validation)):
        for record in records:
            if record.content == NOTHING:
                continue
            sources = [(record.scored_by or "", _ALONE)]
            if record.taught_by:
                sources.append((record.taught_by, _BLENDED))
            for by, how in sources:
                key = by, how, record.dataset, use
                groups.setdefault(key, set()).add(original_name(record.name))
    return tuple(
        names_trained_on(
            names,
            dataset=dataset or None,
            use=use,
            scores="teacher" if by else scores,
            about=f"scores by {Path(by).stem} {how}" if by else about,
        )
        for (by, how, dataset, use), names in sorted(groups.items())
    )


def names_trained_on(
    names: Iterable[str], *, dataset: str | None, use: str, scores: str, about: str
) -> TrainingPart:
    """Describe images of one data set by their names.

    Args:
        names: At least one; copies count as what they were made of.
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
    wanted = frozenset(map(original_name, names)) - {NOTHING}
    found = [
        (len(members), split, part)
        for split in published_splits()
        for part, members in published_parts(split).items()
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
    others = [
        replace(part, through=part.through or network.name)
        for network in filter(None, networks)
        for part in network.trained_on or ()
    ]
    return joined_parts(own, others)


def joined_parts(
    own: Sequence[TrainingPart], others: Sequence[TrainingPart]
) -> tuple[TrainingPart, ...]:
    """Add parts of other networks, the same images for the same use once.

    Args:
        own: Parts of the training itself; all stay.
        others: Those of the networks of its chain.

    Returns:
        Both.
    """
    parts = list(own)
    known = {(part.dataset, part.names_sha256, part.use) for part in own}
    for part in others:
        key = part.dataset, part.names_sha256, part.use
        if key not in known:
            known.add(key)
            parts.append(part)
    return tuple(parts)


def _dataset_of(split):
    """Data set of a published split: its name begins with it."""
    return split.partition("-")[0]
