"""Parts of folders of features: what a method of the paper trains on and is tested on.

Public names: `Part`, `Parts`, `rated_part`, `folder_records`, `less_excluded`, `own_parts`,
`random_parts`, `cross_parts`, `unseen_parts`.

References:
    Korhonen et al. 2021, sections 4.3 and 4.4.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from kiqa.constants import RNN_BIQA
from kiqa.data.excluded import excluding
from kiqa.data.records import NOTHING, SETS, ScoredImage, copy_kind
from kiqa.data.splits import assign_split, read_split
from kiqa.data.untrained import untrained
from kiqa.io.weights import read_info
from kiqa.training.rnn_biqa.feature_folder import EXTRACTOR_FILE, FeatureFolder
from kiqa.training.rnn_biqa.feature_teacher import refuse_taught
from kiqa.training.runs.origin import details_of

if TYPE_CHECKING:
    from kiqa.training.rnn_biqa.pooling import Rated

_SHARED_FORM = ("downscaling", "short_axis", "small_images")  # of features that may be compared


@dataclass(frozen=True, eq=False)
class Part:
    """Some images of a folder of features.

    Attributes:
        folder: The folder.
        names: Of the images.
    """

    folder: FeatureFolder
    names: Sequence[str]

    def records(self) -> list[ScoredImage]:
        """The images, as `folder_records` has them."""
        known = {record.name: record for record in folder_records(self.folder)}
        return [known[name] for name in self.names]


class Parts(TypedDict):
    """What one run trains on, chooses the epoch by and is tested on; ``None`` is no images."""

    train: Part
    val: Part | None
    test: Part | None


def folder_records(folder: FeatureFolder) -> list[ScoredImage]:
    """Return the images of a folder as records, MOS in 0..1, files those of features.

    Those that a teacher scored, or whose MOS its scores are blended with, name it.
    """
    teacher = folder.info.teacher
    records = [
        ScoredImage(
            name=row["name"],
            path=folder.path / row["file"],
            mos=row["mos"],
            sd=None,
            content=row["content"],
            dataset=folder.info.dataset,
            mos_range=(0.0, 1.0),
            set=row["set"],
        )
        for row in folder.rows
    ]
    return records if teacher is None else [teacher.scored(record) for record in records]


def less_excluded(
    folder: FeatureFolder,
    exclude: Sequence[str | os.PathLike] | None,
    *,
    report: Callable[[str], object],
) -> FeatureFolder:
    """Leave images of a folder out, before its parts are drawn.

    Args:
        folder: Features of a data set.
        exclude: What names images, see `kiqa.data.excluded`.
        report: Called with a sentence on each of these.

    Returns:
        The folder with the rows of the others.

    Raises:
        FileNotFoundError: As `kiqa.data.excluded.excluding`.
        ValueError: Likewise.
    """
    records = excluding(folder_records(folder), exclude or (), report=report)
    kept = {record.name for record in records}
    return replace(folder, rows=tuple(row for row in folder.rows if row["name"] in kept))


def own_parts(folder: FeatureFolder, split: str | os.PathLike | None = None) -> Parts:
    """Divide a folder by a split; copies of images are trained on with them, or left out.

    Args:
        folder: Features of a data set.
        split: Split file or name of a published split; ``None`` takes that
            which the images had when their features were extracted.

    Returns:
        ``train``, ``val`` and ``test``; ``None`` for one without images.

    Raises:
        ValueError: If there is no split, no image to train on, or a teacher's
            score among those of ``val`` and ``test``.
        FileNotFoundError: If there is no such split.
    """
    records = folder_records(folder)
    if split is not None:
        records = assign_split(records, read_split(split), allow_unmatched=True)
    names = _names_by_set(records)
    if not names["train"]:
        raise ValueError(
            f"Expected a split with images to train on. Received: {folder.path}, whose "
            f"{len(records)} images have none. Add --split FILE|NAME, or use --repeats."
        )
    return _judged_by_people(
        Part(folder, names["train"]),
        Part(folder, names["val"]) if names["val"] else None,
        Part(folder, names["test"]) if names["test"] else None,
    )


def random_parts(
    folder: FeatureFolder, *, seed: int, others: Sequence[FeatureFolder] = ()
) -> Parts:
    """Divide a folder at random, 80 % to train on and 20 % to test; copies are only trained on.

    The contents of all folders are ordered by a hash of seed and content, and
    the first 80 % of them train. So an image is in the same part of each of
    these folders, whichever images one of them lacks; its folder's own share
    is then only near 80 %. An image that all of them lack changes the part of
    one other content at most.

    Args:
        folder: Features of a data set.
        seed: Draws the parts.
        others: Features of the same data set in other sizes; may hold the
            folder itself.

    Returns:
        ``train`` and ``test``; ``val`` is ``None``.

    Raises:
        ValueError: If there are too few images, or a teacher scored them.

    References:
        Korhonen et al. 2021, section 4.4: one split for all sizes.
    """
    contents = {row["content"] for one in (folder, *others) for row in one.rows} - {NOTHING}
    order = sorted(contents, key=lambda c: hashlib.sha256(os.fsencode(f"{seed}/{c}")).digest())
    training = set(order[: round(RNN_BIQA.train_fraction * len(order))])
    parts = _names_by_set(
        replace(record, set="train" if record.content in training else "test")
        for record in folder_records(folder)
    )
    if not (parts["train"] and parts["test"]):
        raise ValueError(
            "Expected enough images for parts of 80 % and 20 %. Received: "
            f"{len(folder.rows)} in {folder.path}, {len(parts['train'])} of them to train on. "
            "Extract the features of more images."
        )
    return _judged_by_people(Part(folder, parts["train"]), None, Part(folder, parts["test"]))


def cross_parts(train: FeatureFolder, test: FeatureFolder) -> Parts:
    """Train on one data set and test on another, all images of each; copies are only trained on.

    Sizes to which the images were shrunk first may differ.

    Args:
        train: Features of the one.
        test: Features of the other.

    Returns:
        ``train`` and ``test``; ``val`` is ``None``.

    Raises:
        ValueError: If they are of different extractors or forms, or a teacher
            scored those of ``test``.
    """
    one, other = train.info, test.info
    if one.extractor_sha256 != other.extractor_sha256:
        raise ValueError(
            f"Expected features of one extractor. Received: {train.path} by {one.extractor}, "
            f"sha256 {one.extractor_sha256}, and {test.path} by {other.extractor}, sha256 "
            f"{other.extractor_sha256}. Extract both with the same network."
        )
    forms = [{name: getattr(info.form, name) for name in _SHARED_FORM} for info in (one, other)]
    if forms[0] != forms[1]:
        raise ValueError(
            f"Expected features of one form. Received: {train.path} with {forms[0]}, and "
            f"{test.path} with {forms[1]}. Extract both with the same --preset."
        )
    tested = _names_by_set(replace(record, set="test") for record in folder_records(test))
    return _judged_by_people(Part(train, train.names), None, Part(test, tested["test"]))


def unseen_parts(
    parts: Parts,
    *,
    initial: str | os.PathLike | None = None,
    include: bool,
    report: Callable[[str], object],
) -> Parts:
    """Leave out test images that the feature extractor, or the start, was trained on.

    Args:
        parts: Of `own_parts`, `random_parts` or `cross_parts`.
        initial: Name or file of the pooling network that is started from.
        include: Leave nothing out, and say so.
        report: Called with a sentence on what was met.

    Returns:
        The parts.

    Raises:
        ValueError: If no test image is left.
        FileNotFoundError: If there is no such initial network.
    """
    test = parts["test"]
    if test is None:
        return parts
    models = [details_of(initial)]
    file = test.folder.path / EXTRACTOR_FILE
    if file.is_file():
        models.append(read_info(file).details)
    else:
        report(f"what {test.folder.info.extractor} was trained on is not known: {file} is missing")
    names = set(test.names)
    records = [record for record in folder_records(test.folder) if record.name in names]
    known = [model for model in models if model is not None]
    kept = untrained(records, known, include=include, report=report)
    left = {record.name for record in kept.images}
    return {**parts, "test": Part(test.folder, [name for name in test.names if name in left])}


def rated_part(part: Part, *, multi_resolution: bool) -> "Rated":
    """Read the features and scores of a part.

    Args:
        part: Images.
        multi_resolution: Whether with the half-size version.

    Returns:
        A `kiqa.training.rnn_biqa.pooling.Rated`.

    Raises:
        ValueError: As `kiqa.training.rnn_biqa.feature_folder.read_sequence`.
        FileNotFoundError: Likewise.
    """
    from kiqa.training.rnn_biqa.pooling import Rated

    rows, sequences = part.folder.rows_of(part.names), part.folder.sequences(part.names)
    return Rated(
        names=list(part.names),
        sequences=[sequence.chosen(multi_resolution=multi_resolution) for sequence in sequences],
        mos=np.array([row["mos"] for row in rows], np.float64),
        contents=[f"{part.folder.info.dataset}/{row['content']}" for row in rows],
    )


def _names_by_set(records: Iterable[ScoredImage]) -> dict[str, list[str]]:
    """Names of images; copies are in train, as what shows nothing always is, or in no set."""
    names: dict[str, list[str]] = {part: [] for part in SETS}
    for record in records:
        part = "train" if record.content == NOTHING else record.set
        if part is not None and (part == "train" or copy_kind(record.name) is None):
            names[part].append(record.name)
    return names


def _judged_by_people(train: Part, val: Part | None, test: Part | None) -> Parts:
    """The parts, if people scored what judges."""
    refuse_taught([record for part in (val, test) if part is not None for record in part.records()])
    return {"train": train, "val": val, "test": test}
