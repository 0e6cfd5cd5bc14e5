"""``interval-coverage``: how often the MOS lies in the interval that a model's file states.

Public name: `COVERAGE`.
"""

import argparse
import sys

import numpy as np

from kiqa.arguments import add_path
from kiqa.evaluation.report import write_json
from kiqa.evaluation.resampling import mean_interval
from kiqa.io.weights import read_info
from kiqa.reproduce.command import Command
from kiqa.reproduce.predictions import arrays_of, read_predictions
from kiqa.reproduce.robustness.shared import CONFIDENCE, DRAWS, add_common


def _coverage(options: argparse.Namespace) -> int:
    info = read_info(options.model)
    stated = info.details.interval if info.details is not None else None
    if stated is None:
        raise ValueError(
            f"Expected a model whose file states an interval, such as lite. Received: {info.name}. "
            "Use that model."
        )
    mos, predicted, groups = arrays_of(read_predictions(options.predictions))
    places = np.searchsorted(stated["edges"], predicted, side="right")
    half = np.asarray(stated["half_widths"])[places]
    inside = np.abs(predicted - mos) <= half
    lo, hi = mean_interval(
        inside.astype(float), n=DRAWS, seed=options.seed, level=CONFIDENCE, groups=groups
    )
    found = {
        "model": info.name, "weights_sha256": info.sha256, "images": len(mos),
        "level": stated["level"], "coverage": float(inside.mean()), "interval": [lo, hi],
        "mean_width": float(2 * half.mean()),
        "by_range": [float(inside[places == i].mean()) for i in np.unique(places)],
    }  # fmt: skip
    text = (
        f"{info.name}: of {len(mos)} images {100 * found['coverage']:.1f} % ({100 * lo:.1f} to "
        f"{100 * hi:.1f}) lie in the {100 * stated['level']:g} % interval, mean width "
        f"{found['mean_width']:.3f}"
    )
    if options.output:
        write_json(found, options.output / "coverage.json")
    sys.stdout.write(f"{text}\n")
    return 0


def _coverage_options(parser):
    add_path(parser, "--predictions", "FILE", "predictions.csv of `kiqa evaluate`", required=True)
    add_common(parser)


COVERAGE = Command(
    "How often the MOS lies in the interval that a model states", _coverage_options, _coverage
)
