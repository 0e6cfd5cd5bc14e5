"""What DIQaM and WaDIQaM are trained on: rated images, or pairs with scores.

Public names: `PatchTask`, `rated_tasks`, `references_of`, `read_pairs`,
`scores_of_pairs`, `tasks_trained_on`, `check_parts`, `pristine_parts`.
"""

import math
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from kiqa.data.excluded import excluding_files
from kiqa.data.folders import images_in
from kiqa.data.records import SETS, ScoredImage
from kiqa.data.splits import read_split
from kiqa.data.tables import read_table
from kiqa.data.trained import names_trained_on
from kiqa.io.weights import TrainingPart
from kiqa.training.runs.parts import require_enough
from kiqa.training.wadiqam.settings import WadiqamSettings

_HELD_OUT = 8  # without a set val, one of so many training images chooses the epoch


@dataclass(frozen=True)
class PatchTask:
    """One image to train or validate on.

    Attributes:
        name: Of the image.
        path: Its file.
        score: What it should be rated, higher is better.
        content: The scene, or the reference's name: never on both sides of a
            split.
        reference: File of its reference, or ``None``.
        kind: Of its distortion, or ``None``.
    """

    name: str
    path: Path
    score: float
    content: str
    reference: Path | None = None
    kind: str | None = None


def rated_tasks(records: Sequence[ScoredImage], *, mode: str) -> list[PatchTask]:
    """Make tasks of scored images.

    Args:
        records: Records of a data set, with references for ``"fr"``.
        mode: ``"nr"``, which leaves references out, or ``"fr"``.

    Returns:
        One task a record; its score is the MOS in 0..1, higher is better.
    """
    with_reference = mode == "fr"
    return [
        PatchTask(
            name=r.name,
            path=r.path,
            score=r.mos01,
            content=r.content,
            reference=r.reference if with_reference else None,
            kind=r.distortion,
        )
        for r in records
    ]


def references_of(tasks: Sequence[PatchTask]) -> list[Path] | None:
    """Return the references' files; ``None`` if no task has one.

    Raises:
        ValueError: If some have one and others have none.
    """
    references = [task.reference for task in tasks if task.reference is not None]
    if len(references) not in (0, len(tasks)):
        raise ValueError(
            f"Expected all images with a reference, or none. Received: {len(references)} of "
            f"{len(tasks)} with one. Leave the others out."
        )
    return references or None


def read_pairs(
    path: str | os.PathLike,
    *,
    exclude: Sequence[str | os.PathLike] | None = None,
    report: Callable[[str], object] = lambda message: None,
) -> dict[str, list[PatchTask]]:
    """Read pairs of images and references with scores.

    Args:
        path: CSV with the columns ``image`` and ``reference`` (paths,
            relative to the file's folder), ``score`` (0..1, higher is
            better) and ``set`` (train, val or test); ``kind`` may be there.
        exclude: What names references to leave out, see `kiqa.data.excluded`.
        report: Called with a sentence on each of these.

    Returns:
        The tasks of each set. The name of the reference is their content.

    Raises:
        FileNotFoundError: If the file or an image is not there.
        ValueError: If a column, score or set is wrong, a set train or val is
            empty, or a reference stands in two sets; the lines are named.
    """
    path = Path(path)
    tasks, sets = {name: [] for name in SETS}, {}
    for line, row in read_table(path, ("image", "reference", "score", "set"), ("kind",)):
        try:
            score = float(row["score"])
        except ValueError:
            score = math.nan
        if not 0 <= score <= 1 or row["set"] not in SETS:
            raise ValueError(
                f"Expected a score from 0 to 1 and a set among {', '.join(SETS)}. Received: "
                f"{row['score']!r} and {row['set']!r} in {path} line {line}. Correct the line; "
                "map scores linearly, high for good."
            )
        first = sets.setdefault(row["reference"], row["set"])
        if first != row["set"]:
            raise ValueError(
                f"Expected every reference in one set. Received: {row['reference']!r} in "
                f"{first} and, in {path} line {line}, in {row['set']}. Split by reference."
            )
        files = [path.parent / row[column] for column in ("image", "reference")]
        for file in files:
            if not file.is_file():
                raise FileNotFoundError(
                    f"Expected the images of {path}. Received: {file} in line {line}, not there. "
                    "Paths are relative to the folder of the CSV file."
                )
        tasks[row["set"]].append(
            PatchTask(
                _name(row["image"]),
                files[0],
                score,
                row["reference"],
                files[1],
                row.get("kind") or None,
            )
        )
    references = dict.fromkeys(task.reference for part in tasks.values() for task in part)
    kept = set(excluding_files(list(references), exclude or (), report=report))
    tasks = {name: [task for task in part if task.reference in kept]
             for name, part in tasks.items()}  # fmt: skip
    for name in ("train", "val"):
        if not tasks[name]:
            raise ValueError(f"Expected pairs in the set {name!r}. Received: none in {path}.")
    return tasks


