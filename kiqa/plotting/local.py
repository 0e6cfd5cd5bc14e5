"""Local ground truth, and how well maps agree with it.

Public names: :func:`plot_boxes`, :func:`plot_local_ground_truth`,
:func:`plot_auc_boxes`, :func:`plot_roc_curves`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from kiqa.evaluation.roc import roc_auc, roc_curve
from kiqa.plotting.figures import axes_or_new
from kiqa.plotting.labels import literal

_POINTS = 500  # drawn of a ROC curve, which has one for each distinct value
_FILLED = 0.8  # share of a threshold's place that its boxes take


def plot_boxes(
    pixels: np.ndarray,
    boxes: Mapping[str, Sequence[Sequence[int]]],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the boxes of the participants on the image (thesis, Fig. 10 a).

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        boxes: For each participant the boxes, as in
            `kiqa.data.local_quality.vote_map`; one colour a participant.
        ax: Axes to draw on.

    Returns:
        The axes, in pixel coordinates, titled with the numbers of boxes,
        participants, and those who marked nothing.
    """
    height, width = pixels.shape[:2]
    ax = axes_or_new(ax)
    ax.imshow(pixels)
    for number, own in enumerate(boxes.values()):
        for box in own:
            left, top, right, bottom = box[:4]
            corner = (left - 0.5, top - 0.5)  # pixel centres are integers
            ax.add_patch(
                Rectangle(
                    corner, right - left, bottom - top, fill=False, lw=1.5, ec=f"C{number % 10}"
                )
            )
    without = sum(len(own) == 0 for own in boxes.values())
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[], yticks=[])
    ax.set_title(
        f"{sum(map(len, boxes.values()))} boxes of {len(boxes)} participants, {without} without",
        fontsize="medium",
    )
    return ax


def plot_local_ground_truth(
    truth: np.ndarray,
    *,
    ax: Axes | None = None,
    colorbar: bool = True,
    title: str = "ground truth",
) -> Axes:
    """Draw a post-processed quality map on the fixed scale 0..1 (Fig. 10 b).

    Args:
        truth: Shape ``(H, W)``, as from
            `kiqa.data.local_quality.ground_truth`.
        ax: Axes to draw on.
        colorbar: Whether to add the labelled scale beside the axes.
        title: Title of the axes.

    Returns:
        The axes, in pixel coordinates.
    """
    ax = axes_or_new(ax)
    drawn = ax.imshow(truth, cmap="magma", vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize="medium")
    if colorbar:
        bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02, shrink=0.8)
        bar.set_label("quality (0..1, higher is better)")
    return ax


def plot_auc_boxes(summary: Mapping, *, ax: Axes | None = None) -> Axes:
    """Plot the AUCs of the images against the threshold of the ground truth.

    Quartile boxes with a line at the median, whiskers to the farthest value
    within 1.5 interquartile ranges, dots beyond; one colour a predictor.

    Args:
        summary: Result of `kiqa.evaluation.local.summary.summarise`.
        ax: Axes to draw on.

    Returns:
        The axes; the ticks name the thresholds and below them the number of
        images that have an AUC there.

    References:
        Thesis, Fig. 11.
    """
    predictors = summary["predictors"]
    columns = [len(result["thresholds"]) for result in predictors.values()]
    ax = axes_or_new(ax, (max(6.4, 1.5 + 0.32 * sum(columns)), 4.8))
    width = _FILLED / len(predictors)
    for number, result in enumerate(predictors.values()):
        shift = (number - (len(predictors) - 1) / 2) * width
        places = {i: entry for i, entry in enumerate(result["thresholds"]) if entry["images"]}
        ax.bxp(
            [_drawn_box(entry) for entry in places.values()],
            positions=[place + shift for place in places],
            widths=0.85 * width,
            patch_artist=True,
            manage_ticks=False,
            boxprops={"facecolor": f"C{number}", "alpha": 0.7},
            medianprops={"color": "black"},
            flierprops={"marker": ".", "markeredgecolor": f"C{number}", "markersize": 4},
        )
    first = next(iter(predictors.values()))["thresholds"]
    names = [f"{entry['threshold']:g}\nn = {entry['images']}" for entry in first]
    ax.set_xticks(range(len(first)), names)
    ax.axhline(0.5, color="gray", lw=0.8, ls=":", zorder=0)
    ax.set(xlim=(-0.6, len(first) - 0.4), ylim=(-0.03, 1.03))
    ax.set(xlabel="threshold of the ground truth, images with both classes", ylabel="ROC-AUC")
    handles = [
        Patch(facecolor=f"C{i}", alpha=0.7, label=literal(name))
        for i, name in enumerate(predictors)
    ]
    ax.legend(handles=handles, fontsize="small", loc="lower left")
    return ax


def _drawn_box(entry):
    return {
        "q1": entry["q1"],
        "med": entry["median"],
        "q3": entry["q3"],
        "whislo": entry["low"],
        "whishi": entry["high"],
        "fliers": entry["outliers"],
    }


def plot_roc_curves(
    predictions: Mapping[str, np.ndarray], positive: np.ndarray, *, ax: Axes | None = None
) -> Axes:
    """Plot the ROC curve of each predictor's map of one image.

    Args:
        predictions: For each predictor its map, shape ``(H, W)``, higher is
            better.
        positive: Boolean array of that shape, True = good quality.
        ax: Axes to draw on.

    Returns:
        The axes; the legend names the areas, which are exact. Of longer
        curves 500 points are drawn.

    Raises:
        ValueError: As `kiqa.evaluation.roc.roc_curve`.
    """
    ax = axes_or_new(ax, (5.2, 5.0))
    for name, values in predictions.items():
        false, true, _ = roc_curve(values, positive)
        if false.size > _POINTS:  # evenly along the way from (0, 0) to (1, 1)
            shown = np.searchsorted(false + true, np.linspace(0, 2, _POINTS))
            shown = np.unique(np.minimum(shown, false.size - 1))
            false, true = false[shown], true[shown]
        ax.plot(false, true, label=f"{literal(name)}, AUC {roc_auc(values, positive):.3f}")
    ax.plot([0, 1], [0, 1], color="gray", lw=0.8, ls=":")
    ax.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.legend(fontsize="small", loc="lower right")
    return ax
