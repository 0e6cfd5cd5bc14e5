"""What a model says of images, beside their MOS: read from tables.

``predictions.csv`` of ``kiqa evaluate`` has the MOS of each image, and its scene where the
data set names scenes. A table of image names and scores alone, such as those of a model
that kiqa does not have, takes both from such a file of the same images.

Public names: :class:`Predicted`, :func:`arrays_of`, :func:`in_all`, :func:`read_predictions`,
:func:`read_together`.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kiqa.data.tables import read_header, read_table
from kiqa.evaluation.resampling import groups_of
from kiqa.reproduce.command import report

_COLUMNS = ("name", "mos", "predicted")
_NAMES, _SCORES = ("image_name", "name"), ("score", "predicted")  # of a file without MOS
_SCENE = "content"  # a column of data sets with several images of a scene


class Predicted(NamedTuple):
    """An image's MOS and what a model says of it.

    Attributes:
        mos: On the scale of its file.
        score: The model's.
        content: Its scene, or the image's name where the file names no scenes.
    """

    mos: float
    score: float
    content: str


def read_predictions(path: Path) -> dict[str, Predicted]:
    """Read the predictions of one model.

    Args:
        path: ``predictions.csv`` of ``kiqa evaluate``.

    Returns:
        MOS, prediction and scene by image name; images without a prediction
        are left out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If columns are missing, a number is none or not finite, an
            image is there twice, or none has a prediction.
    """
    rows = read_table(path, _COLUMNS, (_SCENE,))
    scores = _scores(rows, path, "name", "predicted")
    return {
        cells["name"]: Predicted(
            _number(cells["mos"], "mos", path, line),
            scores[cells["name"]],
            cells.get(_SCENE) or cells["name"],
        )
        for line, cells in rows
        if cells["name"] in scores
    }


def read_together(paths: Sequence[Path]) -> list[dict[str, Predicted]]:
    """Read the predictions of several models of the same images.

    Args:
        paths: Each the ``predictions.csv`` of ``kiqa evaluate``, or a table
            without ``mos``, with the columns ``image_name`` or ``name`` and
            ``score`` or ``predicted``, higher better. MOS and scenes of such
            a table are those of the first file that has MOS; its other
            images are left out.

    Returns:
        For each file what `read_predictions` does.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: As `read_predictions`; if no file has MOS, or a table
            without them none of the images of that with them.
    """
    own = {path: read_predictions(path) for path in paths if "mos" in _header(path)}
    if not own:
        raise ValueError(
            f"Expected a column mos in one of the files. Received: {', '.join(map(str, paths))}, "
            "without any. Take the predictions.csv of kiqa evaluate --output DIR as one of them."
        )
    source, rated = next(iter(own.items()))
    return [own[path] if path in own else _foreign(path, rated, source) for path in paths]


def _foreign(path, rated, source):
    """Scores of a table without MOS, with what another file says of the images."""
    header = _header(path)
    name, score = (
        next((column for column in columns if column in header), columns[0])
        for columns in (_NAMES, _SCORES)
    )
    scores = _scores(read_table(path, (name, score)), path, name, score)
    found = {
        image: each._replace(score=scores[image])
        for image, each in rated.items()
        if image in scores
    }
    if not found:
        raise ValueError(
            f"Expected image names as in {source}, such as {next(iter(rated))!r}. Received: "
            f"{path}, with names such as {next(iter(scores))!r}. Write them alike."
        )
    others = len(scores) - len(found)
    if others:
        report(f"{others} images of {path} that have no MOS in {source} are left out")
    return found


def _header(path):
    return [name.strip().lower() for name in read_header(path)]


def _scores(rows, path, name, score):
    """Scores by image, of the rows that have one."""
    found: dict[str, float] = {}
    for line, cells in rows:
        if cells[score] == "":
            continue
        if cells[name] in found:
            raise ValueError(
                f"Expected every image once. Received: {cells[name]!r} in {path}, line {line}, "
                "again. Remove one of the lines."
            )
        found[cells[name]] = _number(cells[score], score, path, line)
    if not found:
        raise ValueError(f"Expected images with a prediction in {path}. Received: none.")
    return found


def _number(text, column, path, line):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(
            f"Expected a finite number in the column {column}. Received: {text!r} in {path}, "
            f"line {line}. Correct the line or remove it."
        )
    return value


def in_all(said: Sequence[Mapping[str, Predicted]]) -> list[dict[str, Predicted]]:
    """Keep the images that all models have rated; says how many others there are.

    Args:
        said: Of each model what `read_predictions` returns, at least one.

    Returns:
        The same of those images alone, of each model in its own order.

    Raises:
        ValueError: If fewer than three images are left.
    """
    shared = set.intersection(*map(set, said))
    if len(shared) < 3:
        raise ValueError(
            f"Expected at least 3 images that all models have rated. Received: {len(shared)}. "
            "Evaluate all models on one set."
        )
    others = len(set().union(*said) - shared)
    if others:
        report(f"{others} images that not all models have rated are left out")
    return [
        {image: each for image, each in predictions.items() if image in shared}
        for predictions in said
    ]


def arrays_of(
    predictions: Mapping[str, Predicted],
) -> tuple[np.ndarray, np.ndarray, list | None]:
    """Return what a bootstrap takes of a model's predictions.

    Args:
        predictions: From `read_predictions`, at least one.

    Returns:
        MOS and scores, each of shape (n,), and what is drawn as one, see
        `kiqa.evaluation.resampling.groups_of`.
    """
    mos, scores, contents = zip(*predictions.values(), strict=True)
    return np.array(mos), np.array(scores), groups_of(contents)
