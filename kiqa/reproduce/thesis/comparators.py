"""The thesis's Figures 1 and 2: what the mean squared error does not see, and patch sizes.

Public names: :data:`FIG_1`, :data:`FIG_2`, :func:`of_equal_error`.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from kiqa.comparators import FORMULAS
from kiqa.comparators.luminance import check_side
from kiqa.comparators.psnr import mse
from kiqa.data.distortions import distort
from kiqa.io.images import load_image
from kiqa.reproduce.command import Command, add_output, report
from kiqa.reproduce.thesis.figures import add_image, save

ERROR = 480.0  # of all distorted images, Fig. 1
SIDES = (32, 64, 128, 224)  # Fig. 2; the text names the first, the second and the last

# Kinds of `kiqa.data.distortions` and the levels to search; a whole number where the last is True.
# The thesis does not name its own.
_KINDS = {
    "overexposure": (0.01, 4.0, False),
    "underexposure": (0.01, 6.0, False),
    "gaussian_noise": (1.0, 120.0, False),
    "gaussian_blur": (0.3, 40.0, False),
    "motion_blur": (1.5, 120.0, False),
    "jpeg": (100, 1, True),
}
_METRICS = ("psnr", "ssim", "ms_ssim", "fsim", "fsimc", "gmsd")
_COLUMNS = 4
_STEPS = 24  # halvings of the interval


def of_equal_error(
    pixels: np.ndarray, kind: str, *, error: float = ERROR, seed: int = 0
) -> tuple[np.ndarray, float]:
    """Distort an image so strongly that it has a given mean squared error.

    Args:
        pixels: RGB ``uint8``, shape (H, W, 3).
        kind: A key of the distortions that the figure shows, such as ``"jpeg"``.
        error: The mean squared error of the luminance.
        seed: Of the noise and the direction of motion.

    Returns:
        The distorted image, whose error is as near as can be: JPEG has whole
        qualities only; and the level.

    Raises:
        ValueError: If the strongest level has a smaller error, as in a flat
            image.
    """
    low, high, whole = _KINDS[kind]

    def at(level):
        made = distort(pixels, kind, level, rng=np.random.default_rng(seed))
        return mse(made, pixels), made, level

    if whole:
        tried = [at(level) for level in range(int(low), int(high) - 1, -1)]
    else:
        tried = [at(high)]
        for _ in range(_STEPS):
            middle = float(np.sqrt(low * high))
            tried.append(at(middle))
            low, high = (low, middle) if tried[-1][0] > error else (middle, high)
    largest = max(found for found, _, _ in tried)
    if largest < error:
        raise ValueError(
            f"Expected an image in which {kind} reaches a mean squared error of {error:g}. "
            f"Received: one in which the strongest has {largest:.1f}. Use an image with more "
            "detail, or a smaller --mse."
        )
    _, made, level = min(tried, key=lambda each: abs(each[0] - error))
    return made, float(level)


def _fig_1(options: argparse.Namespace) -> int:
    from matplotlib.figure import Figure

    from kiqa.evaluation.report import to_markdown, write_csv

    pixels = load_image(options.image).pixels
    check_side(pixels, FORMULAS["ms_ssim"].least_side, name="ms_ssim")
    metrics: dict[str, Callable[..., Any]] = {name: FORMULAS[name].resolve() for name in _METRICS}
    rows, images = [], []
    for kind in _KINDS:
        try:
            made, level = of_equal_error(pixels, kind, error=options.mse)
        except ValueError as error:
            report(f"{kind} is left out: {error}")
            continue
        row = {"distortion": kind, "level": level, "MSE": mse(made, pixels)}
        rows.append(row | {name: metric(made, pixels) for name, metric in metrics.items()})
        images.append(made)
    if not rows:
        raise ValueError("Expected an image in which a distortion has that error. Received: none.")
    text = to_markdown(rows)
    write_csv(rows, options.output / "thesis-fig1.csv")
    sys.stdout.write(f"{text}\n")
    height, width = pixels.shape[:2]
    titles = ["original", *(_title(row) for row in rows)]
    lines = -(-len(titles) // _COLUMNS)
    figure = Figure(figsize=(12, (3 * height / width + 0.6) * lines), layout="constrained")
    axes = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
    for ax, image, title in zip(axes, [pixels, *images], titles, strict=False):
        ax.imshow(image)
        ax.set_title(title, fontsize="small")
    for ax in axes:
        ax.set_axis_off()
    return save(figure, options, "thesis-fig1")


def _title(row):
    named = row["distortion"].replace("_", " ")
    return f"{named}: MSE {row['MSE']:.0f}\nSSIM {row['ssim']:.2f}, FSIM {row['fsim']:.2f}"


def _options_1(parser):
    add_image(parser)
    parser.add_argument(
        "--mse", type=float, default=ERROR, metavar="X",
        help="mean squared error of all distorted images (default: %(default)s)",
    )  # fmt: skip
    add_output(parser)


def _fig_2(options: argparse.Namespace) -> int:
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    pixels = load_image(options.image).pixels
    check_side(pixels, max(SIDES), name="thesis-fig2")
    height, width = pixels.shape[:2]
    figure = Figure(figsize=(9.6, 4.6), layout="constrained")
    whole, *axes = figure.subplot_mosaic(
        [["whole", "whole", "a", "b"], ["whole", "whole", "c", "d"]]
    ).values()
    whole.imshow(pixels)
    whole.set_title(f"image, {width} x {height} pixels", fontsize="small")
    for ax, side in zip(axes, SIDES, strict=True):
        top, left = (height - side) // 2, (width - side) // 2
        ax.imshow(pixels[top : top + side, left : left + side], interpolation="nearest")
        ax.set_title(f"{side} x {side}", fontsize="small")
        whole.add_patch(Rectangle((left - 0.5, top - 0.5), side, side, fill=False, edgecolor="w"))
    for ax in (whole, *axes):
        ax.set(xticks=[], yticks=[])
    return save(figure, options, "thesis-fig2")


def _options_2(parser):
    add_image(parser)
    add_output(parser)


FIG_1 = Command("Fig. 1: distortions of equal mean squared error", _options_1, _fig_1)
FIG_2 = Command("Fig. 2: how much patches of several sizes show", _options_2, _fig_2)
