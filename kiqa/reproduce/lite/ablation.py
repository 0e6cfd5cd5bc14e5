"""``lite-ablation``: what the accuracy of `lite` comes from, one choice at a time.

The network of `lite` looks once at each image. A linear regression of the statistics of
some of its maps takes the place of the judges, so that a design costs seconds: features
are standardised by the training images', the penalty is chosen by SROCC on val, and test
is rated once. Each design differs from the one that it is compared with in one choice:
maps, pooling, resolution, number of training images, tuning; and for a small student, the
scores of a teacher for images without a MOS.

A killed run goes on: what the network saw is kept (`kiqa.reproduce.lite.looks`).

Public names: `ABLATION`.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kiqa.arguments import Output, add_include, add_number, add_output, whole_number
from kiqa.constants import DEFAULT_SCORER
from kiqa.data.chosen import training_parts
from kiqa.data.records import ScoredImage
from kiqa.evaluation.bootstrap import bootstrap_interval
from kiqa.evaluation.correlation import METRICS
from kiqa.evaluation.report import metric_cells, to_markdown, write_csv, write_json
from kiqa.io.files import write_atomically
from kiqa.io.weights import Details, read_info
from kiqa.reproduce.command import Command, add_data, add_model, report, unseen
from kiqa.reproduce.compare import compare
from kiqa.reproduce.evaluated import (
    Evaluated,
    add_evaluated,
    described,
    read_evaluated,
    shared_images,
)
from kiqa.reproduce.predictions import Predicted, arrays_of

if TYPE_CHECKING:
    from kiqa.reproduce.lite.designs import Design
    from kiqa.reproduce.lite.looks import Look

Predictions = dict[str, Predicted]

_SEED = 0  # of the bootstrap
_SIDES, _IMAGES = (512, 256, 224), (1000, 2600)
_LEAST_SIDE = 32
# Penalties to try, for scores in 0..1: every half decade.
_GRID = {"c": tuple(10.0 ** (k / 2) for k in range(-10, -1)), "epsilon": (0.05,)}
_METRICS = {"SROCC": "srocc", "PLCC": "plcc"}


def _options(parser: argparse.ArgumentParser) -> None:
    add_data(parser, part=None)
    add_include(parser)
    add_model(parser, default=DEFAULT_SCORER)
    add_evaluated(parser, rows="its row is of the test images that it has")
    parser.add_argument(
        "--sides", type=_side, nargs="+", default=list(_SIDES), metavar="N",
        help="other resolutions than the one that lite reads, of N x N pixels, each alone and "
        f"beside that one (default: {' '.join(map(str, _SIDES))})",
    )  # fmt: skip
    parser.add_argument(
        "--images", type=_images, nargs="+", default=list(_IMAGES), metavar="N",
        help="smaller numbers of training images; resolutions and teacher have the first one "
        f"(default: {' '.join(map(str, _IMAGES))})",
    )  # fmt: skip
    add_number(parser, "--limit", "train on N images of the train part at random", low=4)
    add_number(parser, "--seed", "of the choice of training images", default=0, low=0)
    text = "write table, JSON and predictions there; what the network saw is kept there"
    add_output(parser, "--output", Output.FOLDER, "DIR", text, type=Path, required=True)


def _side(text):
    return whole_number(text, low=_LEAST_SIDE)


def _images(text):
    return whole_number(text, low=3)


def _run(options: argparse.Namespace) -> int:
    evaluated = [read_evaluated(path, dataset=options.dataset) for path in options.evaluated]
    info = read_info(options.model)
    if info.details.mode != "lite":
        raise ValueError(
            f"Expected the network of lite. Received: {info.path}, of mode {info.details.mode!r}. "
            "Name lite, or a file of python -m kiqa.train_lite."
        )
    chosen = _parts(options, [info.details, *described(evaluated)])
    for one in evaluated:
        shared_images([one], chosen[0])  # refuses other images and other MOS
    looks, parts = _looks(options, chosen)
    lost = sum(map(len, chosen)) - sum(map(len, parts))
    rows, predictions = _rows(options, looks, parts)
    rows += [_evaluated_row(one, predictions) for one in evaluated]
    content = {
        "dataset": options.dataset,
        "split": Path(options.split).name if options.split else "own split",
        "images": dict(zip(("test", "val", "train"), map(len, parts), strict=True)),
        "model": info.name, "weights_sha256": info.sha256, "seed": options.seed,
        "left_out": lost, "rows": rows,
    }  # fmt: skip
    text = to_markdown([_cells(row) for row in rows])
    stem = options.output / "lite-ablation"
    write_json(content, f"{stem}.json")
    write_csv([_numbers(row) for row in rows], f"{stem}.csv")
    write_csv(_lines(parts[0], predictions), f"{stem}-predictions.csv")
    write_atomically(f"{stem}.md", f"{text}\n".encode())
    sys.stdout.write(f"{text}\n")
    if lost:
        report(f"{lost} images were left out")
    return 1 if lost else 0


def _parts(options: argparse.Namespace, models: Sequence[Details]) -> list[list[ScoredImage]]:
    """Images of test, val and train; those of train at random, so that few are the first ones."""
    from kiqa.training.runs.parts import refuse_shared_contents

    train, validation, test = training_parts(
        options.dataset, options.data, split=options.split, exclude=options.exclude, report=report
    )
    parts = {"test": test, "val": validation, "train": train}
    refuse_shared_contents(
        {name: [{"content": record.content} for record in part] for name, part in parts.items()}
    )
    order = np.random.default_rng(options.seed).permutation(len(train))[: options.limit]
    if max(options.images) >= len(order):
        raise ValueError(
            f"Expected --images below the {len(order)} that are trained on. Received: "
            f"{max(options.images)}. Name smaller numbers."
        )
    return [unseen(test, models, options).images, validation, [train[i] for i in order]]


def _looks(
    options: argparse.Namespace, parts: Sequence[Sequence[ScoredImage]]
) -> "tuple[dict[int, Look], list[list[ScoredImage]]]":
    """What is seen at each resolution, and of each part the images that could be looked at."""
    from kiqa.reproduce.lite.looks import looks_of, network_of, working_side

    test, validation, train = parts
    few = [*test, *validation, *train[: options.images[0]]]
    records = {working_side(): [*test, *validation, *train]}
    records |= {side: few for side in sorted(options.sides) if side not in records}
    looks = looks_of(network_of(options.model), records, options.output, report=report)
    lost = {
        record.name
        for side, wanted in records.items()
        for record in wanted
        if record.name not in looks[side].values
    }
    return looks, [[record for record in part if record.name not in lost] for part in parts]


def _rows(
    options: argparse.Namespace,
    looks: "Mapping[int, Look]",
    parts: Sequence[Sequence[ScoredImage]],
) -> tuple[list[dict[str, Any]], dict[str, Predictions]]:
    """Fit and rate each design: rows, and by their names scores of the test images."""
    from kiqa.reproduce.lite.designs import designs
    from kiqa.reproduce.lite.looks import working_side

    rows, scores, predictions = [], {}, {}
    for design in designs(
        working=working_side(), sides=options.sides, images=options.images, count=len(parts[2])
    ):
        scores[design.name], about = _predicted(design, looks, parts, scores)
        predictions[design.name] = {
            record.name: Predicted(record.mos01, float(score), record.content)
            for record, score in zip(parts[0], scores[design.name], strict=False)
        }
        about = {"part": design.part, "design": design.name, "base": design.base, **about}
        rows.append(about | _accuracy(predictions[design.name], predictions[design.base]))
    return rows, predictions


def _predicted(
    design: "Design",
    looks: "Mapping[int, Look]",
    parts: Sequence[Sequence[ScoredImage]],
    known: Mapping[str, np.ndarray],
) -> tuple[np.ndarray, dict[str, Any]]:
    """Fit a design; scores of test, val and train in their order, and what was chosen."""
    from kiqa.comparators.learned.fit_linear import fit_linear

    test, validation, train = map(len, parts)
    begin = test + validation
    rated = slice(begin, begin + min(design.images or train, train))
    records = [record for part in parts for record in part]
    seen = [r for r in records if all(r.name in looks[side].values for side in design.sides)]
    mos, names = np.array([record.mos01 for record in seen]), [record.name for record in seen]
    fitted = rated
    if design.teacher is not None:
        fitted = slice(begin, None)
        mos[rated.stop :] = known[design.teacher][rated.stop :]
    inputs = np.concatenate(
        [looks[side].features(names, design, fitted) for side in design.sides], axis=1
    )
    held_out = slice(test, begin)
    of_val = inputs[held_out], mos[held_out]
    linear, chosen = fit_linear(inputs[fitted], mos[fitted], of_val, grid=_GRID)
    predicted = (inputs @ linear.kernel)[:, 0] + linear.bias
    about = {"features": inputs.shape[1], "images": len(mos[rated])}
    return predicted, about | {key: chosen[key] for key in ("c", "val_srocc")}


def _evaluated_row(one: Evaluated, predictions: dict[str, Predictions]) -> dict[str, Any]:
    """The row of a model by its stored evaluation; its scores are put beside the others."""
    from kiqa.reproduce.lite.designs import REFERENCE

    sign = 1 if one.about["higher_is_better"] else -1
    name = f"{one.model}, as evaluated"
    predictions[name] = {
        image: said._replace(score=sign * one.scores[image].score)
        for image, said in predictions[REFERENCE].items()
        if image in one.scores
    }
    row = {"part": "whole", "design": name, "base": REFERENCE}
    return row | _accuracy(predictions[name], predictions[REFERENCE])


def _accuracy(own: Predictions, base: Predictions) -> dict[str, Any]:
    """SROCC and PLCC with their intervals, and the difference from the base."""
    mos, predicted, groups = arrays_of(own)
    found: dict[str, Any] = {"metrics": {}}
    for name in _METRICS.values():
        low, high = bootstrap_interval(name, predicted, mos, seed=_SEED, groups=groups)
        value = METRICS[name](predicted, mos)
        found["metrics"][name] = {"value": value, "lo": low, "hi": high}
    if own is not base:
        found["less_base"] = compare([(own, base)])
    return found


def _cells(row):
    """A row as it is printed."""
    cells = {key: row.get(key) for key in ("part", "design", "features", "images")}
    cells |= metric_cells(row["metrics"], _METRICS)
    if "less_base" in row:
        difference, low, high = (row["less_base"]["srocc"][k] for k in ("difference", "lo", "hi"))
        cells["less"] = row["base"]
        cells["SROCC less"] = f"{difference:+.3f} ({low:+.3f} .. {high:+.3f})"
    return cells


def _numbers(row):
    """A row of the table for programs."""
    told = ("part", "design", "base", "features", "images", "c", "val_srocc")
    cells = {key: row.get(key) for key in told}
    for metric in _METRICS.values():
        found = row["metrics"][metric]
        cells |= {metric: found["value"], f"{metric}_lo": found["lo"], f"{metric}_hi": found["hi"]}
    less = row.get("less_base", {}).get("srocc", {})
    return cells | {f"srocc_less_base{end}": less.get(key)
                    for end, key in (("", "difference"), ("_lo", "lo"), ("_hi", "hi"))}  # fmt: skip


def _lines(test, predictions):
    """Scores of each test image, a column for each row of the table."""
    return [
        {"name": record.name, "mos": record.mos01}
        | {name: round(own[record.name].score, 5) if record.name in own else None
           for name, own in predictions.items()}
        for record in test
    ]  # fmt: skip


ABLATION = Command("What lite's accuracy comes from, one choice at a time", _options, _run)
