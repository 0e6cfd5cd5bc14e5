"""What the experiments of this folder share: scorer, images, draws, output.

Public names: `files_of`, `about`, `finish`, `resized`, `add_common`,
`DRAWS` and `CONFIDENCE`.
"""

import argparse
import sys
from collections.abc import Sequence

import cv2
import numpy as np

from kiqa.arguments import add_number
from kiqa.data.untrained import Kept, untrained_files
from kiqa.evaluation.report import write_csv, write_json
from kiqa.reproduce.command import add_model, add_output, paths_of, report, split_of
from kiqa.scoring import Scorer

DRAWS, CONFIDENCE = 1000, 0.95  # of the bootstrap


def resized(pixels: np.ndarray, factor: float) -> np.ndarray:
    """Return an image at ``factor`` times its sides, by areas."""
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


def files_of(options: argparse.Namespace, scorer: Scorer) -> Kept:
    """Return the files of a plain folder that a model was not trained on, and what was left out."""
    return untrained_files(
        paths_of(options), [scorer.info.details], include=options.include_trained, report=report
    )


def about(scorer: Scorer, options: argparse.Namespace) -> dict:
    """Return what every result says of its origin."""
    info = scorer.info
    return {"model": info.name, "weights_sha256": info.sha256, "scale": info.scale,
            "part": split_of(options), "seed": options.seed}  # fmt: skip


def finish(
    options: argparse.Namespace, name: str, rows: Sequence[dict], content: dict, text: str
) -> None:
    """Write ``name.csv`` and ``name.json`` where a folder is asked for, and print the text."""
    if options.output:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        write_csv([{key: row.get(key) for key in columns} for row in rows],
                  options.output / f"{name}.csv")  # fmt: skip
        write_json(content, options.output / f"{name}.json")
    sys.stdout.write(f"{text}\n")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the model, the seed and the folder of the output."""
    add_model(parser, default="lite")
    add_number(parser, "--seed", "of what is drawn", default=0, low=0)
    add_output(parser, figures=False)
