"""What a model says of images that are no photographs.

Planes of one colour, random numbers, graphics, icons, and for comparison a
photograph (scikit-image's ``chelsea``) sharp and blurred. The table says for
each whether the row of `kiqa.Scorer` carries a ``note``; scores without one
are those of images that only a person can tell from photographs.

A full-reference model compares each image with itself.

Public names: `COMMAND`, `IMAGES`.
"""

import argparse
import sys
from collections.abc import Callable

import cv2
import numpy as np

from kiqa.constants import DEFAULT_SCORER
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.io.files import write_atomically
from kiqa.io.messages import shortened
from kiqa.reproduce.command import Command, add_output
from kiqa.scoring import Scorer
from kiqa.startup import load_quietly

_SIZE = (384, 512)


def _plane(level):
    return np.full((*_SIZE, 3), level, np.uint8)


def _random():
    return np.random.default_rng(0)


def _uniform(channels):
    values = _random().integers(0, 256, (*_SIZE, channels), dtype=np.uint8)
    return np.ascontiguousarray(np.broadcast_to(values, (*_SIZE, 3)))


def _gaussian():
    return np.clip(_random().normal(128, 25, (*_SIZE, 3)), 0, 255).astype(np.uint8)


def _smooth_noise():
    return cv2.resize(_uniform(3)[::16, ::16], _SIZE[::-1], interpolation=cv2.INTER_CUBIC)


def _gradient():
    row = np.linspace(0, 255, _SIZE[1]).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (*_SIZE, 3)))


def _checkerboard():
    rows, columns = np.indices(_SIZE) // 16
    return np.repeat((255 * ((rows + columns) % 2)).astype(np.uint8)[..., None], 3, axis=2)


def _text():
    page = _plane(255)
    for line in range(1, 12):
        at = (20, 32 * line)
        cv2.putText(page, "Quality of images", at, cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0), 2)
    return page


def _photograph():
    from skimage import data

    return data.chelsea()


def _shrunk(side):
    return cv2.resize(_photograph(), (side, side), interpolation=cv2.INTER_AREA)


IMAGES: dict[str, Callable[[], np.ndarray]] = {
    "black": lambda: _plane(0),
    "gray": lambda: _plane(128),
    "white": lambda: _plane(255),
    "blue": lambda: _plane((20, 60, 200)),
    "noise, colour": lambda: _uniform(3),
    "noise, gray": lambda: _uniform(1),
    "noise, Gaussian": _gaussian,
    "noise, smooth": _smooth_noise,
    "gradient": _gradient,
    "checkerboard": _checkerboard,
    "text": _text,
    "photograph of 32 pixels": lambda: _shrunk(32),
    "photograph of 16 pixels": lambda: _shrunk(16),
    "photograph": _photograph,
    "photograph, blurred": lambda: cv2.GaussianBlur(_photograph(), (0, 0), 6),
}


def _rows(model: str) -> tuple[list[dict], dict]:
    """A row for each image, and what the model is."""
    scorer = load_quietly(Scorer(model))
    info, rows = scorer.info, []
    for name, make in IMAGES.items():
        pixels = make()
        row = {"model": info.name, "image": name, "score": None, "note": None, "error": None}
        try:
            pair = {"reference": pixels} if scorer.needs_reference else {}
            row["score"] = scorer.score(pixels, **pair)
            row["note"] = scorer.note(pixels)
        except ValueError as error:
            row["error"] = shortened(error)
        rows.append(row)
    about = {"model": info.name, "weights_sha256": info.sha256, "scale": info.scale,
             "higher_is_better": info.higher_is_better}  # fmt: skip
    return rows, about


def _cell(row: dict) -> str:
    if row["error"] is not None:
        return "refused"
    return f"{row['score']:.3g}{'*' if row['note'] else ''}"


def _run(options: argparse.Namespace) -> int:
    found = [_rows(model) for model in options.model or [DEFAULT_SCORER]]
    table = [
        {"image": name}
        | {
            f"{about['model']}, {about['scale']}": _cell(rows[at])
            for rows, about in found
        }
        for at, name in enumerate(IMAGES)
    ]  # fmt: skip
    text = f"{to_markdown(table)}\n\n* the row has a note: out of the domain of the model"
    if options.output is not None:
        rows = [row for own, _ in found for row in own]
        write_csv(rows, options.output / "out-of-domain.csv")
        write_json(
            {"models": [about for _, about in found], "rows": rows},
            options.output / "out-of-domain.json",
        )
        write_atomically(options.output / "out-of-domain.md", f"{text}\n".encode())
    sys.stdout.write(f"{text}\n")
    return 0


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        nargs="+",
        metavar="NAME|FILE",
        help=f"shipped models or .h5 files (default: {DEFAULT_SCORER})",
    )
    add_output(parser, figures=False)


COMMAND = Command("What models say of images that are no photographs", _options, _run)
