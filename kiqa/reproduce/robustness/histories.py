"""``history-robustness``: rated images again, each with another history.

The history of each image is drawn from `VERSIONS` by a hash of the seed and the
image's name. The correlation with the MOS should stay, and the score too.

Public names: `HISTORY`, `VERSIONS` and `version_of`.
"""

import argparse
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kiqa.arguments import add_flag, add_include
from kiqa.data.distortions.basic import jpeg
from kiqa.evaluation.correlation import plcc, srocc
from kiqa.evaluation.report import to_markdown
from kiqa.evaluation.resampling import draws_of, groups_of, percentile_interval, srocc_rows
from kiqa.io.images import load_image
from kiqa.reproduce.command import (
    Command,
    add_data,
    records_of,
    split_of,
    unseen,
)
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.predictions import read_predictions
from kiqa.reproduce.robustness.shared import (
    CONFIDENCE,
    DRAWS,
    about,
    add_common,
    finish,
    resized,
)
from kiqa.reproduce.seeded import generator
from kiqa.scoring import Scorer
from kiqa.startup import load_quietly

_FACTOR = 0.93
_QUALITIES = (75, 85, 95)


def _shifted(pixels, rng):
    top, left = rng.integers(1, 8, 2)
    return np.ascontiguousarray(pixels[top:, left:])


# Name of a history -> function of pixels and a generator.
VERSIONS: dict[str, Callable] = {
    "plain": lambda pixels, rng: pixels,
    "shifted": _shifted,
    "resized": lambda pixels, rng: resized(pixels, _FACTOR),
    **{f"jpeg{q}": lambda pixels, rng, q=q: jpeg(pixels, q) for q in _QUALITIES},
}


def version_of(pixels: np.ndarray, name: str, *, seed: int) -> tuple[str, np.ndarray]:
    """Draw a history for an image.

    Args:
        pixels: RGB ``uint8`` (H, W, 3).
        name: Of the image; part of the seed.
        seed: Of the experiment.

    Returns:
        The name of the history, a key of `VERSIONS`, and the pixels.
    """
    drawn, rng = _drawn(name, seed)
    return drawn, VERSIONS[drawn](pixels, rng)


def _drawn(name, seed):
    """The name of an image's history, and the generator of its change."""
    rng = generator(seed, name)
    return list(VERSIONS)[int(rng.integers(len(VERSIONS)))], rng


def _history(options: argparse.Namespace) -> int:
    scorer = load_quietly(Scorer(options.model))
    records, _, met = unseen(records_of(options), [scorer.info.details], options)
    known = {} if options.plain is None else read_predictions(options.plain)
    left_out = LeftOut()
    shown = tqdm(records, unit="image", disable=None)
    work = partial(_history_row, scorer=scorer, known=known, options=options)
    rows = [row for _, row in left_out.over(shown, work, file=attrgetter("path"))]
    mos = np.array([row["mos"] for row in rows])
    plain = np.array([row["plain"] for row in rows])
    mixed = np.array([row[row["drawn"]] for row in rows])
    sign = 1 if scorer.info.higher_is_better else -1
    scenes = {record.name: record.content for record in records}
    of_mixed, of_plain = draws_of(
        srocc_rows, [sign * mixed, sign * plain], mos,
        groups_of([scenes[row["image_name"]] for row in rows]), n=DRAWS, seed=options.seed,
    )  # fmt: skip
    lo, hi = percentile_interval(of_mixed - of_plain, level=CONFIDENCE)
    other = np.array([row["drawn"] != "plain" for row in rows])
    found = {
        "plain_srocc": srocc(sign * plain, mos),
        "plain_plcc": plcc(sign * plain, mos, logistic=None),
        "mixed_srocc": srocc(sign * mixed, mos),
        "mixed_plcc": plcc(sign * mixed, mos, logistic=None),
        "srocc_change": srocc(sign * mixed, mos) - srocc(sign * plain, mos),
        "srocc_change_interval": [lo, hi],
        "mean_difference": float(np.abs(mixed - plain)[other].mean()) if other.any() else 0.0,
    }
    table = []
    for name in VERSIONS:
        own = [row for row in rows if name in row and (options.every or row["drawn"] == name)]
        if not own or name == "plain":
            continue
        change = np.array([row[name] - row["plain"] for row in own])
        table.append(
            {"version": name, "images": len(own), "mean change": float(change.mean()),
             "mean difference": float(np.abs(change).mean())}
        )  # fmt: skip
    text = (
        f"{scorer.info.name} on {split_of(options)}, {len(rows)} images, seed {options.seed}\n\n"
        f"SROCC plain {found['plain_srocc']:.4f}, mixed {found['mixed_srocc']:.4f}, change "
        f"{found['srocc_change']:+.4f} ({lo:+.4f} to {hi:+.4f}); mean difference of the score "
        f"{found['mean_difference']:.4f}\n\n{to_markdown(table, digits=4)}"
    )
    finish(
        options,
        "history",
        rows,
        {**about(scorer, options), **met, **found, "versions": table},
        text,
    )
    return left_out.status()


def _history_row(record, *, scorer, known, options):
    """Scores of an image as it is, and with other histories."""
    pixels = load_image(record.path).pixels
    if options.every:
        drawn, rng = _drawn(record.name, options.seed)
        versions = {name: change(pixels, rng) for name, change in VERSIONS.items()}
    else:
        drawn, changed = version_of(pixels, record.name, seed=options.seed)
        versions = {"plain": pixels, drawn: changed}
    row = {"image_name": record.name, "mos": record.mos01, "drawn": drawn}
    if record.name in known:
        row["plain"] = known[record.name].score
        del versions["plain"]
    return row | {name: scorer.score(each) for name, each in versions.items()}


def _history_options(parser):
    add_data(parser)
    add_include(parser)
    add_flag(parser, "--every", "score all versions, not one of each image")
    parser.add_argument(
        "--plain", type=Path, metavar="FILE",
        help="predictions.csv of `kiqa evaluate` by the same model: the plain images are not "
        "scored again",
    )  # fmt: skip
    add_common(parser)


HISTORY = Command("Scores of images whose files have other histories", _history_options, _history)
