"""Is one model better than another one? Paired, on the same images.

Takes the predictions of two models, see `kiqa.reproduce.predictions`, and resamples
the images, both models' scores of an image together, so that what is hard for
both does not blur their difference; images of one scene are drawn as one. With
``--also`` their means over several splits are compared.

Public names: :data:`COMPARE`, :func:`compare`.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kiqa.arguments import Output, add_output
from kiqa.evaluation.correlation import plcc, srocc
from kiqa.evaluation.report import image_count, to_markdown, write_json
from kiqa.evaluation.resampling import draws_of, percentile_interval, plcc_rows, srocc_rows
from kiqa.io.files import sha256_of
from kiqa.reproduce.command import Command
from kiqa.reproduce.predictions import Predicted, arrays_of, in_all, read_together

_SEED = 0  # of the bootstrap
_DRAWS = 1000
_TOLERANCE = 1e-6  # of the range of the MOS
_METRICS: dict[str, tuple[Callable, Callable]] = {
    "srocc": (srocc, srocc_rows),
    "plcc": (partial(plcc, logistic=None), plcc_rows),
}
_TITLES = {"srocc": "SROCC", "plcc": "PLCC, no logistic"}


def compare(
    pairs: Sequence[tuple[Mapping[str, Predicted], Mapping[str, Predicted]]],
) -> dict:
    """Compare two models on the images that both have scored; says how many others there are.

    Args:
        pairs: For each split, a first and a second model's predictions from
            `kiqa.reproduce.predictions`, higher better. With several splits the means
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
    first, second = in_all([first, second])
    names = list(first)
    mos, one, scenes = arrays_of(first)
    other_mos, two, other_scenes = arrays_of({name: second[name] for name in names})
    # Models of 0..1 and of 0..100 compare as well.
    different = np.flatnonzero(np.abs(_from_0_to_1(mos) - _from_0_to_1(other_mos)) > _TOLERANCE)
    if different.size:
        raise ValueError(
            f"Expected the same MOS in both files, but for their scale. Received: {different.size} "
            f"that differ, such as that of {names[different[0]]}. Evaluate both models on one set."
        )
    return mos, one, two, scenes or other_scenes


def _from_0_to_1(mos):
    """The lowest 0 and the highest 1; all 0 where they are equal."""
    return (mos - mos.min()) / (np.ptp(mos) or 1.0)


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
    sys.stdout.write(f"{image_count(result)}{splits}\n\n{to_markdown(rows)}\n")
    return 0


def _read(content):
    """What a stored comparison is of, with its differences; it has no rows. See `Command.read`."""
    # Two in docs/results have names alone.
    names = [each["name"] if isinstance(each, dict) else each for each in content["files"][0]]
    differences = [
        f"{_TITLES[name]} {content[name]['difference']:+.3f} "
        f"({content[name]['lo']:+.3f} .. {content[name]['hi']:+.3f})"
        for name in _METRICS
    ]
    splits = f" of {content['splits']} splits" if content["splits"] > 1 else ""
    images = f"{image_count(content)}{splits}"
    return f"{' less '.join(names)}, {images}: {', '.join(differences)}", []


COMPARE = Command(
    "Difference of two models on the same images, paired bootstrap", _options, _run, _read
)
