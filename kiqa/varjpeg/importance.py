"""Where an image matters: any map, mask or fixations as one array, and its upper part.

Steps i and ii of the thesis: a map with one value per pixel, and the pixels
above its 90th percentile.

Public names: :class:`FixationPoints`, :func:`importance_of`, :func:`pruned`.

References:
    Thesis, section 6.2.1.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from kiqa.constants import VARJPEG
from kiqa.io.map_files import QualityMap


class FixationPoints(NamedTuple):
    """Where people looked: whole pixel rows and columns, each of shape ``(n,)``."""

    rows: np.ndarray
    columns: np.ndarray


def importance_of(
    source: QualityMap | FixationPoints | np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Bring anything that says where an image matters to one form.

    Args:
        source: A `QualityMap` of the image, in either direction; or real
            numbers of shape ``(H, W)``, higher is more important; or a mask
            of booleans; or `FixationPoints`.
        size: ``(H, W)`` of the image in pixels.

    Returns:
        Shape ``(H, W)``. ``bool`` for masks and fixations, whose true pixels
        are not pruned; otherwise ``float32``, higher is more important. A
        quality map is padded with its worst value where it has no cell; one
        whose lower values are better is turned round first.

    Raises:
        ValueError: If size or kind do not fit, a value is not finite or a
            fixation lies outside.
    """
    if isinstance(source, QualityMap):
        if tuple(source.image_size) != tuple(size):
            raise ValueError(
                f"Expected a quality map of an image of {size[1]}x{size[0]} pixels, received one "
                f"of {source.image_size[1]}x{source.image_size[0]}. Map the image as it is coded."
            )
        return _padded(source)
    if isinstance(source, FixationPoints):
        return _fixated(source, size)
    array = np.asarray(source)
    kind = array.dtype.kind
    if array.shape != tuple(size) or kind not in "bfiu" or not np.all(np.isfinite(array)):
        raise ValueError(
            f"Expected finite numbers or booleans of shape {tuple(size)}, one for each pixel of "
            f"the image, received {array.dtype} of shape {array.shape}. Pass a QualityMap, an "
            "array of the image's size or FixationPoints."
        )
    return array if kind == "b" else array.astype(np.float32)


def _padded(quality_map):
    values = np.asarray(quality_map.values, np.float32)
    values = values if quality_map.higher_is_better else -values
    # The thesis pads with zeros, the worst value of a map on 0..1.
    worst = 0 if quality_map.higher_is_better and np.min(values) >= 0 else np.min(values)
    return replace(quality_map, values=values - worst).pad_to_image() + worst


def _fixated(points, size):
    rows, columns = (np.asarray(axis) for axis in points)
    shapes = rows.ndim == 1 and rows.shape == columns.shape
    inside = shapes and all(
        axis.dtype.kind in "iu" and np.all((axis >= 0) & (axis < side))
        for axis, side in zip((rows, columns), size, strict=True)
    )
    if not inside:
        raise ValueError(
            f"Expected whole rows in 0..{size[0] - 1} and columns in 0..{size[1] - 1} of equal "
            f"number, received shapes {rows.shape} and {columns.shape}. Drop fixations outside "
            "the image and round the others."
        )
    mask = np.zeros(size, bool)
    mask[rows, columns] = True
    return mask


def pruned(importance: np.ndarray, *, percentile: float = VARJPEG.percentile) -> np.ndarray:
    """Keep the pixels above a percentile of the map.

    Args:
        importance: Of `importance_of`, shape ``(H, W)``.
        percentile: In 0..100. The thesis keeps at most 10 %.

    Returns:
        ``bool`` of the same shape: true where the value lies strictly above,
        so that ties never keep more; nothing of a flat map. A mask is
        returned as it is.
    """
    if importance.dtype == bool:
        return importance
    if not 0 <= percentile <= 100:
        raise ValueError(
            f"Expected a percentile in 0..100, received {percentile!r}. The thesis uses "
            f"{VARJPEG.percentile:g}."
        )
    return importance > np.percentile(importance, percentile)