def _name(path):
    """An image's name in results: below the file's folder its path, elsewhere no folder."""
    path = PurePath(path)
    return path.name if path.is_absolute() or ".." in path.parts else path.as_posix()


def scores_of_pairs(path: str | os.PathLike) -> dict[str, str]:
    """Say what the scores of pairs are, for the weights file of what is trained on them.

    Args:
        path: As for `read_pairs`.

    Returns:
        ``scores`` and ``about`` of `tasks_trained_on`: the proxy of
        `kiqa.data.proxy_pairs` where its note lies beside the table, else unknown.

    Raises:
        ValueError: If the note is damaged.
    """
    # Loads scikit-image, which --help does without.
    from kiqa.data.proxy_pairs import proxy_of

    proxy = proxy_of(path)
    if proxy is None:
        return {"scores": "unknown", "about": "scores of pairs"}
    return {"scores": "proxy", "about": proxy}


def tasks_trained_on(
    train: Sequence[PatchTask],
    validation: Sequence[PatchTask],
    *,
    dataset: str | None,
    scores: str,
    about: str,
) -> tuple[TrainingPart, ...]:
    """Describe the images of a training for its weights file.

    Args:
        train: Tasks to train on.
        validation: Tasks that choose the epoch.
        dataset: Key of `kiqa.data.DATASETS`; ``None`` for pairs, of which the
            names of the references are told.
        scores: As for `kiqa.data.trained.trained_on`.
        about: Likewise.

    Returns:
        The parts.
    """
    parts = {"train": train, "val": validation}
    return tuple(
        names_trained_on(
            [task.name if dataset else Path(task.content).name for task in tasks],
            dataset=dataset, use=use, scores=scores, about=about,
        )
        for use, tasks in parts.items()
    )  # fmt: skip


def check_parts(parts: Mapping[str, Sequence[PatchTask]], settings: WadiqamSettings) -> None:
    """Refuse parts that cannot be trained on.

    Args:
        parts: Tasks of train and val, and of test where there is one.
        settings: Of the training.

    Raises:
        ValueError: If there are too few images, or references are missing or
            superfluous.
    """
    train, validation = parts["train"], parts["val"]
    require_enough(train, validation, settings)
    wanted = settings.mode == "fr"
    everything = [task for tasks in parts.values() for task in tasks]
    wrong = [task.name for task in everything if (task.reference is not None) != wanted]
    if wrong:
        raise ValueError(
            f"Expected images {'with' if wanted else 'without'} a reference in mode "
            f"{settings.mode!r}. Received: {len(wrong)} others, such as {wrong[:3]}."
        )


def pristine_parts(
    folder: str | os.PathLike,
    *,
    split: str | os.PathLike | None = None,
    seed: int,
    exclude: Sequence[str | os.PathLike] | None = None,
    report: Callable[[str], object] = lambda message: None,
) -> dict[str, list[Path]]:
    """Find pristine images for `kiqa.data.proxy_pairs`.

    Args:
        folder: Folder of the images.
        split: Split file or name; ``None`` takes the folder's ``split.csv``.
        seed: Draws the validation images, one in eight of the training
            ones, if the split has none.
        exclude: What names images to leave out, see `kiqa.data.excluded`.
        report: Called with a sentence on each of these.

    Returns:
        Images of the sets train and val, and test if there are any.

    Raises:
        FileNotFoundError: If the folder, the split or an image is not
            there.
        ValueError: If the split is damaged or too small.
    """
    split = Path(folder) / "split.csv" if split is None else split
    sets = set(read_split(split).values())
    parts = {
        part: images_in(folder, chosen=part, split=split, exclude=exclude, report=report)
        for part in SETS
        if part in sets
    }
    train = parts.get("train", [])
    if "val" not in parts:
        held_out = set(random.Random(seed).sample(train, len(train) // _HELD_OUT))
        parts["val"] = sorted(held_out)
        parts["train"] = [path for path in train if path not in held_out]
    if not parts.get("train") or not parts["val"]:
        raise ValueError(
            f"Expected at least {_HELD_OUT} training images in {folder}. Received: "
            f"{len(train)} by {split}. Use more, or a split with the sets train and val."
        )
    return parts
