"""Images, their half-blurred copies and the measures of the VarJPEG experiments.

Public names: :func:`add_images`, :func:`images_of`, :func:`rows_of`,
:func:`blurred_outside`, :func:`psnr`.
"""

import argparse
import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kiqa.arguments import add_exclude, add_include, add_number
from kiqa.data.chosen import PARTS
from kiqa.data.excluded import excluding_files
from kiqa.data.splits import read_split
from kiqa.data.untrained import Kept, untrained_files
from kiqa.reproduce.command import report
from kiqa.reproduce.left_out import LeftOut

if TYPE_CHECKING:
    from kiqa.scoring import Scorer

_BLUR = 5.0  # pixels, standard deviation of the background's blur
_EDGE = 4.0  # pixels, standard deviation of the mask's edge
_AXES = (0.16, 0.28)  # half axes of the sharp ellipse by the image's sides


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add --images, --split, --set, --exclude, --include-trained and --limit."""
    parser.add_argument(
        "--images", type=Path, required=True, metavar="DIR", help="folder of pristine images"
    )
    parser.add_argument(
        "--split", metavar="NAME|FILE", help="split of them, such as cid22-kiqa (default: none)"
    )
    parser.add_argument("--set", choices=PARTS, default="all", help="its part (default: all)")
    add_exclude(parser)
    add_include(parser)
    add_number(parser, "--limit", "only the first N images", low=1)


def images_of(options: argparse.Namespace, scorer: "Scorer") -> Kept:
    """List the images of the options of `add_images`, sorted.

    Args:
        options: Parsed options.
        scorer: The model; images that it was trained on are left out, unless
            they are asked for.

    Returns:
        The files, and what was met.

    Raises:
        FileNotFoundError: If there are none.
        ValueError: If a part is asked for without a split, or all images are excluded
            or were trained on.
    """
    from kiqa.io.images.kinds import listed_images

    found = listed_images(options.images) if options.images.is_dir() else []
    if options.set != "all":
        if not options.split:
            raise ValueError(f"Expected --split with --set {options.set}, received none.")
        wanted = {name for name, part in read_split(options.split).items() if part == options.set}
        found = [path for path in found if path.name in wanted]
    if not found:
        raise FileNotFoundError(f"Expected images in {options.images}, found none.")
    found = excluding_files(found, options.exclude or (), report=report)
    models, include = [scorer.info.details], options.include_trained
    kept = untrained_files(found, models, include=include, report=report)
    return kept._replace(images=kept.images[: options.limit])


def rows_of(
    options: argparse.Namespace, compare: Callable[[Path, "Scorer"], Iterable[dict]]
) -> tuple[list[dict], dict, LeftOut]:
    """Compare something on each image of the options, and say which are done.

    Args:
        options: Parsed options, with those of `add_images` and ``add_model``.
        compare: From a file and the model to rows.

    Returns:
        All rows, each with the file's name as ``image``; how many images were
        met that the model was trained on, for a result in JSON; and the images
        that could not be compared.

    Raises:
        ValueError: If none could.
    """
    from kiqa.scoring import Scorer
    from kiqa.startup import load_quietly

    scorer = load_quietly(Scorer(options.model, default_stride=options.stride))
    rows, left_out = [], LeftOut()
    kept = images_of(options, scorer)
    for path, own in left_out.over(kept.images, lambda path: list(compare(path, scorer))):
        rows += [{"image": path.name, **row} for row in own]
        report(f"{path.name} is done")
    if not rows:
        raise ValueError("Expected images that can be compared. Received: none.")
    return rows, kept.note, left_out


def blurred_outside(pixels: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Blur an image outside an ellipse, as with a shallow depth of field.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        name: Seeds place and size of the ellipse.

    Returns:
        The image, and the mask of its fully sharp pixels, ``bool`` of shape
        ``(H, W)``.
    """
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(zlib.crc32(os.fsencode(name)))
    height, width = pixels.shape[:2]
    half = rng.uniform(*_AXES, 2) * (height, width)
    centre = rng.uniform(0.3, 0.7, 2) * (height, width)
    rows, columns = np.ogrid[:height, :width]
    inside = ((rows - centre[0]) / half[0]) ** 2 + ((columns - centre[1]) / half[1]) ** 2 <= 1
    weight = gaussian_filter(inside.astype(float), _EDGE)[..., None]
    background = gaussian_filter(pixels.astype(float), (_BLUR, _BLUR, 0))
    mixed = np.rint(pixels * weight + background * (1 - weight)).astype(np.uint8)
    return mixed, weight[..., 0] > 0.99


def psnr(decoded: np.ndarray, original: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Peak signal-to-noise ratio in dB over all channels, of the mask's pixels if given."""
    squared = (decoded.astype(float) - original) ** 2
    mean = np.mean(squared if mask is None else squared[mask])
    return float(10 * np.log10(255**2 / mean)) if mean else float("inf")
