"""RNN-BIQA's gaze over an image, and the features that it meets.

Public names: :func:`plot_gaze`, :func:`plot_feature_sequence`.
"""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kiqa.constants import RNN_BIQA
from kiqa.maps.gaze import Gaze
from kiqa.maps.rnn_biqa import FeatureSequence
from kiqa.plotting.figures import axes_or_new

_HALF_CONTRAST: dict[str, Any] = {"vmin": -128, "vmax": 383}


def plot_gaze(
    gaze: Gaze, *, half: bool = False, ax: Axes | None = None, cmap: str = "viridis"
) -> Axes:
    """Draw the order in which the patches of one version are looked at.

    The version is drawn gray and at half contrast; each patch is outlined,
    its centre numbered from its place in the whole sequence, and the centres
    are joined. Colours run from the first to the last patch of the version,
    which is from low to high spatial activity.

    Args:
        gaze: From `kiqa.maps.gaze.gaze_of`.
        half: Draw the half-size version, whose patches come first, instead
            of full resolution.
        ax: Axes to draw on.
        cmap: Name of a matplotlib colour map.

    Returns:
        The axes, in pixel coordinates of the version.
    """
    chosen = np.flatnonzero(gaze.version == (0 if half else 1))
    pixels = gaze.versions[0 if half else 1]
    height, width = pixels.shape[:2]
    ax = axes_or_new(ax, (7.2, min(max(6.2 * height / width, 2.0), 12.0)))
    ax.imshow(pixels.mean(axis=2), cmap="gray", **_HALF_CONTRAST)
    centres = gaze.positions[chosen] + (RNN_BIQA.patch - 1) / 2
    ax.plot(centres[:, 1], centres[:, 0], color="black", linewidth=1, alpha=0.5)
    colours = colormaps[cmap](np.linspace(0, 0.9, max(2, len(chosen))))
    side = RNN_BIQA.patch
    for index, (row, column), centre, colour in zip(
        chosen, gaze.positions[chosen], centres, colours, strict=False
    ):
        ax.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), side, side, fill=False, edgecolor=colour, alpha=0.7
            )
        )
        ax.text(
            centre[1],
            centre[0],
            str(index + 1),
            ha="center",
            va="center",
            color="white",
            fontsize="small",
            bbox={"boxstyle": "circle", "facecolor": colour, "edgecolor": "none"},
        )
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[], yticks=[])
    name = "half size" if half else "full resolution"
    ax.set_title(f"{name}: patches {chosen[0] + 1} to {chosen[-1] + 1}", fontsize="medium")
    return ax


def plot_feature_sequence(
    sequence: FeatureSequence, *, ax: Axes | None = None, cmap: str = "magma"
) -> Axes:
    """Draw a feature sequence: a row per patch, in order, a column per feature.

    Features are sorted by their mean and divided by their largest value in
    the sequence, since their scales differ.

    Args:
        sequence: Of one image.
        ax: Axes to draw on.
        cmap: Name of a matplotlib colour map.

    Returns:
        The axes; a line divides the half-size version from full resolution.
    """
    values = sequence.values[:, np.argsort(sequence.values.mean(axis=0))]
    largest = np.abs(values).max(axis=0)
    ax = axes_or_new(ax, (7.2, 3.6))
    picture = ax.imshow(
        values / np.where(largest > 0, largest, 1),
        cmap=cmap,
        aspect="auto",
        vmin=0,
        vmax=1,
        extent=(0.5, values.shape[1] + 0.5, len(values) + 0.5, 0.5),
    )
    if 0 < sequence.low < len(sequence):
        ax.axhline(sequence.low + 0.5, color="white", linewidth=1)
    ax.set(xlabel="feature, by its mean", ylabel="patch, in order")
    ax.figure.colorbar(picture, ax=ax, pad=0.02).set_label("value / largest of the feature")
    return ax
