"""Pseudo-scores of patches, where a data set has scores of whole images only.

A network that was trained on the same images' scores says where in an image
the quality is above or below the image's; the image's own score stays what
people said. A patch of an image of MOS m gets m plus the difference between
the network's pooled quality of the patch and of the whole image. No person
rated a patch.

Public names: `write_pseudo_scores`.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kiqa.io.files import replacing
from kiqa.io.images import load_image
from kiqa.io.weights import find_weights, load_model, read_info
from kiqa.maps.wadiqam import PatchPooler, weighted_average
from kiqa.training.paq2piq.tasks import COLUMNS, RatedImage
from kiqa.training.runs.workdir import text_sha256

_CELLS = (2, 6)  # least and most grid cells of a patch on an axis
_EVERY = 200  # images between reports


def write_pseudo_scores(
    images: Sequence[RatedImage],
    path: str | os.PathLike,
    *,
    model: str | os.PathLike,
    patches: int,
    seed: int,
    report: Callable[[str], None] = lambda message: None,
) -> Path:
    """Write patches of images with pseudo-scores.

    A file of the same images, network, number and seed is left as it is;
    another is replaced.

    Patches are rectangles of whole cells of the network's grid, drawn
    uniformly by size, then by place.

    Args:
        images: The images.
        path: ``.npz`` to write, for
            `kiqa.training.paq2piq.tasks.read_patch_scores`.
        model: Name or file of a WaDIQaM without reference, higher is better,
            on the scale 0..1.
        patches: Patches of each image.
        seed: Seed of their places, with the image's number.
        report: Called with a line about the progress.

    Returns:
        The path.

    Raises:
        ValueError: If the model is another one, or an image is smaller than
            two patches of its grid.
        OSError: If the file cannot be written.
    """
    path = Path(path)
    info = read_info(find_weights(model))
    asked = text_sha256(repr((info.sha256, patches, seed, [(p.name, p.score) for p in images])))
    if path.is_file() and _is_of(path, asked):
        return path
    pooler = PatchPooler(load_model(info.path), info=info)
    if pooler.needs_reference or not info.higher_is_better or info.scale != "0..1":
        raise ValueError(
            "Expected a network without reference, 0..1, higher is better. Received: "
            f"{info.name}, {info.scale}. Use wadiqam_nr."
        )
    rows = []
    for number, image in enumerate(images):
        pooled = pooler.pool(load_image(image.path).pixels)
        weight = np.ones_like(pooled.quality.values)
        if pooled.weight is not None:
            weight = pooled.weight.values
        rng = np.random.default_rng([seed, number])
        whole = weighted_average(pooled.quality.values, weight)
        for cells in _rectangles(weight.shape, patches, rng):
            here = weighted_average(pooled.quality.values[cells], weight[cells])
            score = np.clip(image.score + 100 * (here - whole), 0, 100)
            edges = np.array([cells[1].start, cells[0].start, cells[1].stop, cells[0].stop])
            rows.append((image.name, *(edges * pooler.patch), score))
        if (number + 1) % _EVERY == 0:
            report(f"pseudo-scores of {number + 1} of {len(images)} images")
    with replacing(path) as temporary, open(temporary, "wb") as file:
        columns = map(np.array, zip(*rows, strict=True))
        arrays = dict(zip(COLUMNS, columns, strict=True))
        np.savez_compressed(file, asked=asked, allow_pickle=False, **arrays)
    return path


def _is_of(path, asked):
    """Whether a file is of the same network, images, number and seed."""
    with np.load(path, allow_pickle=False) as file:
        return "asked" in file and str(file["asked"]) == asked


def _rectangles(shape, count, rng):
    least, most = _CELLS
    if min(shape) < least:
        raise ValueError(
            f"Expected an image of at least {least}x{least} grid cells. Received: "
            f"{shape[1]}x{shape[0]}. Leave it out."
        )
    for _ in range(count):
        sides = [int(rng.integers(least, min(most, length) + 1)) for length in shape]
        starts = [
            int(rng.integers(length - side + 1)) for length, side in zip(shape, sides, strict=True)
        ]
        yield tuple(slice(start, start + side) for start, side in zip(starts, sides, strict=True))
