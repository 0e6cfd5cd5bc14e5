"""RoIPool: the largest features in each cell of a grid laid over a rectangle.

A rectangle (region of interest, RoI) in pixels becomes a range of feature cells:
its edges divided by the network's stride and rounded, halves away from zero;
the last cell counts as inside, so that no range is empty. The range is cut into
2x2 bins whose edges are rounded outwards: bin j of a side of w cells holds
floor(j w / 2) to ceil((j + 1) w / 2). What lies outside the features is left
out, and a bin of which nothing is left is 0. This is torchvision's rule; the
halves to even of NumPy, TensorFlow and JAX give other cells.

A bin is a rectangle of cells, and its maximum that of four overlapping rectangles
whose sides are powers of two. Maxima of all those are made once from the
features, by doubling; each RoI then costs sixteen look-ups, whatever its size.

Public names: `roi_pool`, `roi_bins`.

References:
    R. Girshick, Fast R-CNN, ICCV 2015, section 2.1; rounding as in
    torchvision's RoIPool.
"""

import math
from typing import Any

from keras import ops

from kiqa.constants import PAQ2PIQ

_TABLES = 2**25  # values of the maxima that are kept at a time: 128 MiB


def roi_pool(
    features: Any,
    rois: Any,
    *,
    bins: int = PAQ2PIQ.bins,
    stride: int = PAQ2PIQ.stride,
    largest: tuple[float, float] | None = None,
) -> Any:
    """Pool the features of rectangles.

    Differentiable by the features. Runs eagerly and in compiled functions on
    every Keras backend; rows and columns of the features must be known.

    Args:
        features: Tensor of shape (n, rows, columns, channels).
        rois: Tensor of shape (n, m, 4): for each image m rectangles (left,
            top, right, bottom) in pixels, from the upper left corner of the
            image; left <= right and top <= bottom.
        bins: Bins a side.
        stride: Pixels between neighbouring features.
        largest: Height and width in pixels that no rectangle exceeds, if
            known: saves time and memory. ``None``: any.

    Returns:
        Tensor of shape (n, m, bins, bins, channels) of the features' type:
        the maximum in each bin, 0 where a bin holds no cell.

    Raises:
        ValueError: If rows or columns of the features are not known.

    References:
        Girshick 2015, section 2.1.
    """
    rows, columns, channels = features.shape[1:]
    if rows is None or columns is None:
        raise ValueError(
            f"Expected features of known rows and columns. Received: shape {features.shape}. Call "
            "it outside of the compiled function, or fix the size of the images."
        )
    corners = ops.split(ops.cast(rois, "float32"), 2, axis=-1)  # left and top, right and bottom
    cells = ops.array([[columns], [rows]], "int32")
    sides = roi_bins(*corners, cells=cells, bins=bins, stride=stride)
    (left, top), (right, bottom) = (ops.unstack(edges, 2, axis=-2) for edges in sides)
    height, width = bottom - top, right - left
    filled = ops.logical_and(_down(height > 0), _across(width > 0))
    levels = [
        _levels(cells if most is None else _most_cells(most, cells, bins=bins, stride=stride))
        for most, cells in zip(largest or (None, None), (rows, columns), strict=True)
    ]
    row_level, column_level = _level(height, levels[0]), _level(width, levels[1])
    picture = ops.reshape(ops.arange(ops.shape(features)[0], dtype="int32"), (-1, 1, 1, 1))
    total = ops.shape(features)[0] * rows * columns

    level = _down(row_level * levels[1]) + _across(column_level)
    start = level * total + picture * (rows * columns)
    rows_of = [_inside(top, rows), _inside(bottom - 2**row_level, rows)]
    columns_of = [_inside(left, columns), _inside(right - 2**column_level, columns)]
    starts = [start + _down(row * columns) for row in rows_of]
    across = [_across(column) for column in columns_of]
    places = [first + column for first in starts for column in across]
    step = channels
    if isinstance(features.shape[0], int):
        values = features.shape[0] * rows * columns * levels[0] * levels[1]
        step = min(channels, max(1, _TABLES // max(values, 1)))
    parts = []
    for at in range(0, channels, step):
        table = _maxima(features[..., at : at + step], levels)
        found = None
        for place in places:
            here = ops.take(table, place, axis=0)
            found = here if found is None else ops.maximum(found, here)
        parts.append(ops.where(filled[..., None], found, ops.zeros_like(found)))
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


def roi_bins(
    low: Any, high: Any, *, cells: Any, bins: int = PAQ2PIQ.bins, stride: int = PAQ2PIQ.stride
) -> tuple[Any, Any]:
    """Return the feature cells of each bin on one axis.

    Args:
        low: Tensor of left (or top) edges in pixels, any shape.
        high: The right (or lower) edges, of the same shape.
        cells: Feature cells on this axis; an array for edges of several axes.
        bins: Bins a side.
        stride: Pixels between neighbouring features.

    Returns:
        ``(first, end)``, integer tensors with an axis of ``bins`` added: bin
        j holds the cells ``first <= cell < end``; none if they are equal.
    """
    begin, last = (
        _rounded(ops.expand_dims(ops.cast(edge, "float32"), -1) / stride) for edge in (low, high)
    )
    length = ops.maximum(last - begin + 1, 1)
    number = ops.arange(bins, dtype="int32")
    first = begin + (number * length) // bins
    end = begin + ((number + 1) * length + bins - 1) // bins
    return ops.clip(first, 0, cells), ops.clip(end, 0, cells)


def _rounded(x):
    """The nearest integers, halves away from zero."""
    size = ops.abs(x)
    whole = ops.floor(size)
    whole = whole + ops.cast(size - whole >= 0.5, x.dtype)
    return ops.cast(ops.sign(x) * whole, "int32")


def _down(values):
    """Numbers of the bins' rows, for all of their columns."""
    return ops.expand_dims(values, -1)


def _across(values):
    """Numbers of the bins' columns, for all of their rows."""
    return ops.expand_dims(values, -2)


def _inside(index, cells):
    """An index that exists, also for bins without a cell."""
    return ops.clip(index, 0, cells - 1)


def _levels(cells):
    """How many powers of two are at most ``cells``."""
    return int(math.log2(cells)) + 1


def _most_cells(side, cells, *, bins, stride):
    """How many cells a bin of a rectangle of a side in pixels can hold."""
    return min(cells, int((side / stride + 2 + bins - 1) / bins) + 1)


def _level(length, levels):
    """The exponent of the largest power of two that is at most a length, 0 for none."""
    level = ops.zeros_like(length)
    for power in range(1, levels):
        level = level + ops.cast(length >= 2**power, length.dtype)
    return level


def _maxima(features, levels):
    """Maxima over 2^i x 2^j cells from each cell on, as rows of one table.

    Level (i, j) is entry ``i * levels[1] + j``; near the lower and right
    border the rectangles are cut.
    """
    channels = features.shape[-1]
    found, down = [], features
    for i in range(levels[0]):
        if i:
            down = _doubled(down, 2 ** (i - 1), axis=1)
        across = down
        for j in range(levels[1]):
            if j:
                across = _doubled(across, 2 ** (j - 1), axis=2)
            found.append(ops.reshape(across, (-1, channels)))
    return found[0] if len(found) == 1 else ops.concatenate(found, axis=0)


def _doubled(x, shift, *, axis):
    """Maxima of each place and the one ``shift`` further, where there is one."""
    size = x.shape[axis]
    before = (slice(None),) * axis
    first, second = x[(*before, slice(0, size - shift))], x[(*before, slice(shift, size))]
    last = x[(*before, slice(size - shift, size))]
    return ops.concatenate([ops.maximum(first, second), last], axis=axis)
