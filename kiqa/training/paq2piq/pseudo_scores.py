"""Pseudo-scores of patches, where a data set has scores of whole images only.

A network that was trained on the same images' scores says where in an image
the quality is above or below the image's; the image's own score stays what
people said. A patch of an image of MOS m gets m plus the difference between
the network's quality of the patch and of the whole image: a WaDIQaM's pooled
one, or the scores of a `lite`. No person rated a patch.

Public names: `write_pseudo_scores`.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kiqa.io.files import contents_sha256, replacing
from kiqa.io.images import load_image
from kiqa.io.images.headers import upright_size
from kiqa.io.weights import find_weights, load_model, read_info
from kiqa.maps.lite import LiteRater
from kiqa.maps.wadiqam import PatchPooler, weighted_average
from kiqa.training.paq2piq.tasks import COLUMNS, RatedImage
from kiqa.training.runs.images import check_sides
from kiqa.training.runs.workdir import text_sha256

_CELLS = (2, 6)  # least and most grid cells of a patch on an axis
_CELL = 32  # pixels, of a network without a grid of its own
_EVERY = 200  # images between reports


def write_pseudo_scores(
    images: Sequence[RatedImage],
    path: str | os.PathLike,
    *,
    model: str | os.PathLike,
    patches: int,
    seed: int,
    report: Callable[[str], None] = lambda message: None,
    on_error: Callable[[Path, Exception], None] | None = None,
) -> Path:
    """Write patches of images with pseudo-scores.

    A file of the same images, by name, score and content, network, number and
    seed is left as it is; another is replaced.

    Patches are rectangles of whole cells of the network's grid, drawn
    uniformly by size, then by place.

    Args:
        images: The images.
        path: ``.npz`` to write, for
            `kiqa.training.paq2piq.tasks.read_patch_scores`.
        model: Name or file of a WaDIQaM without reference, or of a ``lite``,
            higher is better, on the scale 0..1.
        patches: Patches of each image.
        seed: Seed of their places, with the image's number.
        report: Called with a line about the progress.
        on_error: Called with the file and the error of an image that is left
            out; ``None`` raises it, and looks at all sizes first.

    Returns:
        The path.

    Raises:
        ValueError: If the model is another one, or an image cannot be read or
            has less than 2x2 cells of its grid; the message names it.
        OSError: If the file cannot be written.
    """
    path = Path(path)
    info = read_info(find_weights(model))
    asked = text_sha256(repr((info.sha256, patches, seed, [(p.name, p.score) for p in images])))
    contents = contents_sha256(image.path for image in images)
    if path.is_file() and _is_of(path, asked, contents):
        return path
    look, cell = _looker(info)
    if on_error is None:
        for image in images:
            check_sides(image.path, upright_size(image.path), _CELLS[0] * cell)
    rows = []
    for number, image in enumerate(images):
        rng = np.random.default_rng([seed, number])
        try:
            pixels = load_image(image.path).pixels
            check_sides(image.path, pixels.shape, _CELLS[0] * cell)
            grid = [side // cell for side in pixels.shape[:2]]
            cells = list(_rectangles(grid, patches, rng))
            edges = cell * np.array([[c.start, r.start, c.stop, r.stop] for r, c in cells])
            scores = np.clip(image.score + 100 * look(pixels)(cells, edges), 0, 100)
        except (ValueError, OSError) as error:
            if on_error is None:
                raise
            on_error(Path(image.path), error)
            continue
        rows += [(image.name, *four, score) for four, score in zip(edges, scores, strict=True)]
        if (number + 1) % _EVERY == 0:
            report(f"pseudo-scores of {number + 1} of {len(images)} images")
    if not rows:
        raise ValueError(
            f"Expected images of which patches are taken. Received: 0 of {len(images)}."
        )
    with replacing(path) as temporary, open(temporary, "wb") as file:
        columns = map(np.array, zip(*rows, strict=True))
        arrays = dict(zip(COLUMNS, columns, strict=True))
        about = {"asked": asked, "contents": contents}
        np.savez_compressed(file, allow_pickle=False, **about, **arrays)
    return path


def _looker(info):
    """A function of an image to what rates rectangles of it; a cell's pixels.

    What rates them is a function of cells and of edges in pixels to differences from the image.
    """
    if not info.higher_is_better or info.scale != "0..1" or info.details.mode == "wadiqam-fr":
        raise ValueError(
            "Expected a network without reference, 0..1, higher is better. Received: "
            f"{info.name}, {info.scale}. Use wadiqam_nr or lite."
        )
    if info.details.mode == "lite":
        return _lite_looker(LiteRater(load_model(info.path), info=info)), _CELL
    pooler = PatchPooler(load_model(info.path), info=info)
    return _pooling_looker(pooler), pooler.patch


def _pooling_looker(pooler):
    def look(pixels):
        pooled = pooler.pool(pixels)
        quality = pooled.quality.values
        weight = np.ones_like(quality) if pooled.weight is None else pooled.weight.values
        whole = weighted_average(quality, weight)

        def rate(cells, edges):
            here = [weighted_average(quality[cell], weight[cell]) for cell in cells]
            return np.array(here) - whole

        return rate

    return look


def _lite_looker(rater):
    def look(pixels):
        height, width = pixels.shape[:2]

        def rate(cells, edges):
            scores = rater.rate(pixels, np.concatenate([[[0, 0, width, height]], edges]))
            return scores[1:].astype(np.float64) - float(scores[0])

        return rate

    return look


def _is_of(path, asked, contents):
    """Whether a file is of the same network, images, number and seed."""
    wanted = {"asked": asked, "contents": contents}
    with np.load(path, allow_pickle=False) as file:
        return {key: str(file[key]) for key in wanted if key in file} == wanted


def _rectangles(shape, count, rng):
    least, most = _CELLS
    for _ in range(count):
        sides = [int(rng.integers(least, min(most, length) + 1)) for length in shape]
        starts = [
            int(rng.integers(length - side + 1)) for length, side in zip(shape, sides, strict=True)
        ]
        yield tuple(slice(start, start + side) for start, side in zip(starts, sides, strict=True))
