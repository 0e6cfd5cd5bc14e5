"""Figures of the thesis: losses, windows, maps, labels, and a sheet of examples.

Public names: :data:`FIG_8`, :data:`FIG_9`, :data:`FIG_13`, :data:`FIG_17`,
:data:`EXAMPLES`, :func:`add_konpatch`, :func:`spread`.
"""

import argparse
import sys
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kiqa.arguments import add_number
from kiqa.constants import KONPATCH, PATCHNET
from kiqa.data.konpatch import build_konpatch, embedded_konpatch
from kiqa.data.konpatch.votes import LABELS
from kiqa.data.records import ScoredImage
from kiqa.io.images import load_image
from kiqa.io.scales import limits
from kiqa.reproduce.command import (
    Command,
    add_data,
    add_evaluation,
    add_model,
    add_output,
    records_of,
    require_dataset,
    unseen,
)
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.thesis.table1 import read_run
from kiqa.scoring import Scorer
from kiqa.startup import load_quietly

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DIAGRAM_STRIDE = 32  # ours: at the thesis's 4 the windows could not be told apart


def add_image(parser: argparse.ArgumentParser) -> None:
    """Add --image."""
    parser.add_argument("--image", type=Path, required=True, metavar="FILE", help="image")


def save(figure: "Figure | Axes", options: argparse.Namespace, name: str) -> int:
    """Write a figure below --output, tell where, and return the exit status."""
    from kiqa.plotting import save_figure

    sys.stdout.write(f"{save_figure(figure, options.output / f'{name}.png')}\n")
    return 0


def _fig_8(options) -> int:
    from kiqa.plotting import plot_loss_curves

    curves = [
        {name: [epoch[name] for epoch in instance["history"]] for name in ("loss", "val_loss")}
        for instance in read_run(options.workdir)["instances"]
    ]
    return save(plot_loss_curves(curves), options, "thesis-fig8")


def _options_8(parser):
    parser.add_argument(
        "--workdir", type=Path, required=True, metavar="DIR", help="run of kiqa.train_patchnet"
    )
    add_output(parser)


def _fig_9(options) -> int:
    from kiqa.plotting import plot_window_diagram

    pixels, scorer = _pixels_and_scorer(options)
    figure = plot_window_diagram(pixels, scorer.map(pixels), window=PATCHNET.patch)
    return save(figure, options, "thesis-fig9")


def _options_9(parser):
    add_image(parser)
    add_model(parser, default="patchnet", stride=_DIAGRAM_STRIDE)
    add_output(parser)


def _fig_13(options) -> int:
    from matplotlib.figure import Figure

    from kiqa.maps.fish import gray_of
    from kiqa.maps.gray import gray_map
    from kiqa.maps.sliding_fish import fish_map
    from kiqa.plotting import literal, plot_map, scale_label

    pixels, scorer = _pixels_and_scorer(options)
    grid = {"stride": scorer.map_stride, "window": PATCHNET.patch}
    sharpness = fish_map(gray_of(pixels), **grid)
    height, width = pixels.shape[:2]
    figure = Figure(figsize=(8.8, 7.8 * max(0.6, height / width)), layout="constrained")
    (image, fish), (gray, quality) = figure.subplots(2, 2)
    image.imshow(pixels)
    image.set(xticks=[], yticks=[])
    image.set_title(f"image, {width} x {height} pixels", fontsize="medium")
    top = float(np.ceil(sharpness.values.max()))
    plot_map(
        sharpness, limits=(0, max(top, 1)), ax=fish, title="FISH",
        label="sharpness (higher is sharper)",
    )  # fmt: skip
    plot_map(gray_map(pixels, **grid), cmap="gray", ax=gray, title="gray", label="gray value")
    made = scorer.map(pixels)
    plot_map(made, ax=quality, title=literal(made.model), label=scale_label(made))
    for ax in (image, fish, gray, quality):
        ax.set_anchor("W")  # one edge, with a colour scale or without
    return save(figure, options, "thesis-fig13")


def _options_13(parser):
    add_image(parser)
    add_model(parser, default="patchnet", stride=PATCHNET.stride)
    add_output(parser)


def _pixels_and_scorer(options):
    pixels = load_image(options.image).pixels
    scorer = load_quietly(Scorer(options.model, default_stride=options.stride))
    return pixels, scorer


