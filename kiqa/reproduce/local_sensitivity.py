"""Does a quality map find the distorted part of an image?

In each pristine image one random rectangle of 25-50 % of the area is
distorted, for every level in :data:`kiqa.data.distortions.LEVELS` of Gaussian
blur, Gaussian noise and JPEG, or of others, in turn. The map of that image is
compared with the rectangle by the exact ROC-AUC: a cell is positive when its
centre pixel is undistorted; nothing is padded or blurred. The centre of cell
(row, column) is the pixel ``floor(row * stride + offset)``: for 64x64 patches,
whose centre lies between pixels 31 and 32, pixel 31, as in the thesis's
zero-padded maps. Of a map of blocks it is the pixel in the middle of the block.

Rectangle and noise are drawn from a generator seeded by a hash of the seed,
the image's file name, the distortion and the level, so neither order nor
selection of images changes a number.

Public names: :func:`sensitivity_rows`, :func:`photo_auc`, :func:`summarise`,
:func:`table_rows`.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from kiqa.arguments import Output, add_include, add_number, add_output
from kiqa.data.distortions import (
    BASIC,
    DISTORTIONS,
    LEVELS,
    available_distortions,
    distort_region,
)
from kiqa.data.untrained import untrained_files
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.evaluation.resampling import mean_interval
from kiqa.evaluation.roc import roc_auc
from kiqa.io.images import load_image
from kiqa.maps.gray import gray_map
from kiqa.maps.sliding_fish import fish_map
from kiqa.reproduce.command import Command, add_pristine, paths_of, report
from kiqa.reproduce.left_out import LeftOut
from kiqa.reproduce.seeded import generator
from kiqa.scoring import Scorer
from kiqa.startup import load_quietly

_STRIDE = 8

# Maps that need no weights.
_MAPS = {"fish": fish_map, "gray": gray_map}


def photo_auc(
    name: str, pixels: np.ndarray, kind: str, level: float, *, predict: Callable, seed: int
) -> dict:
    """Distort one rectangle of one image and score the map against it.

    Args:
        name: File name of the image; part of the seed.
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        kind: Name of the distortion.
        level: Its level.
        predict: From pixels to a ``QualityMap``, or anything with
            ``values``, ``stride`` and ``offset``. If it says
            ``higher_is_better`` False, its values are negated.
        seed: Seed of the whole experiment.

    Returns:
        ``image_name``, ``distortion``, ``level``, ``auc`` in [0, 1], and
        the numbers of ``positive`` and ``negative`` cells.

    Raises:
        ValueError: If a class has no cell or the map is not finite, naming
            the image.
    """
    distorted, mask = distort_region(
        pixels, kind, level, rng=generator(seed, name, kind, f"{level:g}")
    )
    quality = predict(distorted)
    values = np.asarray(quality.values)
    if not getattr(quality, "higher_is_better", True):
        values = -values
    rows, columns = _centres(quality, values.shape)
    positive = ~mask[np.ix_(rows, columns)]
    try:
        auc = roc_auc(values, positive)
    except ValueError as error:
        raise ValueError(
            f"{name}, {kind} {level:g}: {error} An image of at least 256x256 pixels always "
            "has cells of both classes."
        ) from error
    good = int(np.sum(positive))
    return {
        "image_name": name,
        "distortion": kind,
        "level": level,
        "auc": auc,
        "positive": good,
        "negative": positive.size - good,
    }


def sensitivity_rows(
    images: Iterable[tuple[str, np.ndarray]],
    predict: Callable,
    *,
    seed: int,
    kinds: Sequence[str] = BASIC,
) -> Iterator[dict]:
    """Run every distortion and level on every image.

    Args:
        images: Pairs of file name and RGB ``uint8`` pixels.
        predict: As in :func:`photo_auc`.
        seed: Seed of the whole experiment.
        kinds: Names of distortions; each is applied at all its levels.

    Yields:
        The rows of :func:`photo_auc`, a row for each level, distortion and image.
    """
    for name, pixels in images:
        for kind in kinds:
            for level in LEVELS[kind]:
                yield photo_auc(name, pixels, kind, level, predict=predict, seed=seed)


def summarise(rows: Sequence[Mapping], *, seed: int, n: int = 1000, level: float = 0.95) -> dict:
    """Mean ROC-AUC by distortion and level, and over all of them.

    Args:
        rows: Rows of :func:`sensitivity_rows`, complete for each image.
        seed: Seed of the bootstrap over images.
        n: Number of resamples.
        level: Coverage of the intervals.

    Returns:
        ``photographs`` (their number), ``seed``, ``resamples``,
        ``interval_level``, ``conditions`` (one mapping for each distortion
        and level: ``auc``, ``lo``, ``hi``) and ``overall``, the mean of all
        conditions. Fit for JSON.

    Raises:
        ValueError: If there is no row, or an image lacks a condition.
    """
    conditions = list(dict.fromkeys((row["distortion"], row["level"]) for row in rows))
    names = list(dict.fromkeys(row["image_name"] for row in rows))
    found = {(row["image_name"], row["distortion"], row["level"]): row["auc"] for row in rows}
    if not names or len(found) != len(names) * len(conditions):
        raise ValueError(
            f"Expected {len(conditions)} rows for each image, received {len(found)} rows "
            f"for {len(names)} images. Run the experiment to its end."
        )
    auc = np.array([[found[name, *condition] for condition in conditions] for name in names])

    def entry(values):
        lo, hi = mean_interval(values, n=n, seed=seed, level=level)
        return {"auc": float(values.mean()), "lo": lo, "hi": hi}

    return {
        "photographs": len(names),
        "seed": seed,
        "resamples": n,
        "interval_level": level,
        "conditions": [
            {"distortion": kind, "level": step, **entry(auc[:, i])}
            for i, (kind, step) in enumerate(conditions)
        ],
        "overall": entry(auc.mean(axis=1)),
    }


def table_rows(summary: Mapping) -> list[dict]:
    """Lay a summary out for :func:`kiqa.evaluation.report.to_markdown`.

    Args:
        summary: Result of :func:`summarise`.

    Returns:
        A row for each condition and one for their mean.
    """
    rows = [*summary["conditions"], {"distortion": "mean of all", **summary["overall"]}]
    share = f"{100 * summary['interval_level']:g} % interval"
    return [
        {
            "distortion": row["distortion"],
            "level": f"{row['level']:g}" if "level" in row else "",
            "ROC-AUC": row["auc"],
            share: f"{row['lo']:.3f} .. {row['hi']:.3f}",
        }
        for row in rows
    ]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_pristine(parser)
    parser.add_argument(
        "--map",
        choices=("patchnet", *_MAPS),
        default="patchnet",
        help="the map that is tested: that of --model, FISH or gray values (default: patchnet)",
    )
    parser.add_argument(
        "--distortions",
        nargs="+",
        choices=("all", *DISTORTIONS),
        default=list(BASIC),
        metavar="NAME",
        help=f"all that work here, or some of {', '.join(DISTORTIONS)} "
        f"(default: {' '.join(BASIC)}, those of the published table)",
    )
    parser.add_argument(
        "--model",
        default="patchnet",
        metavar="NAME|FILE",
        help="weights of --map patchnet (default: the shipped ones)",
    )
    add_number(
        parser, "--stride", f"of the maps (default: {_STRIDE}; not for grids of blocks)", low=1
    )
    add_number(parser, "--seed", "of what is drawn", default=0, low=0)
    add_include(parser)
    written = "write CSV per image and JSON here"
    add_output(parser, "--output", Output.FOLDER, "DIR", written)


def run(options: argparse.Namespace) -> int:
    """Run the experiment and print its table as Markdown.

    Args:
        options: Parsed options.

    Returns:
        Exit status: 0, or 1 if images were left out that cannot be compared.

    Raises:
        ValueError: If the input or an option is wrong.
        FileNotFoundError: If the data, the split or the weights are missing.
    """
    files = paths_of(options)
    everything = "all" in options.distortions
    kinds = available_distortions() if everything else list(dict.fromkeys(options.distortions))
    predict, named, models = _predictor(options)
    files, _, met = untrained_files(files, models, include=options.include_trained, report=report)
    output = None if options.output is None else Path(options.output)
    rows, left_out = [], LeftOut()

    def compare(file):
        image, before = (file.name, load_image(file).pixels), len(rows)
        try:
            for row in sensitivity_rows([image], predict, seed=options.seed, kinds=kinds):
                rows.append({**row, "model": named["model"]})
        except Exception:
            del rows[before:]
            raise

    try:
        for _ in left_out.over(files, compare):
            pass
    finally:  # what an interrupt leaves is kept
        if output is not None and rows:
            write_csv(rows, output / "local_sensitivity.csv")
    summary = summarise(rows, seed=options.seed)
    if output is not None:
        provenance = {**named, "set": options.set, **met}
        write_json({**provenance, **summary}, output / "local_sensitivity.json")
    sys.stdout.write(
        f"{named['model']}, stride {named['stride']}, {summary['photographs']} images, "
        f"seed {options.seed}\n\n{to_markdown(table_rows(summary))}\n"
    )
    return left_out.status()


COMMAND = Command("ROC-AUC of quality maps against a distorted rectangle", add_options, run)


def _predictor(options):
    """The function that makes the maps, its name in the results, and its network's details."""
    if options.map == "patchnet":
        scorer = load_quietly(Scorer(options.model, stride=options.stride, default_stride=_STRIDE))
        named = {"model": scorer.info.name, "weights_sha256": scorer.info.sha256}
        return scorer.map, {**named, "stride": scorer.map_stride}, [scorer.info.details]
    stride = _STRIDE if options.stride is None else options.stride
    predict = partial(_MAPS[options.map], stride=stride)
    return predict, {"model": options.map, "weights_sha256": None, "stride": stride}, []


def _centres(quality, shape):
    """Pixel rows and columns of the cells' centres; of blocks, from their edges."""
    rows, columns = getattr(quality, "row_edges", None), getattr(quality, "column_edges", None)
    if rows is not None and columns is not None:
        return [np.floor((each[:-1] + each[1:]) / 2).astype(int) for each in (rows, columns)]
    places = [np.arange(cells) * quality.stride + quality.offset for cells in shape]
    return [np.floor(each).astype(int) for each in places]
