"""The detectors of `kiqa.reasons`: their limits, and what they find.

- ``defect-limits`` learns a limit for each measure on the train part of a
  folder of pristine images and their distorted copies, and writes
  ``thresholds.json``.
- ``defects`` says, on the test part, which detectors find which distortions.

Each distortion has five rising levels. A limit lies in the middle between the
value beyond which `FALSE` of the pristine images are and the value that `MISSED`
of the copies at level 3 do not reach, of the measure's own distortions the one
that is found hardest. So it marks what is nearly as bad as level 3.

Everything drawn follows from a hash of the seed and the image's name.

Public names: `LIMITS`, `DEFECTS`, `VERSIONS`, `OWN`, `best_limit`.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from tqdm import tqdm

from kiqa import __version__
from kiqa.data.distortions import available_distortions, distort
from kiqa.data.distortions.viewing import enlarged, low_contrast
from kiqa.defects.reasons import MEASURES, limits, measured
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.io.files import write_atomically
from kiqa.io.images import load_image
from kiqa.io.weights.trained_on import names_sha256
from kiqa.reproduce.command import Command, add_output, add_pristine, paths_of, split_of
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.robustness.degradations import STEPS
from kiqa.reproduce.seeded import generator

FROM_LEVEL = 3
FALSE, MISSED = 0.04, 0.07
# Distortion -> five rising levels.
VERSIONS = {
    **STEPS,
    "motion_blur": (5, 9, 15, 23, 31),
    "colour_noise": (8, 12, 24, 36, 48),
    "low_contrast": (1.5, 2, 3, 4, 6),
    "enlarged": (1.5, 2, 3, 4, 6),
}
_FACTORS: dict[str, Callable] = {"low_contrast": low_contrast, "enlarged": enlarged}
# Measure -> the distortions that it is there for.
OWN = {
    "sharpness": ("gaussian_blur", "motion_blur"),
    "noise": ("gaussian_noise", "colour_noise"),
    "overexposure": ("overexposure",),
    "underexposure": ("underexposure",),
    "contrast": ("low_contrast",),
    "compression": ("jpeg",),
    "resolution": ("enlarged",),
}
_PRISTINE = "pristine"


def best_limit(
    good: Sequence[float | None], bad: Sequence[Sequence[float | None]], *, above: bool
) -> float:
    """Return the limit between good values and bad ones.

    Args:
        good: Values of pristine images; ``None`` is on the good side.
        bad: Values of distorted images, of each distortion.
        above: Whether the bad values are the higher ones.

    Returns:
        The limit, of three significant digits.

    Raises:
        ValueError: If an end is not known, since too many values are ``None``.
    """
    sign = 1 if above else -1
    goods, *bads = (
        [-math.inf if value is None else sign * value for value in values]
        for values in (good, *bad)
    )
    # Of values that are there: nothing between two of them, of which one may be none.
    ends = (
        float(np.quantile(goods, 1 - FALSE, method="higher")),
        min(float(np.quantile(values, MISSED, method="lower")) for values in bads),
    )
    if not all(map(math.isfinite, ends)):
        raise ValueError("Expected values of most images. Received: too many without one.")
    return float(f"{sign * sum(ends) / 2:.3g}")


def _copies(name, pixels, seed, levels) -> Iterator[tuple[str, int, np.ndarray]]:
    """The image and its distorted copies, each with its distortion and level."""
    yield _PRISTINE, 0, pixels
    kinds = [*available_distortions(), *_FACTORS]
    for kind in (kind for kind in VERSIONS if kind in kinds):
        change = _FACTORS.get(kind, partial(_distorted, kind))
        for number in levels:
            level = VERSIONS[kind][number - 1]
            yield kind, number, change(pixels, level, generator(seed, f"{name}|{kind}|{level}"))


def _distorted(kind, pixels, level, rng):
    return distort(pixels, kind, level, rng=rng)


def _values(options, levels, left_out) -> list[dict]:
    """A row for each image, distortion and level."""
    shown = tqdm(paths_of(options), unit="image", disable=None)
    work = partial(_values_of, seed=options.seed, levels=levels)
    return [row for _, own in left_out.over(shown, work) for row in own]


def _values_of(path, *, seed, levels) -> list[dict]:
    return [
        {"image_name": path.name, "distortion": kind, "level": level} | measured(copy)[0]
        for kind, level, copy in _copies(path.name, load_image(path).pixels, seed, levels)
    ]


def _learn(options: argparse.Namespace) -> int:
    left_out = LeftOut()
    rows = _values(options, [FROM_LEVEL], left_out)
    found = {}
    for measure in MEASURES:
        values = {
            kind: [row[measure.name] for row in rows if row["distortion"] == kind]
            for kind in (_PRISTINE, *OWN[measure.name])
        }
        pristine = values.pop(_PRISTINE)
        found[measure.name] = best_limit(pristine, [*values.values()], above=measure.above)
    names = list(dict.fromkeys(row["image_name"] for row in rows))
    content = {
        "limits": found,
        "origin": {
            "command": "python -m kiqa.reproduce defect-limits",
            "images": len(names),
            "names_sha256": names_sha256(names),
            "part": split_of(options),
            "seed": options.seed,
            "kiqa": __version__,
            "distortions": {name: list(kinds) for name, kinds in OWN.items()},
            "level": {k: VERSIONS[k][FROM_LEVEL - 1] for kinds in OWN.values() for k in kinds},
            "rule": f"in the middle between the value beyond which {FALSE:.0%} of the pristine "
            f"images are and the one that {MISSED:.0%} of the copies do not reach",
        },
    }
    if options.output:
        write_csv(rows, options.output / "defect-limits-values.csv")
        write_json(content, options.output / "thresholds.json")
    table = [
        {"measure": m.name, "limit": f"{'above' if m.above else 'below'} {found[m.name]:g}"}
        | _rates(rows, m, found[m.name])
        for m in MEASURES
    ]
    sys.stdout.write(f"{len(names)} images, {split_of(options)}\n\n{to_markdown(table)}\n")
    return left_out.status()


def _rates(rows, measure, limit) -> dict[str, float]:
    """Sensitivity for the measure's own distortions, and false alarms."""
    beyond = {True: [], False: []}
    for row in rows:
        own = row["distortion"] in OWN[measure.name] and row["level"] >= FROM_LEVEL
        if own or row["distortion"] == _PRISTINE:
            beyond[own].append(measure.is_defect(row[measure.name], limit))
    return {
        "sensitivity": float(np.mean(beyond[True])),
        "false alarms": float(np.mean(beyond[False])),
    }


