"""Does a model rate the image, and not its file? Three questions, for any scorer.

- ``history-robustness``: rated images again, each with another history drawn
  from `VERSIONS` at random: the correlation with the MOS should stay, and the
  score too.
- ``sizes``: the same images at half their size, or others.
- ``degradations``: pristine images distorted at five rising levels: the
  score should fall from each level to the next. Levels are ours.

``interval-coverage`` reads predictions: how often the MOS lies in the interval
that the model's file states.

Everything drawn follows from a hash of the seed and the image's name.

Public names: `HISTORY`, `SIZES`, `DEGRADATIONS`, `COVERAGE`, `VERSIONS`,
`STEPS`, `version_of`, `generator`, `files_of`.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import attrgetter, itemgetter
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from kiqa.arguments import add_number, add_path
from kiqa.data.distortions import available_distortions, distort
from kiqa.data.distortions.basic import jpeg
from kiqa.data.folders import images_in
from kiqa.data.untrained import Kept, untrained_files
from kiqa.evaluation.correlation import plcc, srocc
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.evaluation.resampling import mean_interval, percentile_interval, srocc_rows
from kiqa.io.images import load_image
from kiqa.io.weights import read_info
from kiqa.reproduce.command import (
    Command,
    add_data,
    add_include,
    add_model,
    add_output,
    records_of,
    report,
    split_of,
    unseen,
)
from kiqa.reproduce.compare import read_predictions
from kiqa.reproduce.left_out import LeftOut
from kiqa.scoring import Scorer
from kiqa.startup import load_quietly

_DRAWS, _LEVEL = 1000, 0.95  # of the bootstrap
_FACTOR = 0.93
_LARGEST_FACTOR = 8
_QUALITIES = (75, 85, 95)


def _shifted(pixels, rng):
    top, left = rng.integers(1, 8, 2)
    return np.ascontiguousarray(pixels[top:, left:])


def _resized(pixels, factor):
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


# Name of a history -> function of pixels and a generator.
VERSIONS: dict[str, Callable] = {
    "plain": lambda pixels, rng: pixels,
    "shifted": _shifted,
    "resized": lambda pixels, rng: _resized(pixels, _FACTOR),
    **{f"jpeg{q}": lambda pixels, rng, q=q: jpeg(pixels, q) for q in _QUALITIES},
}

# Distortion -> five rising levels, in the unit of `kiqa.data.distortions`.
STEPS = {
    "gaussian_blur": (1, 2, 3, 5, 8),
    "gaussian_noise": (5, 10, 20, 40, 80),
    "jpeg": (50, 30, 15, 8, 4),
    "jpeg2000": (20, 40, 80, 160, 320),
    "overexposure": (0.5, 1, 1.5, 2.5, 3.5),
    "underexposure": (1, 2, 3, 4, 5),
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
    rng = generator(seed, name)
    drawn = list(VERSIONS)[int(rng.integers(len(VERSIONS)))]
    return drawn, VERSIONS[drawn](pixels, rng)


def _history(options: argparse.Namespace) -> int:
    scorer = _scorer(options)
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
    draws = _differences(sign * plain, sign * mixed, mos, seed=options.seed)
    lo, hi = percentile_interval(draws, level=_LEVEL)
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
    _finish(
        options,
        "history",
        rows,
        {**_about(scorer, options), **met, **found, "versions": table},
        text,
    )
    return left_out.status()


def _history_row(record, *, scorer, known, options):
    """Scores of an image as it is, and with other histories."""
    pixels = load_image(record.path).pixels
    if options.every:
        rng = generator(options.seed, record.name)
        versions = {name: change(pixels, rng) for name, change in VERSIONS.items()}
        drawn = list(versions)[int(generator(options.seed, record.name).integers(6))]
    else:
        drawn, changed = version_of(pixels, record.name, seed=options.seed)
        versions = {"plain": pixels, drawn: changed}
    row = {"image_name": record.name, "mos": record.mos01, "drawn": drawn}
    if record.name in known:
        row["plain"] = known[record.name][1]
        del versions["plain"]
    return row | {name: scorer.score(each) for name, each in versions.items()}


def _differences(plain, mixed, mos, *, seed):
    """Resampled differences of the two SROCC, images drawn for both together."""
    rng = np.random.default_rng(seed)
    index = rng.integers(len(mos), size=(_DRAWS, len(mos)))
    return srocc_rows(mixed[index], mos[index]) - srocc_rows(plain[index], mos[index])


def _sizes(options: argparse.Namespace) -> int:
    scorer = _scorer(options)
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
    _finish(options, "sizes", rows, {**_about(scorer, options), **met, "sizes": table}, text)
    return left_out.status()


def _sizes_row(named, *, scorer, factors):
    """Scores of an image at its own size and others."""
    name, path = named
    pixels = load_image(path).pixels
    row = {"image_name": name, "width": pixels.shape[1], "height": pixels.shape[0]}
    for factor in (1.0, *factors):
        changed = pixels if factor == 1 else _resized(pixels, factor)
        row[f"{factor:g}"] = scorer.score(changed)
    return row


def _degradations(options: argparse.Namespace) -> int:
    scorer = _scorer(options)
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
    lo, hi = mean_interval(by_image, n=_DRAWS, seed=options.seed, level=_LEVEL)
    nothing = {name: scorer.score(image) for name, image in _nothing(options.seed)}
    falling, with_pristine = float(by_image.mean()), float(falls.mean())
    found = {"falls": falling, "interval": [lo, hi],
             "falls_with_pristine": with_pristine, "nothing": nothing}  # fmt: skip
    text = (
        f"{scorer.info.name}, {len(found_rows)} images: of all neighbouring levels the score "
        f"falls in {100 * falling:.1f} % ({100 * lo:.1f} to {100 * hi:.1f}); pristine "
        f"counted as a level {100 * with_pristine:.1f} %\n\n"
        f"{to_markdown(table)}\n\n"
        + ", ".join(f"{name} {value:.3f}" for name, value in nothing.items())
    )
    content = {**_about(scorer, options), **met, **found, "levels": STEPS, "distortions": table}
    _finish(options, "degradations", rows, content, text)
    return left_out.status()


def _degradation_rows(path, *, scorer, kinds, seed):
    """A row for each distortion, with the scores of its levels."""
    pixels = load_image(path).pixels
    pristine, rows = scorer.score(pixels), []
    for kind in kinds:
        row = {"image_name": path.name, "distortion": kind, "pristine": pristine}
        for number, level in enumerate(STEPS[kind], start=1):
            rng = generator(seed, f"{path.name}|{kind}|{level}")
            row[f"level{number}"] = scorer.score(distort(pixels, kind, level, rng=rng))
        rows.append(row)
    return rows


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


def _coverage(options: argparse.Namespace) -> int:
    info = read_info(options.model)
    stated = info.details.interval if info.details is not None else None
    if stated is None:
        raise ValueError(
            f"Expected a model whose file states an interval, such as lite. Received: {info.name}. "
            "Use that model."
        )
    pairs = read_predictions(options.predictions)
    mos, predicted = np.array(list(pairs.values())).T
    places = np.searchsorted(stated["edges"], predicted, side="right")
    half = np.asarray(stated["half_widths"])[places]
    inside = np.abs(predicted - mos) <= half
    lo, hi = mean_interval(inside.astype(float), n=_DRAWS, seed=options.seed, level=_LEVEL)
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


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the source of randomness that follows from a seed and a name."""
    digest = hashlib.sha256(f"{seed}|{name}".encode("utf-8", "surrogateescape")).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _scorer(options):
    scorer = Scorer(options.model)
    load_quietly(scorer)
    return scorer


