"""Is one model better than another one? Paired, on the same images.

Reads the ``predictions.csv`` of two runs of ``kiqa evaluate`` and resamples
the images, both models' scores of an image together, so that what is hard for
both does not blur their difference; images of one scene are drawn as one. With
``--also`` their means over several splits are compared. One of two files may be
any table of image names and scores, such as those of a model that kiqa does not
have: its MOS are those of the other file.

Public names: :data:`COMPARE`, :class:`Predicted`, :func:`arrays_of`,
:func:`compare`, :func:`read_predictions`, :func:`read_together`.
"""

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kiqa.arguments import Output, add_output
from kiqa.data.tables import read_header, read_table
from kiqa.evaluation.correlation import plcc, srocc
from kiqa.evaluation.report import to_markdown, write_json
from kiqa.evaluation.resampling import (
    draws_of,
    groups_of,
    percentile_interval,
    plcc_rows,
    srocc_rows,
)
from kiqa.io.files import sha256_of
from kiqa.reproduce.command import Command

_SEED = 0  # of the bootstrap
_DRAWS = 1000
_TOLERANCE = 1e-6  # of the range of the MOS
_METRICS: dict[str, tuple[Callable, Callable]] = {
    "srocc": (srocc, srocc_rows),
    "plcc": (partial(plcc, logistic=None), plcc_rows),
}
_TITLES = {"srocc": "SROCC", "plcc": "PLCC, no logistic"}
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


def compare(
    pairs: Sequence[tuple[Mapping[str, Predicted], Mapping[str, Predicted]]],
) -> dict:
    """Compare two models on the images that both have scored.

    Args:
        pairs: For each split, a first and a second model's predictions from
            `read_predictions`, higher better. With several splits the means
            over them are compared; the images of each split are drawn, those
            of one scene, where a file names scenes, as one.

    Returns:
        ``splits``, ``images`` (of all splits together), with scenes
        ``groups`` (their number likewise), ``seed``, and for SROCC and
        PLCC (no logistic) the values ``first`` and ``second``, their
        ``difference`` and its 95 % interval ``lo`` and ``hi``, a percentile
        bootstrap of 1000 draws. Fit for JSON.

    Raises:
        ValueError: If two share fewer than three images, or differ in the
            images' MOS by more than a scale.
    """
    joined = [_joined(first, second) for first, second in pairs]
    result: dict[str, Any] = {
        "splits": len(joined),
        "images": sum(len(mos) for mos, *_ in joined),
        "seed": _SEED,
    }
    if any(groups is not None for *_, groups in joined):
        result["groups"] = sum(
            len(mos) if groups is None else len(set(groups)) for mos, *_, groups in joined
        )
    for name, (metric, rows) in _METRICS.items():
        values = np.array([[metric(one, mos), metric(two, mos)] for mos, one, two, _ in joined])
        draws = []
        for split, (mos, one, two, groups) in enumerate(joined):
            drawn = draws_of(rows, [one, two], mos, groups, n=_DRAWS, seed=_SEED + split)
            draws.append(drawn[0] - drawn[1])
        low, high = percentile_interval(np.mean(draws, axis=0), level=0.95)
        first, second = values.mean(axis=0).tolist()
        result[name] = {
            "first": first, "second": second, "difference": first - second, "lo": low, "hi": high,
        }  # fmt: skip
    return result


def _joined(first, second):
    """MOS and both predictions of the images in both, and what is drawn as one."""
    names = [name for name in first if name in second]
    if len(names) < 3:
        raise ValueError(
            f"Expected at least 3 images in both files. Received: {len(names)}. Evaluate both "
            "models on the same set."
        )
    mos, one, scenes = arrays_of({name: first[name] for name in names})
    other_mos, two, other_scenes = arrays_of({name: second[name] for name in names})
    ends = [np.ptp(mos), np.ptp(other_mos)]  # models of 0..1 and of 0..100 compare as well
    unlike = np.abs((mos - mos.min()) * ends[1] - (other_mos - other_mos.min()) * ends[0])
    different = np.flatnonzero(unlike > _TOLERANCE * ends[0] * ends[1])
    if different.size:
        raise ValueError(
            f"Expected the same MOS in both files, but for their scale. Received: {different.size} "
            f"that differ, such as that of {names[different[0]]}. Evaluate both models on one set."
        )
    return mos, one, two, scenes or other_scenes


def _named(path):
    """A file by its name, that of its folder, and its content; no path of this machine."""
    return {"name": f"{path.resolve().parent.name}/{path.name}", "sha256": sha256_of(path)}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, help="predictions.csv of a kiqa evaluate --output DIR")
    parser.add_argument(
        "second", type=Path,
        help="another one on the same images, or any table with image_name and score, higher "
        "better; either may be such a table, but not both",
    )  # fmt: skip
    parser.add_argument(
        "--also", type=Path, nargs=2, action="append", default=[], metavar=("FIRST", "SECOND"),
        help="the same two models on another split; once for each",
    )  # fmt: skip
    add_output(parser, "--output", Output.FILE, "FILE", "write JSON there", type=Path)


def _run(options: argparse.Namespace) -> int:
    files = [(options.first, options.second), *options.also]
    result = compare([(first, second) for first, second in map(read_together, files)])
    if options.output is not None:
        named = [[_named(path) for path in pair] for pair in files]
        write_json({"files": named, **result}, options.output)
    rows = [
        {"metric": _TITLES[name]}
        | {key: result[name][key] for key in ("first", "second", "difference")}
        | {"95 % of the difference": f"{result[name]['lo']:.3f} .. {result[name]['hi']:.3f}"}
        for name in _METRICS
    ]
    splits = f", {len(files)} splits" if options.also else ""
    scenes = f" of {result['groups']} scenes" if "groups" in result else ""
    sys.stdout.write(f"{result['images']} images{scenes}{splits}\n\n{to_markdown(rows)}\n")
    return 0


def _read(content):
    """What a stored comparison is of, with its differences; it has no rows. See `Command.read`."""
    # Older ones have names alone.
    files = content["files"][0] if "files" in content else [content["first"], content["second"]]
    names = [each["name"] if isinstance(each, dict) else each for each in files]
    differences = [
        f"{_TITLES[name]} {content[name]['difference']:+.3f} "
        f"({content[name]['lo']:+.3f} .. {content[name]['hi']:+.3f})"
        for name in _METRICS
    ]
    splits = content.get("splits", 1)
    images = f"{content['images']} images" + (f" of {splits} splits" if splits > 1 else "")
    return f"{' less '.join(names)}, {images}: {', '.join(differences)}", []


COMPARE = Command(
    "Difference of two models on the same images, paired bootstrap", _options, _run, _read
)