def _table(options: argparse.Namespace) -> int:
    left_out = LeftOut()
    rows, bounds = _values(options, range(1, 6), left_out), limits()
    kinds = list(dict.fromkeys(row["distortion"] for row in rows))
    shares = []
    for kind in kinds:
        for level in sorted({row["level"] for row in rows if row["distortion"] == kind}):
            own = [row for row in rows if (row["distortion"], row["level"]) == (kind, level)]
            shares.append(
                {"distortion": kind, "level": level}
                | {m.defect: _share(own, m, bounds) for m in MEASURES}
            )
    summary = []
    for kind in kinds:
        own = [row for row in rows if row["distortion"] == kind]
        if kind != _PRISTINE:
            own = [row for row in own if row["level"] >= FROM_LEVEL]
        summary.append({"distortion": kind} | {m.defect: _share(own, m, bounds) for m in MEASURES})
    own_rates = [
        {"measure": m.name, "defect": m.defect, "limit": bounds[m.name]}
        | _rates(rows, m, bounds[m.name])
        for m in MEASURES
    ]
    text = "\n\n".join(
        [
            f"{len({row['image_name'] for row in rows})} images, {split_of(options)}, seed "
            f"{options.seed}. Own distortions at level {FROM_LEVEL} and above, pristine images:",
            to_markdown(own_rates),
            f"Part of the images in which each detector finds its defect, level {FROM_LEVEL} and "
            "above:",
            to_markdown(summary, digits=2),
            "Level by level:",
            to_markdown(shares, digits=2),
        ]
    )
    if options.output:
        write_csv(rows, options.output / "defects-values.csv")
        write_json(
            {"part": split_of(options), "seed": options.seed, "limits": bounds,
             "levels": {k: list(v) for k, v in VERSIONS.items()}, "own": own_rates,
             "detectors": summary, "by_level": shares},
            options.output / "defects.json",
        )  # fmt: skip
        write_atomically(
            options.output / "defects.md", f"# What the detectors find\n\n{text}\n".encode()
        )
    sys.stdout.write(f"{text}\n")
    return left_out.status()


def _share(rows, measure, bounds):
    return float(
        np.mean([measure.is_defect(row[measure.name], bounds[measure.name]) for row in rows])
    )


def _options(parser: argparse.ArgumentParser, *, part: str) -> None:
    add_pristine(parser)
    parser.set_defaults(set=part)
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    add_output(parser, figures=False)


LIMITS = Command(
    "The limits of kiqa.reasons, learnt on distorted copies of pristine images",
    partial(_options, part="train"),
    _learn,
)
DEFECTS = Command(
    "Which distortions the detectors of kiqa.reasons find", partial(_options, part="test"), _table
)
