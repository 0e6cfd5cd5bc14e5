"""A set of patches: its labels and examples.

Public names: :func:`plot_label_histograms`, :func:`plot_patch_sheet`.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from kiqa.plotting.figures import axes_or_new

_BINS = np.linspace(-0.025, 1.025, 22)  # tenths, the crowd's labels, lie mid-bin
_GAP = 4  # white pixels between the patches of a sheet
_CAPTION = 14  # white pixels above each patch for its label


def plot_label_histograms(labels: Mapping[str, np.ndarray], *, ax: Axes | None = None) -> Axes:
    """Plot the shares of patch labels by labelling rule (thesis, Fig. 17).

    Args:
        labels: Name of the labelling rule to labels in 0-1, for example
            ``{"lab": ..., "crowd": ...}``.
        ax: Axes to draw on.

    Returns:
        The axes; bars are shares of the patches, in bins of 0.05.

    Raises:
        ValueError: If there are no labels or one lies outside 0-1.
    """
    groups = [np.asarray(values, float).ravel() for values in labels.values()]
    if not groups or any(g.size == 0 or not np.all((g >= 0) & (g <= 1)) for g in groups):
        raise ValueError(
            f"Expected labels in 0-1 for each rule, received {len(groups)} rules: "
            f"{', '.join(labels)}. Divide MOS by its range first."
        )
    ax = axes_or_new(ax)
    weights = [np.full(g.size, 1 / g.size) for g in groups]
    names = [f"{name} ({g.size:,} patches)" for name, g in zip(labels, groups, strict=True)]
    ax.hist(groups, bins=_BINS.tolist(), weights=weights, label=names)
    ax.set(xlabel="label (quality score)", ylabel="share of the patches", xlim=(-0.05, 1.05))
    ax.legend(fontsize="small")
    return ax


def plot_patch_sheet(
    patches: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    columns: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Show example patches in rows, each with its label (thesis, 9.2).

    Args:
        patches: RGB ``uint8``, shape ``(N, P, P, 3)``, in reading order.
        labels: Shape ``(N,)``, written above the patches with two decimals;
            ``None`` writes nothing.
        columns: Patches a row.
        ax: Axes to draw on.

    Returns:
        The axes.

    Raises:
        ValueError: If there is no patch or not as many labels as patches.
    """
    n = len(patches)
    if n == 0 or (labels is not None and len(labels) != n):
        raise ValueError(
            f"Expected patches and a label for each, received {n} patches and "
            f"{0 if labels is None else len(labels)} labels. Select both with one index."
        )
    columns = min(columns, n)
    rows = -(-n // columns)
    side = patches.shape[1]
    step_y, step_x = side + _GAP + _CAPTION, side + _GAP
    sheet = np.full((rows * step_y, columns * step_x - _GAP, 3), 255, np.uint8)
    ax = axes_or_new(ax, (columns, rows * step_y / step_x))
    for i, patch in enumerate(patches):
        top, left = (i // columns) * step_y + _CAPTION, (i % columns) * step_x
        sheet[top : top + side, left : left + side] = patch
        if labels is not None:
            ax.text(left, top - 2, f"{labels[i]:.2f}", fontsize=7, va="bottom")
    ax.imshow(sheet, interpolation="nearest")
    ax.set_axis_off()
    return ax
