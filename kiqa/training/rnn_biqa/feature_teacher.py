"""The teacher of a folder of features: whose scores its training images have.

Public names: `FeatureTeacher`, `teacher_of`, `refuse_taught`.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kiqa.data.records import ScoredImage
from kiqa.data.trained import in_chain
from kiqa.io.weights import TrainingPart, read_info
from kiqa.training.runs.origin import file_of
from kiqa.training.runs.teaching.scored import with_scorer


@dataclass(frozen=True)
class FeatureTeacher:
    """A teacher, as ``features.json`` names it.

    Attributes:
        name: Of the network.
        sha256: Of its file.
        weight: Of its score beside the MOS of an image, 0..1.
        trained_on: What it was trained on, with its name in ``through``.
    """

    name: str
    sha256: str
    weight: float
    trained_on: tuple[TrainingPart, ...]

    def scored(self, record: ScoredImage) -> ScoredImage:
        """Say in a record whose score it has: only those of the part train have the teacher's."""
        if record.set != "train":
            return record
        return with_scorer(record, self.name, weight=self.weight)

    def to_json(self) -> dict[str, Any]:
        """The fields, of JSON types."""
        parts = [part.to_json() for part in self.trained_on]
        return {**vars(self), "trained_on": parts}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "FeatureTeacher":
        """Make one of `to_json`'s values.

        Raises:
            KeyError: If one is missing.
            TypeError: If one is of another kind.
            kiqa.io.weights.WeightsError: If a part is damaged.
        """
        parts = tuple(map(TrainingPart.from_json, values["trained_on"]))
        return cls(values["name"], values["sha256"], float(values["weight"]), parts)


def teacher_of(arguments: argparse.Namespace) -> FeatureTeacher | None:
    """Describe the teacher that options name.

    Args:
        arguments: What a parser with `kiqa.training.runs.teaching.command.add_teaching` found.

    Returns:
        The teacher; ``None`` without ``--teacher``.

    Raises:
        FileNotFoundError: If there is no such file.
        kiqa.io.weights.WeightsError: If there is no such name, or the file is
            damaged.
    """
    if arguments.teacher is None:
        return None
    info = read_info(file_of(arguments.teacher))
    seen = in_chain((), info.details)
    return FeatureTeacher(info.name, info.sha256, arguments.teacher_weight, seen)


def refuse_taught(records: Sequence[ScoredImage]) -> None:
    """Refuse to judge a network by the teacher's scores.

    Args:
        records: Images that choose the epoch, or that are tested on.

    Raises:
        ValueError: If a score is a network's, or partly one.
    """
    taught = [record for record in records if record.scored_by or record.taught_by]
    if taught:
        raise ValueError(
            "Expected people's scores of the images that choose the epoch or are tested on. "
            f"Received: {len(taught)} of {len(records)} with scores of "
            f"{taught[0].scored_by or taught[0].taught_by}, such as {taught[0].name}. Take the "
            "split that their features were extracted with, or extract them without --teacher."
        )
