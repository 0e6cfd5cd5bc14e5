"""Is the best frame of a burst found? Bursts made of pristine images.

A burst is one scene in six frames, each shifted by some pixels as by an
unsteady hand: one unharmed, two blurred (by defocus and by motion) and three
re-exposed (longer, shorter, and one of the two at random). The frames are
written as JPEG files with the times of a burst, and found, grouped and chosen
as ``kiqa pick`` does it. A burst is counted if all its frames are in one group,
with no others, and the unharmed one is the best of it.

Public names: `COMMAND`, `frames_of`.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from kiqa.arguments import add_include
from kiqa.data.distortions import distort
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.io.images import load_image
from kiqa.io.images.exif import EXIF_DIRECTORY, FRACTION, TIME
from kiqa.io.images.taken import TIME_FORM
from kiqa.reporting.entries import entries_of
from kiqa.reporting.report import placed_by
from kiqa.reproduce.command import (
    Command,
    add_model,
    add_output,
    add_pristine,
    split_of,
)
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.robustness.shared import files_of
from kiqa.reproduce.seeded import generator
from kiqa.scoring import Scorer
from kiqa.startup import load_quietly

UNHARMED = "unharmed"
_SHIFT = 12  # pixels, at most
_QUALITY = 92  # of JPEG
_FIRST, _APART = datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=5)  # between bursts
# Mildest and severest level, in the unit of `kiqa.data.distortions`; drawn evenly.
_LEVELS = {
    "gaussian_blur": (1.0, 3.0),
    "motion_blur": (5.0, 15.0),
    "overexposure": (0.75, 2.0),
    "underexposure": (0.75, 2.5),
}


def frames_of(
    pixels: np.ndarray, *, rng: np.random.Generator
) -> Iterator[tuple[str, float | None, np.ndarray]]:
    """Make the frames of a burst.

    Args:
        pixels: RGB ``uint8`` (H, W, 3), at least 64 pixels a side.
        rng: Source of randomness.

    Yields:
        For each frame, in random order, what was done, how strongly, and
        RGB ``uint8`` pixels, of 12 rows and columns fewer.
    """
    exposed = str(rng.choice(["overexposure", "underexposure"]))
    kinds = [UNHARMED, *_LEVELS, exposed]
    for at in rng.permutation(len(kinds)):
        kind = kinds[at]
        level = None if kind == UNHARMED else float(rng.uniform(*_LEVELS[kind]))
        top, left = rng.integers(0, _SHIFT + 1, 2)
        height, width = (side - _SHIFT for side in pixels.shape[:2])
        frame = np.ascontiguousarray(pixels[top : top + height, left : left + width])
        yield kind, level, frame if level is None else distort(frame, kind, level, rng=rng)


def _run(options: argparse.Namespace) -> int:
    scorer = load_quietly(Scorer(options.model))
    files, _, met = files_of(options, scorer)
    left_out = LeftOut()
    rows: list[dict] = []
    with tempfile.TemporaryDirectory(prefix="kiqa-bursts-") as folder:
        work = partial(_written, files=files, folder=folder, seed=options.seed)
        for _, own in left_out.over(files, work):
            rows += own
        pairs = [(str(Path(folder, row["file"])), row["file"]) for row in rows]
        found = entries_of(pairs, scorer, maps=False, side=None)
        entries = list(tqdm(found, total=len(pairs), unit="frame", disable=None))
    rows, entries = _whole_bursts(rows, entries, left_out, files)
    places = placed_by(scorer, entries)
    for at, (row, entry) in enumerate(zip(rows, entries, strict=True)):
        row |= {"score": entry.score, "defects": "; ".join(entry.defects),
                "group": places.groups[at], "best": at in places.best}  # fmt: skip
    table, text = _result(rows, len(files) - len(left_out.files), options, scorer)
    if options.output:
        write_csv(rows, options.output / "bursts-frames.csv")
        write_json({**table, **met}, options.output / "bursts.json")
    sys.stdout.write(f"{text}\n")
    return left_out.status()


def _whole_bursts(rows, entries, left_out, files):
    """The frames, less those of bursts of which the model refused one, and their entries."""
    paths = {path.name: path for path in files}
    for row, entry in zip(rows, entries, strict=True):
        if entry.row["error"] is not None and row["image_name"] in paths:
            left_out.note(paths.pop(row["image_name"]), ValueError(entry.row["error"]))
    kept = [at for at, row in enumerate(rows) if row["image_name"] in paths]
    if not kept:
        raise ValueError(f"Expected images that can be scored. Received: none, of {len(files)}.")
    return [[each[at] for at in kept] for each in (rows, entries)]


def _written(path, *, files, folder, seed) -> list[dict]:
    """Write the frames of a burst; a row for each."""
    number, rows = files.index(path), []
    frames = frames_of(load_image(path).pixels, rng=generator(seed, path.name))
    for place, (kind, level, pixels) in enumerate(frames):
        name = f"{number:03}-{place}.jpg"
        _save(Path(folder, name), pixels, _FIRST + number * _APART, place)
        rows.append(
            {"image_name": path.name, "frame": place, "done": kind, "level": level, "file": name}
        )
    return rows


def _result(rows, count, options, scorer):
    """Numbers, and what is printed."""
    taken: dict[str, int] = {}
    grouped = 0
    for name in dict.fromkeys(row["image_name"] for row in rows):
        own = [row for row in rows if row["image_name"] == name]
        groups = {row["group"] for row in own}
        with_others = sum(row["group"] in groups for row in rows) > len(own)
        together = len(groups) == 1 and None not in groups and not with_others
        grouped += together
        best = [row["done"] for row in own if row["best"]] if together else []
        what = best[0] if best else "not one group"
        taken[what] = taken.get(what, 0) + 1
    picked = taken.get(UNHARMED, 0)
    content = {
        "model": scorer.info.name, "weights_sha256": scorer.info.sha256, "part": split_of(options),
        "seed": options.seed, "bursts": count, "grouped": grouped, "picked": picked,
        "share": picked / count, "taken": taken, "levels": _LEVELS,
    }  # fmt: skip
    table = [{"taken as best": what, "bursts": number} for what, number in taken.items()]
    text = (
        f"{scorer.info.name}, {split_of(options)}, seed {options.seed}: of {count} bursts "
        f"{grouped} are one group each, and in {picked} ({100 * picked / count:.1f} %) the "
        f"unharmed frame is the best\n\n{to_markdown(table)}"
    )
    return content, text


def _save(path, pixels, begin, place):
    moment = begin + timedelta(seconds=0.2 * place)
    exif = Image.Exif()
    exif[EXIF_DIRECTORY] = {
        TIME: moment.strftime(TIME_FORM),
        FRACTION: f"{moment.microsecond:06}",
    }
    Image.fromarray(pixels).save(path, quality=_QUALITY, exif=exif)


def _options(parser: argparse.ArgumentParser) -> None:
    add_pristine(parser)
    add_include(parser)
    add_model(parser, default="lite")
    parser.add_argument("--seed", type=int, default=0, help="(default: 0)")
    add_output(parser, figures=False)


COMMAND = Command("In how many bursts the unharmed frame is taken as the best", _options, _run)
