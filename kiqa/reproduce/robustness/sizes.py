"""``sizes``: the same images at half their size, or others.

Public name: `SIZES`.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kiqa.arguments import add_include, add_number
from kiqa.evaluation.correlation import srocc
from kiqa.evaluation.report import to_markdown
from kiqa.io.images import load_image
from kiqa.reproduce.command import Command, add_data, records_of, unseen
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.robustness.shared import about, add_common, files_of, finish, resized
from kiqa.scoring import Scorer
from kiqa.startup import load_quietly

_LARGEST_FACTOR = 8


def _sizes(options: argparse.Namespace) -> int:
    if options.data is None:
        raise ValueError("Expected --data: a folder of images, or with --dataset a data set's. "
                         "Received: none.")  # fmt: skip
    scorer = load_quietly(Scorer(options.model))
    files, met = _files(options, scorer)
    left_out = LeftOut()
    shown = tqdm(files, unit="image", disable=None)
    work = partial(_sizes_row, scorer=scorer, factors=options.factors)
    rows = [row for _, row in left_out.over(shown, work, file=itemgetter(1))]
    full = np.array([row["1"] for row in rows])
    table = []
    for factor in options.factors:
        other = np.array([row[f"{factor:g}"] for row in rows])
        table.append(
            {"factor": f"{factor:g}", "images": len(rows),
             "mean difference": float(np.abs(other - full).mean()),
             "mean change": float((other - full).mean()), "SROCC": srocc(other, full)}
        )  # fmt: skip
    text = f"{scorer.info.name}, scores against those at full size\n\n"
    text += to_markdown(table, digits=4)
    finish(options, "sizes", rows, {**about(scorer, options), **met, "sizes": table}, text)
    return left_out.status()


def _files(options, scorer) -> tuple[Sequence[tuple[str, Path]], dict]:
    """Names and paths: of a data set's part, or of a plain folder; and what was left out."""
    if options.dataset is None:
        paths, _, met = files_of(options, scorer)
        found = [(path.name, path) for path in paths]
    else:
        records, _, met = unseen(records_of(options), [scorer.info.details], options)
        found = [(record.name, record.path) for record in records]
    return found[: options.limit], met


def _sizes_row(named, *, scorer, factors):
    """Scores of an image at its own size and others."""
    name, path = named
    pixels = load_image(path).pixels
    row = {"image_name": name, "width": pixels.shape[1], "height": pixels.shape[0]}
    for factor in (1.0, *factors):
        changed = pixels if factor == 1 else resized(pixels, factor)
        row[f"{factor:g}"] = scorer.score(changed)
    return row


def _factor(text):
    factor = float(text)
    if not 0 < factor <= _LARGEST_FACTOR:
        raise argparse.ArgumentTypeError(
            f"expected a factor above 0, at most {_LARGEST_FACTOR}, got {text!r}"
        )
    return factor


def _sizes_options(parser):
    add_data(parser, required=False)
    add_include(parser)
    parser.add_argument(
        "--factors", type=_factor, nargs="+", default=[0.5], help="of the sides (default: 0.5)"
    )
    add_number(parser, "--limit", "only the first N images", low=1)
    add_common(parser)


SIZES = Command("Scores of the same images at other sizes", _sizes_options, _sizes)
