"""PaQ-2-PiQ's figures of examples: distortions that challenge, aesthetics, a sheet of images.

The paper's own images are those of LIVE-FB; any others take their place.

Public names: :data:`FIG_1`, :data:`FIG_2`, :data:`FIG_3`, :func:`error_by_activity`.

References:
    Ying et al. 2020, sections 1 and 3.1.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kiqa.arguments import add_number
from kiqa.data.distortions import gaussian_blur, gaussian_noise, jpeg
from kiqa.evaluation.report import write_csv
from kiqa.io.images import load_image
from kiqa.reproduce.command import Command, add_model, add_output
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.paq2piq.data import add_files, files_of
from kiqa.reproduce.thesis.figures import save
from kiqa.scoring import Scorer
from kiqa.startup import load_quietly

_QUALITY, _NOISE = 12, 20  # of libjpeg's scale, and gray levels; the paper names none. Ours.
_BLUR = 2.5  # pixels, of Fig. 2's first image
_BLOCK = 16  # pixels a side, of what activity is measured in
_SMALL = 160  # pixels of an image's longer side on the sheet


def error_by_activity(pixels: np.ndarray, worse: np.ndarray) -> tuple[float, float]:
    """Compare an error with the structure that it lies on.

    Args:
        pixels: The image, RGB ``uint8`` of shape (H, W, 3), at least 16x16.
        worse: A copy of the same shape.

    Returns:
        The root of the mean squared error by the standard deviation of the
        image's blocks of 16x16 pixels, in the calmest and in the busiest quarter of
        them: where it is high nothing masks the error.
    """
    height, width = (side // _BLOCK * _BLOCK for side in pixels.shape[:2])

    def blocks(values):
        cut = values[:height, :width].mean(axis=2)
        cut = cut.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
        return cut.swapaxes(1, 2).reshape(-1, _BLOCK**2)

    own = blocks(pixels.astype(float))
    error = np.sqrt(((blocks(worse.astype(float)) - own) ** 2).mean(axis=1))
    activity = own.std(axis=1)
    order = np.argsort(activity, kind="stable")
    quarter = max(1, len(order) // 4)
    calm, busy = (
        float(error[part].mean() / max(activity[part].mean(), 1))
        for part in (order[:quarter], order[-quarter:])
    )
    return calm, busy


def _fig_1(options: argparse.Namespace) -> int:
    from kiqa.plotting import literal

    rng = np.random.default_rng(options.seed)
    cases = [(path, f"JPEG, quality {options.quality}", lambda p: jpeg(p, options.quality))
             for path in options.image[:2]]  # fmt: skip
    if len(cases) < 2:
        raise ValueError("Expected two --image or three: (a), (b) and (c). Received: one.")
    cases.append((options.image[-1], f"noise of {options.noise} gray levels",
                  lambda p: gaussian_noise(p, options.noise, rng)))  # fmt: skip
    scorer = load_quietly(Scorer(options.model))
    panels, rows = [], []
    for path, text, change in cases:
        pixels = load_image(path).pixels
        worse = change(pixels)
        calm, busy = error_by_activity(pixels, worse)
        before, after = scorer.score(pixels), scorer.score(worse)
        panels.append((worse, f"{literal(path.name)}, {text}\n{scorer.info.name} {after:.2f}, "
                              f"before {before:.2f}"))  # fmt: skip
        rows.append({"image": path.name, "distortion": text, "before": before, "after": after,
                     "error by activity, calm": calm, "error by activity, busy": busy})  # fmt: skip
    return _panels(panels, rows, options, "paq2piq-fig1")


def _fig_2(options: argparse.Namespace) -> int:
    from kiqa.maps.fish import fish, gray_of
    from kiqa.plotting import literal

    if len(options.image) != 2:
        raise ValueError(f"Expected two --image, (a) and (b). Received: {len(options.image)}.")
    scorer = load_quietly(Scorer(options.model))
    panels, rows = [], []
    for number, path in enumerate(options.image):
        pixels = load_image(path).pixels
        if number == 0 and options.blur:
            pixels = gaussian_blur(pixels, options.blur)
        sharpness, score = fish(gray_of(pixels)), scorer.score(pixels)
        panels.append((pixels, f"({'ab'[number]}) {literal(path.name)}\nFISH {sharpness:.1f}, "
                               f"{scorer.info.name} {score:.2f}"))  # fmt: skip
        rows.append({"image": path.name, "fish": sharpness, "score": score})
    return _panels(panels, rows, options, "paq2piq-fig2")


def _fig_3(options: argparse.Namespace) -> int:
    import cv2
    from matplotlib.figure import Figure

    paths = files_of(options)
    order = np.random.default_rng(options.seed).permutation(len(paths))[: options.count]
    left_out = LeftOut()

    def small(path):
        pixels = load_image(path).pixels
        factor = _SMALL / max(pixels.shape[:2])
        size = tuple(max(1, round(side * factor)) for side in pixels.shape[1::-1])
        return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)

    found = [pixels for _, pixels in left_out.over([paths[place] for place in order], small)]
    columns = int(np.ceil(np.sqrt(1.5 * len(found))))
    lines = -(-len(found) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.5 * lines), layout="constrained")
    for ax in (axes := figure.subplots(lines, columns, squeeze=False)).flat:
        ax.set_axis_off()
    for ax, pixels in zip(axes.flat, found, strict=False):
        ax.imshow(pixels)
    save(figure, options, "paq2piq-fig3")
    return left_out.status()


def _panels(panels: Sequence[tuple[np.ndarray, str]], rows, options, name) -> int:
    """Images beside each other with their titles, and the numbers as a table."""
    from matplotlib.figure import Figure

    highest = max(pixels.shape[0] / pixels.shape[1] for pixels, _ in panels)
    figure = Figure(figsize=(4.6 * len(panels), 4.6 * highest + 0.8), layout="constrained")
    for ax, (pixels, title) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        ax.imshow(pixels)
        ax.set(xticks=[], yticks=[])
        ax.set_title(title, fontsize="small")
    write_csv(rows, options.output / f"{name}.csv")
    return save(figure, options, name)


def _images(parser, text):
    parser.add_argument(
        "--image", type=Path, action="append", required=True, metavar="FILE", help=text
    )


def _options_1(parser: argparse.ArgumentParser) -> None:
    _images(parser, "(a), (b) and, if another, (c); give two or three")
    add_number(parser, "--quality", "of the JPEG encoder", default=_QUALITY, low=1)
    add_number(parser, "--noise", "standard deviation in gray levels", default=_NOISE, low=1)
    add_number(parser, "--seed", "seed of the noise", default=0, low=0)
    add_model(parser, default="lite")
    add_output(parser)


def _options_2(parser: argparse.ArgumentParser) -> None:
    _images(parser, "(a) and (b)")
    parser.add_argument(
        "--blur", type=float, default=_BLUR, metavar="PIXELS",
        help="standard deviation of a blur of (a); 0 takes it as it is (default: %(default)s)",
    )  # fmt: skip
    add_model(parser, default="lite")
    add_output(parser)


def _options_3(parser: argparse.ArgumentParser) -> None:
    add_files(parser)
    add_number(parser, "--count", "images, drawn at random", default=24, low=1)
    add_number(parser, "--seed", "seed of the draw", default=0, low=0)
    add_output(parser)


FIG_1 = Command("PaQ-2-PiQ, Fig. 1: equal distortions, unequal quality", _options_1, _fig_1)
FIG_2 = Command("PaQ-2-PiQ, Fig. 2: a blurred image beside a sharp one", _options_2, _fig_2)
FIG_3 = Command("PaQ-2-PiQ, Fig. 3: a sheet of images of a data set", _options_3, _fig_3)
