"""The thesis's Figs. 10 and 11: local ground truth, and how maps agree with it.

The boxes of the thesis's participants are not public. Fig. 10 therefore takes
a file of boxes or draws synthetic participants, Fig. 11 a file of boxes or
synthetic distortions of pristine images; both say which.

Public names: :data:`FIG_10`, :data:`FIG_11`, :func:`synthetic_boxes`,
:func:`local_rows`.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from kiqa.arguments import add_exclude, add_include, add_number, add_path
from kiqa.data.local_cases import (
    Case,
    boxed_items,
    load_case,
    sources_of,
    synthetic_items,
    untrained_items,
)
from kiqa.data.local_quality import ground_truth, read_boxes
from kiqa.data.smoothing import BLUR
from kiqa.evaluation.local.auc import BORDERS, auc_rows, prediction_map
from kiqa.evaluation.local.summary import summarise
from kiqa.evaluation.local.summary import table_rows as local_table
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.io.images import load_image
from kiqa.io.map_files import QualityMap
from kiqa.maps.fish import fish_block_map
from kiqa.maps.gray import gray_map
from kiqa.maps.sliding_fish import fish_map
from kiqa.reproduce.command import Command, add_model, add_output, report
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.thesis.figures import add_image, save
from kiqa.scoring import Scorer, read_ahead, usable_workers
from kiqa.startup import load_quietly

_SEED = 0  # of the bootstrap
_STRIDE = 7  # as kiqa evaluate-maps, which says why
_PARTICIPANTS = 30  # thesis, section 5.3
_NOTHING = 0.2  # share of the synthetic participants who mark nothing


def synthetic_boxes(
    pixels: np.ndarray, *, participants: int = _PARTICIPANTS, seed: int
) -> dict[str, list[tuple[int, int, int, int]]]:
    """Invent the answers of participants, to show how a ground truth is made.

    Nobody looked at the image. Each participant draws one box of random size
    round a place near the centre of sharpness (the centroid of the squared
    FISH map), one in four a second one anywhere, and a fifth marks nothing.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``, sides at least 64.
        participants: Number of answers.
        seed: Seed of the draws.

    Returns:
        For each participant the boxes, as in `kiqa.data.local_quality.vote_map`.
    """
    sharpness = fish_block_map(pixels, stride=8)
    weights = sharpness.values.astype(float) ** 2 + 1e-9  # a flat image has a centre too
    cell = [
        np.average(np.arange(cells), weights=weights.sum(axis=1 - axis))
        for axis, cells in enumerate(weights.shape)
    ]
    centre = np.array(cell) * sharpness.stride + sharpness.offset
    size = np.array(pixels.shape[:2])
    rng = np.random.default_rng(seed)

    def box(middle):
        half = size * rng.uniform(0.12, 0.3, 2)
        top, left = np.clip(middle - half, 0, size - 1).astype(int)
        bottom, right = np.clip(middle + half, 1, size).astype(int)
        return int(left), int(top), int(right), int(bottom)

    answers = {}
    for number in range(1, participants + 1):
        own = answers[f"synthetic {number}"] = []
        if rng.random() >= _NOTHING:
            own.append(box(centre + size * rng.normal(0, 0.06, 2)))
            if rng.random() < 0.25:
                own.append(box(size * rng.random(2)))
    return answers


def _fig_10(options: argparse.Namespace) -> int:
    from matplotlib.figure import Figure

    from kiqa.plotting import literal, plot_boxes, plot_local_ground_truth

    pixels = load_image(options.image).pixels
    height, width = pixels.shape[:2]
    if options.boxes is None:
        answers, source = synthetic_boxes(pixels, seed=options.seed), "synthetic participants"
    else:
        answers, source = _boxes_of(options.image, options.boxes), options.boxes.name
    truth = ground_truth(answers, height=height, width=width, participants=len(answers))
    shape = (10.5, max(3.0, 4.9 * height / width + 0.8))
    figure = Figure(figsize=shape, layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_boxes(pixels, answers, ax=left)
    plot_local_ground_truth(truth, ax=right)
    figure.suptitle(f"{literal(options.image.name)}: {source}", fontsize="medium")
    return save(figure, options, "thesis-fig10")


def _boxes_of(image: Path, boxes: Path):
    """The answers on one image of a file of boxes."""
    images = read_boxes(boxes)
    for answered in images:
        if image.resolve().as_posix().endswith(f"/{answered.name}"):
            return answered.boxes
    raise ValueError(
        f"Expected an image that {boxes} names, received {image}. It names {len(images)}, such "
        f"as {images[0].name}."
    )


def _options_10(parser: argparse.ArgumentParser) -> None:
    add_image(parser)
    boxes = "boxes of participants, CSV or .json (default: synthetic participants)"
    add_path(parser, "--boxes", "FILE", boxes)
    add_number(parser, "--seed", "of synthetic participants", default=0, low=0)
    add_output(parser)


def local_rows(
    cases: Iterable[Case],
    predictors: Mapping[str, Callable[[np.ndarray], QualityMap]],
    *,
    border: str = "zero",
) -> Iterator[dict]:
    """Compare the maps of several predictors with the ground truth of images.

    Args:
        cases: Images with their ground truth, blurred.
        predictors: By name, from pixels to a map.
        border: As in `kiqa.evaluation.local.auc.prediction_map`.

    Yields:
        The rows of `kiqa.evaluation.local.auc.auc_rows`, with the case's details.

    Raises:
        ValueError: If a map cannot be made or compared.
    """
    for case in cases:
        maps = {
            name: prediction_map(
                predict(case.pixels), image_size=case.pixels.shape[:2], border=border
            )
            for name, predict in predictors.items()
        }
        for row in auc_rows(case.item.name, maps, case.truth):
            yield {**row, **case.details}


def _fig_11(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from kiqa.plotting import plot_auc_boxes

    if options.boxes is None:
        items = synthetic_items(
            options.images, split=options.split, chosen=options.set, versions=options.versions
        )
        source = f"synthetic distortions of pristine images, seed {options.seed}"
    else:
        items, source = boxed_items(options.images, options.boxes), Path(options.boxes).name
    scorer = load_quietly(Scorer(options.model, default_stride=options.stride))
    items, met = untrained_items(
        items, [scorer.info.details], include=options.include_trained, report=report,
        exclude=options.exclude,
    )  # fmt: skip
    predictors = {
        scorer.info.name: scorer.map,
        "fish": partial(fish_map, stride=options.stride),
        "gray": partial(gray_map, stride=options.stride),
    }
    load = partial(load_case, blur=BLUR, seed=options.seed)
    loaded = read_ahead(load, items, workers=usable_workers())
    hidden = not sys.stderr.isatty()
    left_out = LeftOut()
    rows = [
        row
        for _, own in left_out.over(
            tqdm(loaded, total=len(items), disable=hidden),
            lambda pair: list(local_rows([_case(*pair)], predictors, border=options.border)),
            file=lambda pair: pair[0].path,
        )
        for row in own
    ]
    made = options.boxes is None
    sources = sources_of(row["image_name"] for row in rows) if made else None
    result = {"ground_truth": source, "stride": options.stride, "blur": BLUR,
              "border": options.border,
              "weights_sha256": scorer.info.sha256, **met,
              **summarise(rows, seed=_SEED, sources=sources)}  # fmt: skip
    write_csv(rows, options.output / "thesis-fig11.csv")
    write_json(result, options.output / "thesis-fig11.json")
    head = f"{source}: {result['images']} images, border {options.border}"
    sys.stdout.write(f"{head}\n\n{to_markdown(local_table(result))}\n")
    ax = plot_auc_boxes(result)
    ax.set_title(source, fontsize="medium")
    save(ax, options, "thesis-fig11")
    return left_out.status()


def _read(content):
    """What the stored figure was computed on, and its rows; see `Command.read`."""
    about = (
        f"{content['ground_truth']}: {content['images']} images, maps at stride "
        f"{content['stride']}, border {content['border']}"
    )
    rows = local_table(content)
    means = [row for row in rows if row["t_G"] == "mean"]  # the figure shows the thresholds
    return about, means or rows


def _case(item, case):
    if isinstance(case, Exception):
        raise case
    return case


def _options_11(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--images", required=True, metavar="FOLDER", help="folder of the images")
    parser.add_argument(
        "--boxes", metavar="FILE",
        help="boxes that people drew on them, CSV or .json (default: a random rectangle of each "
        "is distorted, synthetic)",
    )  # fmt: skip
    parser.add_argument(
        "--split", metavar="FILE|NAME", help="without --boxes (default: split.csv of FOLDER)"
    )
    parser.add_argument("--set", default="test", help="of the split (default: %(default)s)")
    add_number(parser, "--versions", "distorted versions of an image", default=1, low=1)
    add_number(parser, "--seed", "of synthetic distortions", default=0, low=0)
    parser.add_argument(
        "--border", choices=BORDERS, default=BORDERS[0],
        help="outside the cells of a map: zero as in the thesis, or its edge continued, which is "
        "fairer where the border is good, as with synthetic distortions (default: %(default)s)",
    )  # fmt: skip
    add_exclude(parser)
    add_include(parser)
    add_model(parser, default="patchnet", stride=_STRIDE)
    add_output(parser)


FIG_10 = Command(
    "Fig. 10: boxes of participants and the ground truth of them", _options_10, _fig_10
)
FIG_11 = Command("Fig. 11: box plot of the AUC over thresholds t_G", _options_11, _fig_11, _read)
