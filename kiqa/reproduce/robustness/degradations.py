"""``degradations``: pristine images distorted at five rising levels.

The score should fall from each level to the next. The levels are ours.

Public names: `DEGRADATIONS` and `STEPS`.
"""

import argparse
from collections.abc import Iterator
from functools import partial

import numpy as np
from tqdm import tqdm

from kiqa.arguments import add_include
from kiqa.data.distortions import available_distortions, distort
from kiqa.evaluation.report import to_markdown
from kiqa.evaluation.resampling import mean_interval
from kiqa.io.images import load_image
from kiqa.reproduce.command import Command, add_pristine
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.robustness.shared import (
    CONFIDENCE,
    DRAWS,
    about,
    add_common,
    files_of,
    finish,
)
from kiqa.reproduce.seeded import generator
from kiqa.scoring import Scorer
from kiqa.startup import load_quietly

# Distortion -> five rising levels, in the unit of `kiqa.data.distortions`.
STEPS = {
    "gaussian_blur": (1, 2, 3, 5, 8),
    "gaussian_noise": (5, 10, 20, 40, 80),
    "jpeg": (50, 30, 15, 8, 4),
    "jpeg2000": (20, 40, 80, 160, 320),
    "overexposure": (0.5, 1, 1.5, 2.5, 3.5),
    "underexposure": (1, 2, 3, 4, 5),
}


def _degradations(options: argparse.Namespace) -> int:
    scorer = load_quietly(Scorer(options.model))
    files, _, met = files_of(options, scorer)
    sign = 1 if scorer.info.higher_is_better else -1
    kinds = [kind for kind in STEPS if kind in available_distortions()]
    left_out = LeftOut()
    shown = tqdm(files, unit="image", disable=None)
    work = partial(_degradation_rows, scorer=scorer, kinds=kinds, seed=options.seed)
    found_rows = [own for _, own in left_out.over(shown, work)]
    rows = [row for own in found_rows for row in own]
    names = ["pristine", *(f"level{n}" for n in range(1, 6))]
    values = sign * np.array([[row[name] for name in names] for row in rows])
    falls = np.diff(values, axis=1) < 0
    table = []
    for kind in kinds:
        own = [row["distortion"] == kind for row in rows]
        table.append(
            {"distortion": kind, "falls": float(falls[own][:, 1:].mean()),
             "falls, pristine too": float(falls[own].mean()),
             **{name: float(sign * values[own][:, i].mean()) for i, name in enumerate(names)}}
        )  # fmt: skip
    by_image = falls[:, 1:].reshape(len(found_rows), -1).mean(axis=1)
    lo, hi = mean_interval(by_image, n=DRAWS, seed=options.seed, level=CONFIDENCE)
    nothing = {name: _accepted(scorer, image) for name, image in _nothing(options.seed)}
    falling, with_pristine = float(by_image.mean()), float(falls.mean())
    found = {"falls": falling, "interval": [lo, hi],
             "falls_with_pristine": with_pristine, "nothing": nothing}  # fmt: skip
    text = (
        f"{scorer.info.name}, {len(found_rows)} images: of all neighbouring levels the score "
        f"falls in {100 * falling:.1f} % ({100 * lo:.1f} to {100 * hi:.1f}); pristine "
        f"counted as a level {100 * with_pristine:.1f} %\n\n"
        f"{to_markdown(table)}\n\n"
        + ", ".join(
            f"{name} {'refused' if value is None else format(value, '.3f')}"
            for name, value in nothing.items()
        )
    )
    content = {**about(scorer, options), **met, **found, "levels": STEPS, "distortions": table}
    finish(options, "degradations", rows, content, text)
    return left_out.status()


def _degradation_rows(path, *, scorer, kinds, seed):
    """A row for each distortion, with the scores of its levels."""
    pixels = load_image(path).pixels
    pristine, rows = scorer.score(pixels), []
    for kind in kinds:
        row = {"image_name": path.name, "distortion": kind, "pristine": pristine}
        for number, level in enumerate(STEPS[kind], start=1):
            rng = generator(seed, path.name, kind, str(level))
            row[f"level{number}"] = scorer.score(distort(pixels, kind, level, rng=rng))
        rows.append(row)
    return rows


def _accepted(scorer, image):
    """The score, or None of a model that refuses such an image."""
    try:
        return scorer.score(image)
    except ValueError:
        return None


def _nothing(seed) -> Iterator[tuple[str, np.ndarray]]:
    """Images that show nothing."""
    rng = np.random.default_rng(seed)
    shape = (512, 512, 3)
    for name, value in (("black", 0), ("gray", 128), ("white", 255)):
        yield name, np.full(shape, value, np.uint8)
    yield "red", np.broadcast_to(np.array([200, 30, 30], np.uint8), shape).copy()
    yield "uniform noise", rng.integers(0, 256, shape, np.uint8)
    yield "gray noise", np.repeat(rng.integers(0, 256, (512, 512, 1), np.uint8), 3, axis=2)
    normal = np.clip(128 + rng.normal(0, 50, shape), 0, 255)
    yield "normal noise", normal.astype(np.uint8)


def _degradations_options(parser):
    add_pristine(parser)
    add_include(parser)
    add_common(parser)


DEGRADATIONS = Command(
    "Scores of images at rising levels of distortion", _degradations_options, _degradations
)
