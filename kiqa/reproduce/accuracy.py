"""How good, how large and how fast the models are, in one table.

Accuracy comes from the ``predictions.csv`` of ``kiqa evaluate``, of the images
that all models have rated; each model is compared with the first one, paired.
Predictions for which lower is better are turned round for it, and their row says
so. A formula, such as ``blur_effect``, has no size; a name that is neither a model's
nor a formula's, of scores from elsewhere, has no speed either. Speed is measured
here, the models in turn on the same two images, so that what else the machine does
falls on all of them.

Public names: `ACCURACY`, `sizes_of`, `seconds_of`.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kiqa.arguments import Output, add_number, add_output
from kiqa.comparators import FORMULAS
from kiqa.data.distortions.basic import gaussian_blur
from kiqa.evaluation.report import (
    correlation_report,
    image_count,
    metric_cells,
    to_markdown,
    write_json,
)
from kiqa.io.files import write_atomically
from kiqa.io.messages import name_file
from kiqa.io.weights import (
    WeightsInfo,
    absent_models,
    find_companion,
    list_models,
)
from kiqa.reproduce.command import Command
from kiqa.reproduce.compare import compare
from kiqa.reproduce.predictions import arrays_of, in_all, read_together
from kiqa.reproduce.published_rows import published_rows
from kiqa.scoring.engines import describe

_SEED = 0
_SIZES = ((512, 512), (768, 1024))  # height and width of the images that are timed
_METRICS = {"SROCC": "srocc", "PLCC": "plcc"}


def sizes_of(info: WeightsInfo) -> tuple[int, float]:
    """Count parameters and megabytes of a model, with the files that belong to it.

    Args:
        info: Of the model.

    Returns:
        Parameters, and millions of bytes of its files.

    Raises:
        kiqa.io.weights.WeightsError: If a file that belongs to it is missing.
    """
    from kiqa.io.weights import load_model

    files = [info, *(find_companion(info, role) for role in sorted(info.details.companions))]
    parameters = sum(load_model(file.path).count_params() for file in files)
    return parameters, sum(file.path.stat().st_size for file in files) / 1e6


def seconds_of(models: Sequence[str], *, rounds: int) -> dict[str, list[float]]:
    """Time the scores of two images, the models in turn.

    Args:
        models: Names or files of models, or names of formulas. Those that compare with
            an undistorted image have it.
        rounds: How often each is timed, after a first time that does not
            count.

    Returns:
        For each model the median seconds of an image of 512x512 and of
        1024x768 pixels, decoding left out.
    """
    from kiqa.scoring import Scorer

    rng = np.random.default_rng(_SEED)
    originals = [rng.integers(0, 256, (*size, 3), np.uint8) for size in _SIZES]
    pairs = [(gaussian_blur(original, 1.0), original) for original in originals]
    scorers = {name: Scorer(name) for name in models}
    taken: dict[str, list[list[float]]] = {name: [[] for _ in pairs] for name in models}
    for turn in range(rounds + 1):
        for name, scorer in scorers.items():
            for (image, original), seconds in zip(pairs, taken[name], strict=True):
                reference = original if scorer.needs_reference else None
                began = time.perf_counter()
                scorer.score(image, reference=reference)
                if turn:
                    seconds.append(time.perf_counter() - began)
    return {name: [statistics.median(s) for s in seconds] for name, seconds in taken.items()}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "models", nargs="+", type=_pair, metavar="NAME=FILE",
        help="a model or formula and the predictions.csv of its kiqa evaluate, turned where lower "
        "is better, or any other name and a table with image_name and score, higher better; the "
        "first one is that which the others are compared with",
    )  # fmt: skip
    add_number(parser, "--rounds", "time each model so often; 0: not at all", default=5, low=0)
    add_output(parser, "--output", Output.FOLDER, "DIR", "write table and JSON there", type=Path)


def _pair(text):
    name, separator, file = text.partition("=")
    if not (name and separator and file):
        raise argparse.ArgumentTypeError(f"expected NAME=predictions.csv, received {text!r}")
    return name, Path(file)


def _run(options: argparse.Namespace) -> int:
    names = [name for name, _ in options.models]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Expected each model once. Received: {', '.join(twice)} more than once.")
    infos = {name: describe(name) for name in names if _is_known(name)}
    files = [file for _, file in options.models]
    said = dict(zip(names, read_together(files), strict=True))
    turned = [name for name, info in infos.items() if not info.details.higher_is_better]
    for name in turned:
        said[name] = {image: each._replace(score=-each.score) for image, each in said[name].items()}
    said = dict(zip(said, in_all(list(said.values())), strict=True))
    first = next(iter(said))
    reports, paired = {}, {}  # before the models are timed, which takes minutes
    for (name, predictions), (_, file) in zip(said.items(), options.models, strict=True):
        mos, predicted, groups = arrays_of(predictions)
        try:
            reports[name] = correlation_report(predicted, mos, seed=_SEED, groups=groups)
        except ValueError as error:
            raise ValueError(name_file(error, file)) from error
        paired[name] = compare([(predictions, said[first])])
    seconds = seconds_of(list(infos), rounds=options.rounds) if options.rounds > 0 else {}
    rows: list[dict[str, Any]] = []
    kept: dict[str, dict[str, Any]] = {}
    for name in said:
        title = f"{name}, turned: lower is better" if name in turned else name
        row = {"model": title, **metric_cells(reports[name]["metrics"], _METRICS)}
        kept[name] = {"accuracy": reports[name]}
        if name != first:
            kept[name]["less_first"] = paired[name]
            row[f"SROCC less {first}"] = _difference(paired[name]["srocc"])
        if name in infos and name not in FORMULAS:
            parameters, megabytes = sizes_of(infos[name])
            row |= {"parameters": parameters, "MB": round(megabytes, 1)}
            kept[name] |= {"parameters": parameters, "megabytes": megabytes}
        if name in seconds:
            row |= dict(zip(("s, 512x512", "s, 1024x768"), seconds[name], strict=True))
            kept[name]["seconds"] = seconds[name]
        rows.append(row)
    published = published_rows("accuracy")
    text = (
        f"{image_count(reports[first])}\n\n{to_markdown(rows)}\n\nPublished, on other images than "
        "those above (of BIQ2021 its official test set):\n\n"
        f"{to_markdown([{k: v for k, v in row.items() if v} for row in published])}\n"
    )
    if options.output is not None:
        write_json(
            {"first": first, "images": len(said[first]), "models": kept},
            options.output / "accuracy.json",
        )
        write_atomically(options.output / "accuracy.md", text.encode("utf-8"))
    sys.stdout.write(text)
    return 0


def _is_known(name: str) -> bool:
    """Tell a model's name or file, or a formula's name, from one of scores from elsewhere."""
    is_path = Path(name).name != name or name.endswith(".h5")
    return is_path or name in {*FORMULAS, *list_models(), *absent_models()}


def _difference(paired):
    return f"{paired['difference']:+.3f} ({paired['lo']:+.3f} .. {paired['hi']:+.3f})"


ACCURACY = Command(
    "All shipped models: accuracy with paired differences, size and speed", _options, _run
)
