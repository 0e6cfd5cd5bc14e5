"""Maps on their own, and the windows that make them.

Public names: :func:`plot_map`, :func:`plot_windows`, :func:`plot_window_diagram`,
:func:`scale_label`.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle

from kiqa.io.map_files import QualityMap
from kiqa.io.scales import limits as scale_limits
from kiqa.plotting.figures import axes_or_new
from kiqa.plotting.labels import literal

_FIRST, _NEXT, _SHOWN = "C1", "C0", "C2"  # colours of windows


def plot_map(
    quality_map: QualityMap,
    *,
    limits: tuple[float, float] | None = None,
    cmap: str = "magma",
    label: str = "",
    title: str = "",
    colorbar: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw a map cell by cell, on a fixed scale.

    Args:
        quality_map: The map.
        limits: Values at the two ends of the colour scale; ``None`` takes the
            ends of the map's own scale.
        cmap: Name of a matplotlib colour map.
        label: Of the colour scale, such as `scale_label`.
        title: Of the axes.
        colorbar: Whether to add the scale beside the axes.
        ax: Axes to draw on.

    Returns:
        The axes, in cells.
    """
    ax = axes_or_new(ax)
    low, high = scale_limits(quality_map.scale) if limits is None else limits
    drawn = ax.imshow(quality_map.values, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize="medium")
    if colorbar:
        bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02, shrink=0.85)
        bar.set_label(label)
    return ax


def scale_label(quality_map: QualityMap) -> str:
    """Say what the colours of a map mean: the model, its scale, and the better end."""
    direction = "higher" if quality_map.higher_is_better else "lower"
    name = f"{literal(quality_map.model)} quality" if quality_map.model else "quality"
    return f"{name} ({quality_map.scale}, {direction} is better)"


def plot_windows(
    pixels: np.ndarray,
    *,
    stride: int,
    window: int,
    shown: tuple[int, int] = (0, 0),
    ax: Axes | None = None,
) -> Axes:
    """Draw the first windows of a sliding-window map on the image.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``, sides at least
            ``window + stride``.
        stride: Pixels between windows.
        window: Side of a window in pixels.
        shown: Row and column of one further window, in cells.
        ax: Axes to draw on.

    Returns:
        The axes, in pixel coordinates: the first window, its neighbours to
        the right and below, the distances marked, and ``shown``.
    """
    height, width = pixels.shape[:2]
    ax = axes_or_new(ax)
    ax.imshow(pixels)
    for row, column, color in ((0, 1, _NEXT), (1, 0, _NEXT), (0, 0, _FIRST), (*shown, _SHOWN)):
        corner = (column * stride - 0.5, row * stride - 0.5)
        _outline(ax, corner, window, color)
    step = max(height, width) * 0.03
    _measure(ax, (-0.5, -step), (window - 0.5, -step), f"window {window}", above=True)
    low = height - 0.5 + step
    side = width - 0.5 + step
    _measure(ax, (-0.5, low), (stride - 0.5, low), f"stride {stride}", above=False)
    for x in (-0.5, stride - 0.5):
        ax.plot([x, x], [window, low], color="white", lw=0.6, ls=":")
    ax.set(xlim=(-0.5, side), ylim=(low + 2 * step, -3 * step))
    ax.set_axis_off()
    return ax


def _outline(ax, corner, side, color):
    """A square that can be seen on any image."""
    for line, ink in ((3.5, "white"), (1.8, color)):
        ax.add_patch(Rectangle(corner, side, side, fill=False, lw=line, ec=ink))


def _measure(ax, start, end, text, *, above):
    """A line with ends and its length."""
    ends = {"arrowstyle": "|-|,widthA=0.25,widthB=0.25", "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", start, end, arrowprops=ends)
    ax.annotate(
        text,
        (start[0], start[1]),
        xytext=(0, 5 if above else -5),
        textcoords="offset points",
        ha="left",
        va="bottom" if above else "top",
        fontsize="small",
    )


def plot_window_diagram(pixels: np.ndarray, quality_map: QualityMap, *, window: int) -> Figure:
    """Show how windows become the cells of a map (thesis, Fig. 9).

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``, the map's image.
        quality_map: Map of at least two rows and columns, 0..1.
        window: Side of a window in pixels.

    Returns:
        A figure of two axes: the image with windows, and the map; one
        window is joined to its cell.

    Raises:
        ValueError: If the map has fewer than two rows or columns.
    """
    rows, columns = quality_map.values.shape
    if min(rows, columns) < 2:
        raise ValueError(
            f"Expected a map of at least two rows and columns, received {rows}x{columns}. "
            "Take a larger image or a smaller stride."
        )
    height, width = pixels.shape[:2]
    tall = min(max(4.0 * height / width + 0.9, 2.6), 10.0)
    figure = Figure(figsize=(10, tall), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    shown = rows // 2, 2 * columns // 3
    stride = quality_map.stride
    plot_windows(pixels, stride=stride, window=window, shown=shown, ax=left)
    left.set_title(f"image, {width} x {height} pixels", fontsize="medium")
    plot_map(
        quality_map,
        label=scale_label(quality_map),
        title=f"map, {columns} x {rows} cells: floor((side - {window}) / {stride}) + 1",
        ax=right,
    )
    cell = (shown[1] - 0.5, shown[0] - 0.5)
    _outline(right, cell, 1, _SHOWN)
    centre = [index * stride + (window - 1) / 2 for index in shown]
    figure.add_artist(
        ConnectionPatch(
            (centre[1] + window / 2, centre[0]),
            (shown[1], shown[0]),
            "data",
            "data",
            axesA=left,
            axesB=right,
            arrowstyle="->",
            color=_SHOWN,
            lw=1.2,
        )  # fmt: skip
    )
    return figure
