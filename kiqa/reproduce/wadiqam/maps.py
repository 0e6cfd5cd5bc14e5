"""Figs. 3 to 5 of the paper on WaDIQaM: maps of quality and weight.

A column for each image and network: the image, the qualities of its patches,
and their weights where the network has any. The maps of one network have one
scale. The distorted image of Fig. 4 is made here, with ``--blocks``.

Public names: :data:`FIG_3`, :data:`FIG_4`, :data:`FIG_5`.

References:
    Bosse et al. 2018, section IV-D.
"""

import argparse
from functools import partial
from operator import itemgetter
from pathlib import Path

import numpy as np

from kiqa.arguments import add_number
from kiqa.data.distortions.blocks import NUMBERS, local_blocks
from kiqa.io.images import load_image
from kiqa.reproduce.command import Command, add_output
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.thesis.figures import save

_CMAP = "viridis"  # blue is low, yellow is high, as printed


def _run(options: argparse.Namespace, *, name: str) -> int:
    from matplotlib.figure import Figure

    from kiqa.io.weights import find_weights, load_model, read_info
    from kiqa.maps.wadiqam import PatchPooler
    from kiqa.plotting import literal, plot_map
    from kiqa.startup import start_keras

    if options.reference and options.blocks:
        raise ValueError(
            "Expected no --reference with --blocks: each --image is the reference of the copy that "
            "is made of it. Received: both. Leave one out."
        )
    if options.reference and len(options.reference) != len(options.image):
        raise ValueError(
            f"Expected a --reference for each --image. Received: {len(options.reference)} for "
            f"{len(options.image)}."
        )
    start_keras()
    poolers = []
    for model in options.model or options.models:
        info = read_info(find_weights(model))
        poolers.append(PatchPooler(load_model(info.path), stride=options.stride, info=info))
        if poolers[-1].needs_reference and not (options.reference or options.blocks):
            raise ValueError(
                f"Expected --reference for {info.name}, a full-reference model. Received: none. "
                "Give one for each --image, or other models with --model."
            )
    left_out = LeftOut()

    def pooled_by_all(pair):
        pixels, reference = (path and load_image(path).pixels for path in pair)
        if options.blocks:
            rng = np.random.default_rng(options.seed)
            pixels, reference = local_blocks(pixels, options.blocks, rng), pixels
        given = [reference if pooler.needs_reference else None for pooler in poolers]
        return [
            (pooler, pair[0], pixels, pooler.pool(pixels, other))
            for pooler, other in zip(poolers, given, strict=True)
        ]

    pairs = zip(options.image, options.reference or [None] * len(options.image), strict=True)
    found = left_out.over(pairs, pooled_by_all, file=itemgetter(0))
    columns = [column for _, own in found for column in own]
    rows = 2 + any(pooled.weight is not None for *_, pooled in columns)
    ratio = max(pixels.shape[0] / pixels.shape[1] for _, _, pixels, _ in columns)
    size = (4.2 * len(columns), (3.3 * ratio + 0.5) * rows)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, len(columns), squeeze=False)
    for (top, *below), (pooler, path, pixels, pooled) in zip(axes.T, columns, strict=True):
        top.imshow(pixels)
        top.set(xticks=[], yticks=[])
        top.set_title(literal(path.name), fontsize="medium")
        for ax, part in zip(below, ("quality", "weight"), strict=False):
            own = getattr(pooled, part)
            if own is None:
                ax.set_axis_off()
                continue
            same = [getattr(each, part).values for other, *_, each in columns if other is pooler]
            low = 0.0 if part == "weight" else min(values.min() for values in same)
            better = "higher" if own.higher_is_better else "lower"
            plot_map(
                own, limits=(low, max(values.max() for values in same)), cmap=_CMAP, ax=ax,
                label="weight" if part == "weight" else f"quality ({better} is better)",
                title=f"{pooled.quality.model}: "
                + (part if part == "weight" else f"{part}, score {pooled.score():.3g}"),
            )  # fmt: skip
        for ax in (top, *below):
            ax.set_anchor("W")  # one edge, with a colour scale or without
    save(figure, options, name)
    return left_out.status()


def _options(parser: argparse.ArgumentParser, *, models: tuple[str, ...], blocks: bool) -> None:
    parser.set_defaults(models=models, blocks=None)
    parser.add_argument(
        "--image", type=Path, action="append", required=True, metavar="FILE",
        help="distorted image, sides at least 32; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--reference", type=Path, action="append", metavar="FILE",
        help="its undistorted image, in the same order",
    )  # fmt: skip
    parser.add_argument(
        "--model", action="append", metavar="NAME|FILE",
        help="networks of kiqa.models.wadiqam, such as files of kiqa convert deepiqa; may be "
        f"given several times (default: {', '.join(models)})",
    )  # fmt: skip
    if blocks:
        add_number(
            parser, "--blocks",
            "put so many flat blocks of 32 pixels a side on each --image, which is then the "
            f"reference (usual: {', '.join(map(str, NUMBERS))})", low=1,
        )  # fmt: skip
        add_number(parser, "--seed", "seed of their places and colours", default=0, low=0)
    add_number(
        parser, "--stride", "pixels between patches (default: 32, no overlap, as in the paper)",
        low=1,
    )  # fmt: skip
    add_output(parser)


def _command(number: int, shown: str, models: tuple[str, ...]) -> Command:
    return Command(
        f"WaDIQaM's Fig. {number}: quality and weight maps for {shown}",
        partial(_options, models=models, blocks=number == 4),
        partial(_run, name=f"wadiqam-fig{number}"),
    )


FIG_3 = _command(3, "JPEG 2000 compression", ("wadiqam_fr", "wadiqam_nr"))
FIG_4 = _command(4, "local blocks", ("wadiqam_fr", "wadiqam_nr"))
FIG_5 = _command(5, "two images without a reference", ("wadiqam_nr",))
