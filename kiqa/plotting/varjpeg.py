"""The steps of VarJPEG on one image.

Public names: :func:`plot_steps`.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_LEVELS = 5  # contour lines of block quality


def plot_steps(steps: Any, *, axes: np.ndarray | None = None) -> np.ndarray:
    """Draw the intermediate results of an encoding (thesis, Fig. 14).

    Args:
        steps: A `kiqa.varjpeg.Steps`.
        axes: Six axes to draw on.

    Returns:
        The six axes: the image, its map, the kept pixels, the centroids, the
        blurred centroids, and the decoded image with lines of equal block
        quality.
    """
    height, width = steps.pixels.shape[:2]
    if axes is None:
        figure = Figure(figsize=(11, 11 * 2 / 3 * height / width + 0.8), layout="constrained")
        axes = figure.subplots(2, 3)
    flat = list(np.asarray(axes).flat)
    original = "image" if steps.source_bpp is None else f"image at {steps.source_bpp:.3f} bpp"
    titles = (
        original,
        "quality map, padded",
        f"pruned: {100 * np.mean(steps.kept):.1f} % kept",
        f"{np.sum(steps.impulses)} centroids",
        "blurred centroids, 0 to 1",
        f"block quality, file of {steps.encoded.bpp:.3f} bpp",
    )
    _picture(flat[0], steps.pixels)
    flat[1].imshow(steps.importance, cmap="magma", interpolation="nearest")
    flat[2].imshow(steps.kept, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    _centroids(flat[3], steps.impulses)
    flat[4].imshow(steps.blurred, cmap="gray", vmin=0, vmax=1)
    _contours(flat[5], steps)
    for ax, letter, title in zip(flat, "abcdef", titles, strict=True):
        ax.set(xticks=[], yticks=[], xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
        ax.set_title(f"({letter}) {title}", fontsize="medium")
    return axes


def _picture(ax, pixels):
    ax.imshow(pixels, cmap="gray" if pixels.ndim == 2 else None, vmin=0, vmax=255)


def _centroids(ax: Axes, impulses):
    ax.imshow(np.zeros(impulses.shape, np.uint8), cmap="gray", vmin=0, vmax=1)
    rows, columns = np.nonzero(impulses)
    ax.plot(columns, rows, "o", ms=5, color="white")


def _contours(ax: Axes, steps):
    _picture(ax, steps.decoded)
    lowest, highest = steps.qualities.min(), steps.qualities.max()
    if lowest == highest:  # one quality for all: no line to draw
        ax.set_xlabel(f"quality {lowest} everywhere", fontsize="small")
        return
    levels = np.unique(np.linspace(lowest, highest, _LEVELS + 2)[1:-1].round()) - 0.5
    lines = ax.contour(steps.qualities, levels=levels, cmap="viridis", linewidths=1.4)
    ax.clabel(lines, fmt=lambda level: f"{level + 0.5:.0f}", fontsize="small")
