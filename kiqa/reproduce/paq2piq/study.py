"""PaQ-2-PiQ's figures of the data: sizes, crops, agreement, distributions of scores.

Where ratings or patch scores by people are not at hand, Fig. 7 simulates a
study of LIVE-FB's numbers (an image's share in the variance of a rating is
chosen so that halves of the subjects correlate as published), and says so.

Public names: :data:`FIG_4`, :data:`FIG_5`, :data:`FIG_7`, :data:`FIG_8`,
:func:`simulated_scores`.

References:
    Ying et al. 2020, section 3.
"""

import argparse
import math
import os
import sys
from functools import cache, partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from kiqa import arguments
from kiqa.arguments import add_number, add_path
from kiqa.constants import LIVE_FB
from kiqa.data.readers.layouts import number_or_none
from kiqa.data.readers.live_fb import live_fb, live_fb_patches
from kiqa.data.study.cropping import place_patches, write_patches
from kiqa.data.tables import read_table
from kiqa.io.images import load_image
from kiqa.io.images.headers import upright_size
from kiqa.reproduce.command import Command, add_output, records_of, require_dataset
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.paq2piq.data import (
    add_files,
    add_sets,
    files_of,
    given_sets,
    images_of,
)
from kiqa.reproduce.thesis.figures import save, spread

_RELIABILITY = {"pictures": 0.05, "patches": 0.1}  # halves of 18 correlate 0.48 and 0.65
_PATCH = 0.6  # of true qualities; with the noise of both scores about the published 0.43
_SIMULATED = 1000  # images
_FIVE_POINTS = 5  # scores that are all below are on another scale
_PRINTED = ("live-itw", "koniq10k", "live-fb")  # of Fig. 8