def _files(options, scorer) -> tuple[Sequence[tuple[str, Path]], dict]:
    """Names and paths: of a data set's part, or of a plain folder; and what was left out."""
    if options.dataset is None:
        paths, _, met = files_of(options, scorer)
        found = [(path.name, path) for path in paths]
    else:
        records, _, met = unseen(records_of(options), [scorer.info.details], options)
        found = [(record.name, record.path) for record in records]
    return found[: options.limit], met


def files_of(options: argparse.Namespace, scorer: Scorer) -> Kept:
    """Return the files of a plain folder that a model was not trained on, and what was left out."""
    files = images_in(options.data, split=options.split, chosen=options.set)
    return untrained_files(
        files, [scorer.info.details], include=options.include_trained, report=report
    )


def _about(scorer, options):
    info = scorer.info
    return {"model": info.name, "weights_sha256": info.sha256, "scale": info.scale,
            "part": split_of(options), "seed": options.seed}  # fmt: skip


def _finish(options, name, rows, content, text):
    """Write rows and JSON, and print."""
    if options.output:
        columns = list(dict.fromkeys(key for row in rows for key in row))
        write_csv([{key: row.get(key) for key in columns} for row in rows],
                  options.output / f"{name}.csv")  # fmt: skip
        write_json(content, options.output / f"{name}.json")
    sys.stdout.write(f"{text}\n")


def _common(parser, *, model="lite"):
    add_model(parser, default=model)
    add_number(parser, "--seed", "of what is drawn", default=0, low=0)
    add_output(parser, figures=False)


def _history_options(parser):
    add_data(parser)
    add_include(parser)
    parser.add_argument(
        "--every", action="store_true", help="score all versions, not one of each image"
    )
    parser.add_argument(
        "--plain", type=Path, metavar="FILE",
        help="predictions.csv of `kiqa evaluate` by the same model: the plain images are not "
        "scored again",
    )  # fmt: skip
    _common(parser)


def _folder_options(parser):
    parser.add_argument("--data", required=True, metavar="DIR", help="folder of the images")
    parser.add_argument("--split", metavar="FILE|NAME", help="split file (default: the folder's)")
    parser.add_argument("--set", default="test", help="part of it (default: %(default)s)")
    add_include(parser)


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
    _common(parser)


def _degradations_options(parser):
    _folder_options(parser)
    _common(parser)


def _coverage_options(parser):
    add_path(parser, "--predictions", "FILE", "predictions.csv of `kiqa evaluate`", required=True)
    _common(parser)


HISTORY = Command("Scores of images whose files have other histories", _history_options, _history)
SIZES = Command("Scores of the same images at other sizes", _sizes_options, _sizes)
DEGRADATIONS = Command(
    "Scores of images at rising levels of distortion", _degradations_options, _degradations
)
COVERAGE = Command(
    "How often the MOS lies in the interval that a model states", _coverage_options, _coverage
)
