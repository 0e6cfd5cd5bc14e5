"""What PaQ-2-PiQ is trained on: images with scores, and patches of them.

Scores of patches come from people, as in LIVE-FB, or, where a data set has
image scores only, from a file of pseudo-scores that another program wrote.

Public names: `RatedImage`, `rated_images`, `read_patch_scores`,
`with_patches`.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kiqa.data.records import ScoredImage
from kiqa.data.tables import read_table
from kiqa.io.arrays import read_npz
from kiqa.maps.paq2piq import check_rois

COLUMNS = ("image_name", "left", "top", "right", "bottom", "score")


@dataclass(frozen=True, eq=False)
class RatedImage:
    """An image to train or validate on.

    Attributes:
        name: Name of the image.
        path: Its file.
        score: What it should be rated, 0..100, higher is better.
        content: Identity of its scene.
        patches: ``float32`` of shape (m, 4): left, top, right, bottom in
            pixels.
        patch_scores: ``float32`` of shape (m,), 0..100.
    """

    name: str
    path: Path
    score: float
    content: str
    patches: np.ndarray
    patch_scores: np.ndarray


def rated_images(records: Sequence[ScoredImage]) -> list[RatedImage]:
    """Make images without patches of scored images.

    Args:
        records: Records of a data set.

    Returns:
        One a record; its score is the MOS on the scale 0..100.
    """
    none = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    return [RatedImage(r.name, r.path, 100 * r.mos01, r.content, *none) for r in records]


def read_patch_scores(path: str | os.PathLike) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read patches and their scores.

    Args:
        path: CSV with the columns ``image_name, left, top, right, bottom,
            score``, or ``.npz`` with arrays of these names and one length.
            Edges are pixels; scores are 0..100, higher is better. An image
            may have any number of patches.

    Returns:
        For each image its patches, (m, 4), and their scores, (m,).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a column is missing or a value is no number, a score
            is outside 0..100, or all are within 0..1, another scale; the
            line is named.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"Expected a file of patch scores. Received: {path}, not there.")
    names, numbers = _columns(path)
    bad = ~np.isfinite(numbers).all(axis=1) | (numbers[:, 4] < 0) | (numbers[:, 4] > 100)
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"Expected finite edges and a score from 0 to 100 in each row of {path}. Received: "
            f"{numbers[first].tolist()} for {str(names[first])!r} (row {first + 1}), and "
            f"{np.count_nonzero(bad) - 1} more such. Correct or remove them."
        )
    if not len(names) or numbers[:, 4].max() <= 1:
        raise ValueError(
            f"Expected scores from 0 to 100 in {path}. Received: {len(names)} rows, "
            f"{'none above 1. Multiply them by 100' if len(names) else 'no patch'}."
        )
    order = np.argsort(names, kind="stable")
    names, numbers = names[order], numbers[order].astype(np.float32)
    firsts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]])
    return {
        str(names[first]): (part[:, :4], part[:, 4])
        for first, part in zip(firsts, np.split(numbers, firsts[1:]), strict=True)
    }


def with_patches(
    images: Sequence[RatedImage],
    patches: Mapping[str, tuple[np.ndarray, np.ndarray]],
    sizes: Sequence[tuple[int, int]],
) -> list[RatedImage]:
    """Add patches to images by name.

    Args:
        images: The images.
        patches: From `read_patch_scores`.
        sizes: ``(height, width)`` of each image.

    Returns:
        The images; those without patches stay as they are.

    Raises:
        ValueError: If no image has patches, or one lies outside of its
            image, is empty or reversed.
    """
    if not any(image.name in patches for image in images):
        raise ValueError(
            f"Expected patches of the images, such as {images[0].name!r}. Received: patches of "
            f"{len(patches)} others, such as {next(iter(patches))!r}. Use the images' names."
        )
    result = []
    for image, size in zip(images, sizes, strict=True):
        if image.name in patches:
            rois, scores = patches[image.name]
            try:
                rois = check_rois(rois, size)
            except ValueError as error:
                raise ValueError(f"Patches of {image.name}: {error}") from error
            image = replace(image, patches=rois, patch_scores=scores)
        result.append(image)
    return result


def _columns(path):
    """Names, and edges and score as numbers, (n, 5), of both forms of the file."""
    if path.suffix.lower() != ".npz":
        rows = [row for _, row in read_table(path, COLUMNS)]
        names = np.array([row["image_name"] for row in rows], str)
        values = [[_number(row[column]) for column in COLUMNS[1:]] for row in rows]
        return names, np.array(values, np.float64).reshape(len(rows), 5)
    try:
        found = read_npz(path, COLUMNS)
        arrays = [found[column] for column in COLUMNS]
        names, numbers = arrays[0].astype(str), np.stack(arrays[1:], axis=1).astype(np.float64)
        if names.shape != numbers.shape[:1] or numbers.ndim != 2:
            raise ValueError(f"names of shape {names.shape}, numbers of shape {numbers.shape}")
    except Exception as error:  # a damaged zip file can raise anything
        raise ValueError(
            f"Expected arrays {', '.join(COLUMNS)} of one length in {path}. Received: {error}."
        ) from error
    return names, numbers


def _number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return math.nan