def simulated_scores(
    pictures: int = _SIMULATED, *, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Simulate two studies of LIVE-FB's numbers, of images and of their largest patches.

    Args:
        pictures: Number of images.
        seed: Source of randomness.

    Returns:
        Scores of the images by two random halves of the subjects, and
        scores of the images and of their patches by all, on 0..100.
    """
    from kiqa.evaluation.study.consistency import inter_subject_consistency
    from kiqa.evaluation.study.scores import opinion_scores
    from kiqa.evaluation.study.simulated import simulate_patch_quality, simulate_study

    quality = np.random.default_rng([seed, 0]).standard_normal(pictures)
    shown = min(LIVE_FB.contents, pictures)
    counts: dict[str, Any] = {"images": pictures, "contents": shown, "repeats": 0, "golden": 0,
              "subjects": math.ceil(LIVE_FB.ratings * pictures / shown)}  # fmt: skip
    both = {}
    for number, (kind, reliability) in enumerate(_RELIABILITY.items()):
        of = quality
        if kind == "patches":
            of = simulate_patch_quality(quality, correlation=_PATCH, seed=seed)
        study = simulate_study(seed=seed + number, reliability=reliability, quality=of, **counts)
        both[kind] = study.ratings, opinion_scores(study.ratings).by_image()
    ratings, scores = both["pictures"]
    halves = inter_subject_consistency(ratings, n=1, seed=seed)
    names = [name for name in scores if name in both["patches"][1]]
    pairs = [[found[name] for name in names] for found in (scores, both["patches"][1])]
    of_pictures, of_patches = map(np.array, pairs)
    return halves.first, halves.second, of_pictures, of_patches


def _fig_4(options) -> int:
    from kiqa.plotting import plot_picture_sizes

    left_out = LeftOut()
    ax = plot_picture_sizes([size for _, size in left_out.over(files_of(options), upright_size)])
    save(ax, options, "paq2piq-fig4")
    return left_out.status()


def _options_4(parser):
    add_files(parser)
    add_output(parser)


def _fig_5(options) -> int:
    from matplotlib.figure import Figure

    from kiqa.plotting import literal, plot_patches

    left_out = LeftOut()
    chosen = _chosen(options)
    if options.cut is not None:
        paths = files_of(options) if options.images or options.data else options.image
        written = write_patches(paths, options.cut, seed=options.seed, on_error=left_out.note)
        sys.stdout.write(f"{written}\n")

    def placed(image):
        path, rois, labels = image
        pixels = load_image(path).pixels
        if rois is None:
            rng = np.random.default_rng([options.seed, *os.fsencode(path.name)])
            rois = place_patches(pixels.shape[:2], rng=rng)
        return pixels, rois, labels

    shown = list(left_out.over(chosen, placed, file=itemgetter(0)))
    figure = Figure(figsize=(4.6 * len(shown), 3.8), layout="constrained")
    axes = figure.subplots(1, len(shown), squeeze=False)[0]
    for ax, ((path, *_), (pixels, rois, labels)) in zip(axes, shown, strict=True):
        plot_patches(pixels, rois, labels=labels, ax=ax)
        ax.set_title(literal(path.name), fontsize="small")
    save(figure, options, "paq2piq-fig5")
    return left_out.status()


def _chosen(options):
    """Path, rectangles (``None``: to be drawn) and labels of the images to show."""
    sources = [bool(options.image), options.images is not None, options.data is not None]
    if sum(sources) != 1:
        raise ValueError(
            "Expected one of --image FILE, --images FOLDER, and --data with --dataset. Received: "
            f"{sum(sources)} of them."
        )
    require_dataset(options)
    if options.dataset == "live-fb":
        known = live_fb_patches(options.data)
        records = [record for record in records_of(options) if record.name in known]
        return [
            (record.path, known[record.name][0], [f"{mos:.0f}" for mos in known[record.name][1]])
            for record in spread(records, options.count)
        ]
    if options.data is not None:
        paths = [record.path for record in spread(records_of(options), options.count)]
    else:
        paths = (options.image or files_of(options))[: options.count]
    labels = [f"{100 * scale:.0f} %" for scale in LIVE_FB.scales]
    return [(path, None, labels) for path in paths]


def _options_5(parser):
    add_files(parser)
    parser.add_argument(
        "--image", type=Path, action="append", metavar="FILE",
        help="instead: an image; may be given several times",
    )  # fmt: skip
    add_number(parser, "--count", "images shown", default=2, low=1)
    add_number(parser, "--seed", "of the places", default=0, low=0)
    cut = "besides: write the patches of all these images there, with patches.csv, for a study"
    arguments.add_output(parser, "--cut", arguments.Output.FOLDER, "DIR", cut, type=Path)
    add_output(parser)


def _fig_7(options) -> int:
    from matplotlib.figure import Figure

    from kiqa.plotting import plot_mos_pairs

    figure = Figure(figsize=(9.4, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    simulated = cache(partial(simulated_scores, seed=options.seed))
    if options.ratings is None:
        first, second = simulated()[:2]
        title = "simulated subjects, not people"
    else:
        first, second, title = _halves_of(options)
    plot_mos_pairs(first, second, names=("MOS of one half", "MOS of the other half"), title=title,
                   ax=left)  # fmt: skip
    if options.live_fb is None:
        pictures, patches = simulated()[2:]
        title = "simulated scores, not people's"
    else:
        pictures, patches = _picture_patch(options.live_fb)
        title = "LIVE-FB"
    plot_mos_pairs(pictures, patches, names=("MOS of images", "MOS of their largest patches"),
                   title=title, ax=right)  # fmt: skip
    return save(figure, options, "paq2piq-fig7")


def _halves_of(options):
    from kiqa.evaluation.study.consistency import inter_subject_consistency
    from kiqa.evaluation.study.ratings import read_ratings, read_values
    from kiqa.evaluation.study.scores import process_ratings

    golden = read_values(options.golden, "image", "mos") if options.golden else None
    study = process_ratings(read_ratings(options.ratings), golden=golden)
    halves = inter_subject_consistency(study.kept, seed=options.seed)
    mean = f"mean LCC of {len(halves.lcc)} divisions {halves.lcc.mean():.3f}"
    return halves.first, halves.second, f"{options.ratings.name}, {mean}\none of them"


def _picture_patch(root):
    known = live_fb_patches(root)
    pairs = [(r.mos, known[r.name][1][0]) for r in live_fb(root) if r.name in known]
    return np.array(pairs).reshape(-1, 2).T


def _options_7(parser):
    add_path(parser, "--ratings", "CSV", "ratings as for kiqa ratings (default: simulated ones)")
    add_path(parser, "--golden", "CSV", "golden images, with --ratings")
    add_path(parser, "--live-fb", "ROOT", "folder of LIVE-FB (default: simulated scores)")
    add_number(parser, "--seed", "seed of the random numbers", default=0, low=0)
    add_output(parser)


def _fig_8(options) -> int:
    from kiqa.plotting import plot_mos_histograms

    scores = {}
    for name, place in given_sets(options.data, _PRINTED, files=True).items():
        if place.is_file() and options.exclude:
            raise ValueError(
                "Expected --exclude with the folders of data sets, whose images have names. "
                f"Received: {name}={place}, a file of scores. Leave one of them out."
            )
        scores[name] = (
            _column(place) if place.is_file()
            else np.array([100 * record.mos01 for record in images_of(name, place, options)])
        )  # fmt: skip
    return save(plot_mos_histograms(scores)[0], options, "paq2piq-fig8")


def _column(file):
    """Column ``MOS_zscore`` of a CSV file, or else ``MOS``."""
    table = read_table(file, ("mos",), ("mos_zscore",))
    rows = [(line, cells.get("mos_zscore", cells["mos"])) for line, cells in table]
    values = []
    for line, text in rows:
        value = number_or_none(text)
        if value is None or not 0 <= value <= 100:
            raise ValueError(
                f"Expected scores from 0 to 100 in the column mos of {file}. Received: {text!r} in "
                f"line {line}."
            )
        values.append(value)
    if max(values) <= _FIVE_POINTS:
        raise ValueError(
            f"Expected scores from 0 to 100 in the column mos of {file}. Received: none above "
            f"{_FIVE_POINTS}. Bring them to that scale, or use the data set's folder."
        )
    return np.array(values)


def _options_8(parser: argparse.ArgumentParser) -> None:
    add_sets(
        parser, _PRINTED,
        files="; NAME=FILE.csv takes the column mos (0..100) of a file, such as mos.csv of kiqa "
        "ratings",
    )  # fmt: skip
    add_output(parser)


FIG_4 = Command("PaQ-2-PiQ, Fig. 4: widths and heights of images", _options_4, _fig_4)
FIG_5 = Command("PaQ-2-PiQ, Fig. 5: crops of 40, 30 and 20 %", _options_5, _fig_5)
FIG_7 = Command(
    "PaQ-2-PiQ, Fig. 7: halves of the subjects, and images and patches", _options_7, _fig_7
)
FIG_8 = Command("PaQ-2-PiQ, Fig. 8: distributions of scores", _options_8, _fig_8)
