"""Evaluations that are there already, as rows of a table: nothing is scored again.

``kiqa evaluate --output DIR`` leaves the prediction for every image and what made
it. A table takes such folders beside models that it scores itself. Where it compares
models on the same images, `shared_images` says which.

Public names: `Evaluated`, `RatedName`, `add_evaluated`, `described`, `read_evaluated`,
`shared_images`.
"""

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from kiqa.data.excluded import excluding
from kiqa.io.messages import shortened
from kiqa.io.weights import Details, WeightsError
from kiqa.reproduce.command import report
from kiqa.reproduce.predictions import Predicted, read_predictions
from kiqa.scoring.engines import describe

_TOLERANCE = 1e-6  # of MOS in 0..1
_NEEDED = ("model", "weights_sha256", "higher_is_better", "stride", "dataset", "split", "set",
           "mos_scale")  # fmt: skip


class RatedName(NamedTuple):
    """An image of which only the name and the score are at hand.

    Attributes:
        name: As in the data set.
        content: Its scene; the name where the evaluation names no scenes.
        dataset: Name of the data set.
        mos: On the scale 0..1, higher is better.
    """

    name: str
    content: str
    dataset: str
    mos: float

    @property
    def mos01(self) -> float:
        """The same as ``mos``."""
        return self.mos


@dataclass(frozen=True)
class Evaluated:
    """What ``kiqa evaluate`` left.

    Attributes:
        about: Content of ``evaluation.json``.
        scores: By image, with MOS in 0..1.
    """

    about: dict[str, Any]
    scores: dict[str, Predicted]

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.about["model"]

    @property
    def images(self) -> str:
        """What it was evaluated on: split and part."""
        return f"{self.about['split']}, {self.about['set']}"

    def rows(self, images: Sequence[Any]) -> list[dict]:
        """Return ``score`` and ``error`` (None) of images, by their names."""
        return [{"score": self.scores[image.name].score, "error": None} for image in images]


def add_evaluated(
    parser: argparse.ArgumentParser, *, rows: str = "all rows are then of the images that all have"
) -> None:
    """Add --evaluated, which may be given several times.

    Args:
        parser: To add to.
        rows: Which images the rows of the table are of, for the help.
    """
    parser.add_argument(
        "--evaluated", action="append", default=[], type=Path, metavar="DIR",
        help="besides: a model by its kiqa evaluate --output DIR, not scored again; may be given "
        f"several times; {rows}",
    )  # fmt: skip


def read_evaluated(folder: Path, *, dataset: str | None = None) -> Evaluated:
    """Read ``evaluation.json`` and ``predictions.csv`` of ``kiqa evaluate``.

    Args:
        folder: Its ``--output``.
        dataset: The data set that it has to be of.

    Returns:
        The evaluation, MOS on 0..1.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If one is damaged, or it is of another data set.
    """
    file = folder / "evaluation.json"
    if not file.is_file():
        raise FileNotFoundError(
            f"Expected a folder of kiqa evaluate --output. Received: {folder}, without {file.name}."
        )
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        missing = [key for key in _NEEDED if key not in about]
        scale = re.fullmatch(r"(-?[\d.]+)\.\.(-?[\d.]+)", about.get("mos_scale", ""), re.ASCII)
        if missing or scale is None:
            raise ValueError(f"no {', '.join(missing) or 'scale of the MOS'}")
        low, high = (float(end) for end in scale.groups())
        if not low < high:
            raise ValueError(f"MOS from {low:g} to {high:g}")
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"Expected the result of kiqa evaluate in {file}. Received: a file that cannot be "
            f"used ({shortened(error)})."
        ) from error
    if dataset not in (None, about["dataset"]):
        raise ValueError(
            f"Expected an evaluation on {dataset}. Received: {folder}, on {about['dataset']}. "
            "Leave it out."
        )
    predicted = read_predictions(folder / "predictions.csv")
    scores = {
        name: said._replace(mos=(said.mos - low) / (high - low)) for name, said in predicted.items()
    }
    return Evaluated(about, scores)


def described(evaluated: Sequence[Evaluated]) -> list[Details]:
    """Describe the models that are found by their names today.

    What is not found, or is another file than the one that was evaluated, is reported.
    """
    found = []
    for one in evaluated:
        try:
            info = describe(one.model)
        except (WeightsError, FileNotFoundError):
            report(f"what {one.model} was trained on is not known: no model of that name is found")
            continue
        found.append(info.details)
        if info.sha256 != one.about["weights_sha256"]:
            report(
                f"{one.model} was evaluated with another file than today's, whose training images "
                "are taken for its own"
            )
    return found


def shared_images(
    evaluated: Sequence[Evaluated],
    images: Sequence[Any] | None = None,
    *,
    exclude: Sequence[str] | None = None,
) -> list[Any]:
    """Return the images that all evaluations have.

    Args:
        evaluated: At least one, of one data set.
        images: Records to choose from; ``None`` takes the first evaluation's.
        exclude: Of these, what names images to leave out, see `kiqa.data.excluded`.

    Returns:
        The images in their order, at least three: records, or `RatedName`.

    Raises:
        FileNotFoundError: As `kiqa.data.excluded.excluding`.
        ValueError: Likewise, and if there are fewer, or one image has two MOS.
    """
    if images is None:
        first = evaluated[0]
        dataset = first.about["dataset"]
        images = [
            RatedName(name, said.content, dataset, said.mos) for name, said in first.scores.items()
        ]
        images = excluding(images, exclude or (), report=report)
    shared = [image for image in images if all(image.name in one.scores for one in evaluated)]
    if len(shared) < 3:
        raise ValueError(
            f"Expected at least 3 images that all evaluations have. Received: {len(shared)}. "
            "Evaluate all models on one set."
        )
    for one in evaluated:
        for image in shared:
            mos = one.scores[image.name].mos
            if abs(mos - image.mos01) > _TOLERANCE:
                raise ValueError(
                    f"Expected one MOS for each image. Received: {image.mos01:g}, and {mos:g} in "
                    f"the evaluation of {one.model}, for {image.name}. Evaluate all models on one "
                    "data set."
                )
    return shared
