"""Is one model better than another one? Paired, on the same images.

Reads the ``predictions.csv`` of two runs of ``kiqa evaluate`` and resamples
the images, both models' scores of an image together, so that what is hard for
both does not blur their difference.

Public names: :data:`COMPARE`, :func:`compare`.
"""

import argparse
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from kiqa.data.tables import read_table
from kiqa.evaluation.correlation import paired_bootstrap, plcc, srocc
from kiqa.evaluation.report import to_markdown, write_json
from kiqa.reproduce.command import Command

_SEED = 0  # of the bootstrap
_METRICS = {"srocc": srocc, "plcc": partial(plcc, logistic=None)}
_COLUMNS = ("name", "mos", "predicted")


def read_predictions(path: Path) -> dict[str, tuple[float, float]]:
    """Read the predictions of one model.

    Args:
        path: ``predictions.csv`` of ``kiqa evaluate``.

    Returns:
        MOS and prediction by image name; images without a prediction are
        left out.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If columns are missing or a number is none.
    """
    found = {}
    for line, cells in read_table(path, _COLUMNS):
        if cells["predicted"] == "":
            continue
        try:
            found[cells["name"]] = float(cells["mos"]), float(cells["predicted"])
        except ValueError:
            raise ValueError(
                f"Expected numbers in the columns mos and predicted. Received: {path}, line "
                f"{line}: {cells['mos']!r} and {cells['predicted']!r}."
            ) from None
    return found


def compare(
    first: Mapping[str, tuple[float, float]], second: Mapping[str, tuple[float, float]]
) -> dict:
    """Compare two models on the images that both have scored.

    Args:
        first: From `read_predictions`.
        second: Likewise, higher better as well.

    Returns:
        ``images``, and for SROCC and PLCC (no logistic) the value of each and
        `kiqa.evaluation.correlation.paired_bootstrap`: ``difference`` (first
        less second) with its 95 % interval ``lo`` and ``hi``. Fit for JSON.

    Raises:
        ValueError: If they share fewer than three images, or give an image
            different MOS.
    """
    names = [name for name in first if name in second]
    if len(names) < 3:
        raise ValueError(
            f"Expected at least 3 images in both files. Received: {len(names)}. Evaluate both "
            "models on the same set."
        )
    mos, one = np.array([first[name] for name in names]).T
    other_mos, two = np.array([second[name] for name in names]).T
    different = np.flatnonzero(~np.isclose(mos, other_mos))
    if different.size:
        raise ValueError(
            f"Expected the same MOS in both files. Received: {different.size} that differ, such "
            f"as that of {names[different[0]]}. Evaluate both models on the same scale."
        )
    result = {"images": len(names), "seed": _SEED}
    for name, metric in _METRICS.items():
        result[name] = {
            "first": metric(one, mos),
            "second": metric(two, mos),
            **paired_bootstrap(name, one, two, mos, seed=_SEED),
        }
    return result


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, help="predictions.csv of a kiqa evaluate --output DIR")
    parser.add_argument("second", type=Path, help="another one on the same images")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write JSON there")


def _run(options: argparse.Namespace) -> int:
    result = compare(read_predictions(options.first), read_predictions(options.second))
    if options.output is not None:
        write_json({"first": str(options.first), "second": str(options.second), **result},
                   options.output)  # fmt: skip
    rows = [
        {"metric": name.upper()}
        | {key: result[name][key] for key in ("first", "second", "difference")}
        | {"95 % of the difference": f"{result[name]['lo']:.3f} .. {result[name]['hi']:.3f}"}
        for name in _METRICS
    ]
    sys.stdout.write(f"{result['images']} images\n\n{to_markdown(rows)}\n")
    return 0


COMPARE = Command("Difference of two models on the same images, paired bootstrap", _options, _run)