def _fig_17(options) -> int:
    from kiqa.plotting import plot_label_histograms

    require_dataset(options)
    labels, source = {}, "patches that kiqa brings along, pseudo-MOS and pseudo-votes"
    left_out = LeftOut()
    records = None if options.data is None else records_of(options)
    for label in LABELS:
        common = {"label": label, "seed": options.seed}
        if records is None:
            labels[label] = embedded_konpatch(**common).y
            continue
        konpatch = build_konpatch(
            records, images=min(options.images, len(records)),
            patches_per_image=options.patches_per_image, on_error=left_out.note, **common,
        )  # fmt: skip
        labels[label] = konpatch.y
        source = f"{options.dataset}, {options.set}; pseudo-votes"
    ax = plot_label_histograms(labels)
    ax.set_title(source, fontsize="medium")
    save(ax, options, "thesis-fig17")
    return left_out.status()


def add_konpatch(parser: argparse.ArgumentParser) -> None:
    """Add the options of a KonPatch: the images of a data set, or none, and how many patches."""
    add_data(parser, required=False, part="train")
    add_number(parser, "--images", "of --data, at most", default=KONPATCH.images, low=1)
    add_number(
        parser, "--patches-per-image", "patches of each image",
        default=KONPATCH.patches_per_image, low=1,
    )  # fmt: skip


def _options_17(parser):
    add_konpatch(parser)
    add_number(parser, "--seed", "seed of the random numbers", default=0, low=0)
    add_output(parser)


def spread(records: Sequence[ScoredImage], count: int) -> list[ScoredImage]:
    """Choose images whose scores spread evenly over the ranks.

    Args:
        records: At least one.
        count: How many to choose, at least 1; fewer where there are fewer.

    Returns:
        The chosen, from the worst to the best: the middle ones of ``count``
        equal parts of the ranks. No image is picked by eye.

    Raises:
        ValueError: If ``count`` is below 1.
    """
    if count < 1:
        raise ValueError(f"Expected at least one image. Received: {count}.")
    ranked = sorted(records, key=lambda record: (record.mos, record.name))
    count = min(count, len(ranked))
    return [ranked[int((i + 0.5) * len(ranked) / count)] for i in range(count)]


def _examples(options) -> int:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    from kiqa.plotting import literal, plot_map, scale_label

    records = records_of(options)
    scorer = load_quietly(Scorer(options.model, default_stride=options.stride))
    records = unseen(records, [scorer.info.details], options).images
    left_out = LeftOut()

    def mapped(record):
        pixels = load_image(record.path).pixels
        return pixels, scorer.map(pixels)

    chosen = spread(records, options.count)
    shown = list(left_out.over(chosen, mapped, file=attrgetter("path")))
    figure = Figure(figsize=(2.6 * len(shown) + 0.8, 5.4), layout="constrained")
    axes = figure.subplots(2, len(shown), squeeze=False)
    for (photograph, below), (record, (pixels, made)) in zip(axes.T, shown, strict=True):
        photograph.imshow(pixels)
        photograph.set(xticks=[], yticks=[])
        photograph.set_title(f"{literal(record.name)}\nMOS {record.mos01:.2f}", fontsize="small")
        plot_map(made, ax=below, colorbar=False)
        below.set_title(f"mean map {made.mean():.2f}", fontsize="small")
    one = shown[0][1][1]
    colours = ScalarMappable(Normalize(*limits(one.scale)), "magma")
    bar = figure.colorbar(colours, ax=axes, pad=0.01, shrink=0.6)
    bar.set_label(scale_label(one))
    save(figure, options, "thesis-examples")
    return left_out.status()


def _options_examples(parser):
    add_evaluation(parser, default="patchnet", stride=PATCHNET.stride)
    add_number(parser, "--count", "evenly over the ranks of the MOS", default=6, low=1)
    add_output(parser)


FIG_8 = Command("Fig. 8: loss curves of a run of kiqa.train_patchnet", _options_8, _fig_8)
FIG_9 = Command("Fig. 9: windows on an image and the map they make", _options_9, _fig_9)
FIG_13 = Command("Fig. 13: an image and its FISH, gray and Patchnet maps", _options_13, _fig_13)
FIG_17 = Command("Fig. 17: label histograms of KonPatch, lab and crowd", _options_17, _fig_17)
EXAMPLES = Command("Images of a data set with their Patchnet maps", _options_examples, _examples)
