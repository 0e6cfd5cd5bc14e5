"""A network as a row of cuboids.

Public names: :func:`plot_architecture`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from kiqa.plotting.figures import axes_or_new

_GAP = 1.2  # between cuboids, in the unit of the figure
_THIN = 0.25  # width of a vector
_SLANT = 0.35  # of the third axis
_COLOURS = {"convolution": "#9ecae1", "pooling": "#fdae6b", "dense": "#a1d99b",
            "recurrent": "#bcbddc"}  # fmt: skip
_OTHER = "#d9d9d9"


def plot_architecture(stages: Sequence[Mapping[str, Any]], *, ax: Axes | None = None) -> Axes:
    """Draw the outputs of a network's stages from left to right (thesis, Figs. 7 and 12).

    Heights and depths grow with the logarithm of the sides, widths with that of
    the channels.

    Args:
        stages: Each with ``name``, ``kind`` (``"convolution"``, ``"pooling"``,
            ``"dense"``, ``"recurrent"`` or another) and ``shape`` of its output
            for one image, ``(rows, columns, channels)``, ``(steps, values)`` of a
            sequence, or ``(values,)``.
        ax: Axes to draw on.

    Returns:
        The axes: below each cuboid its shape, above it its name.

    Raises:
        ValueError: If there is no stage, or a shape is of another kind.
    """
    if not stages or any(len(stage["shape"]) not in (1, 2, 3) for stage in stages):
        raise ValueError(
            "Expected stages with shapes (rows, columns, channels), (steps, values) or (values,). "
            "Received: "
            f"{[tuple(stage['shape']) for stage in stages]}."
        )
    ax = axes_or_new(ax, (0.75 * len(stages), 3.4))
    left, highest = 0.0, 0.0
    for stage in stages:
        height, depth, width = _sides(stage["shape"])
        _cuboid(ax, left, width, height, depth, _COLOURS.get(stage["kind"], _OTHER))
        middle = left + width / 2
        text = " x ".join(str(side) for side in stage["shape"])
        ax.text(middle, -0.6, text, ha="right", va="top", fontsize=7, rotation=40,
                rotation_mode="anchor")  # fmt: skip
        ax.text(middle, height + _SLANT * depth + 0.5, stage["name"], ha="left", va="bottom",
                fontsize=7, rotation=40)  # fmt: skip
        left += width + _SLANT * depth + _GAP
        highest = max(highest, height + _SLANT * depth)
    ax.set(xlim=(-4, left + 2), ylim=(-4.5, highest + 4.5))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def _sides(shape):
    """Height, depth and width of a cuboid."""
    if len(shape) == 1:
        return float(np.log2(shape[0] + 1)), 0.0, _THIN
    if len(shape) == 2:
        steps, values = shape
        return float(np.log2(values + 1)), 0.0, float(np.log2(steps + 1) / 3)
    rows, columns, channels = shape
    return float(np.log2(rows + 1)), float(np.log2(columns + 1)), float(np.log2(channels + 1) / 3)


def _cuboid(ax, left, width, height, depth, colour):
    """Front, top and side."""
    shift = _SLANT * depth
    right = left + width
    faces = [
        ([(left, 0), (right, 0), (right, height), (left, height)], 1.0),
        ([(left, height), (right, height), (right + shift, height + shift),
          (left + shift, height + shift)], 0.7),
        ([(right, 0), (right + shift, shift), (right + shift, height + shift), (right, height)],
         0.5),
    ]  # fmt: skip
    for corners, opacity in faces:
        ax.add_patch(Polygon(corners, facecolor=colour, edgecolor="0.3", lw=0.5, alpha=opacity))
