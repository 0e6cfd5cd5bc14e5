"""Images, patches and scores of a rating study.

Public names: :func:`plot_picture_sizes`, :func:`plot_patches`,
:func:`plot_mos_pairs`, :func:`plot_mos_histograms`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kiqa.evaluation.correlation import plcc
from kiqa.plotting.figures import axes_or_new

_LARGEST_DOT = 400.0  # points squared, of the most frequent size
_COLOURS = ("tab:orange", "tab:cyan", "tab:pink")


def plot_picture_sizes(sizes: Sequence[tuple[int, int]], *, ax: Axes | None = None) -> Axes:
    """Plot widths against heights, a dot for each size that occurs.

    Args:
        sizes: ``(height, width)`` of each image, at least one.
        ax: Axes to draw on.

    Returns:
        The axes; the area of a dot goes with the number of its images.

    Raises:
        ValueError: If there is no image.

    References:
        Ying et al. 2020, Fig. 4.
    """
    if not len(sizes):
        raise ValueError("Expected the sizes of images. Received: none.")
    found, counts = np.unique(np.asarray(sizes), axis=0, return_counts=True)
    ax = axes_or_new(ax)
    area = np.maximum(_LARGEST_DOT * counts / counts.max(), 8)
    ax.scatter(found[:, 1], found[:, 0], s=area, alpha=0.5, linewidths=0)
    ends = 0, 1.08 * found.max()
    ax.set(xlabel="width in pixels", ylabel="height in pixels", xlim=ends, ylim=ends)
    ax.set_aspect("equal")
    ax.set_title(
        f"{len(sizes):,} images, {len(found):,} sizes, at most {counts.max():,} of one",
        fontsize="medium",
    )
    return ax


def plot_patches(
    pixels: np.ndarray,
    rois: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw rectangles on an image.

    Args:
        pixels: RGB ``uint8`` of shape (H, W, 3).
        rois: Of shape (m, 4): left, top, right, bottom in pixels.
        labels: A text for each, ``None`` for none.
        ax: Axes to draw on.

    Returns:
        The axes, in pixel coordinates.

    Raises:
        ValueError: If there are not as many labels as rectangles.

    References:
        Ying et al. 2020, Fig. 5.
    """
    if labels is not None and len(labels) != len(rois):
        raise ValueError(f"Expected {len(rois)} labels. Received: {len(labels)}.")
    ax = axes_or_new(ax)
    ax.imshow(pixels)
    for number, (left, top, right, bottom) in enumerate(np.asarray(rois, float)):
        colour = _COLOURS[number % len(_COLOURS)]
        ax.add_patch(
            Rectangle((left - 0.5, top - 0.5), right - left, bottom - top, fill=False,
                      edgecolor=colour, linewidth=2)
        )  # fmt: skip
        if labels is not None:
            box = {"facecolor": "black", "alpha": 0.6, "pad": 1.5, "linewidth": 0}
            ax.text(left, top, labels[number], color=colour, fontsize="small", va="top", bbox=box)
    ax.set(xticks=[], yticks=[])
    return ax


def plot_mos_pairs(
    first: np.ndarray,
    second: np.ndarray,
    *,
    names: tuple[str, str],
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Plot two mean opinion scores of the same things against each other.

    Args:
        first: Shape (n,), on the horizontal axis.
        second: Shape (n,).
        names: Labels of the two axes.
        title: Stands before number and correlation.
        ax: Axes to draw on.

    Returns:
        The axes, of equal scales, titled with Pearson's correlation (LCC).

    Raises:
        ValueError: As `kiqa.evaluation.correlation.plcc`.

    References:
        Ying et al. 2020, Fig. 7.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    lcc = plcc(first, second, logistic=None)
    ax = axes_or_new(ax, (4.8, 4.8))
    ax.plot(first, second, ".", markersize=4, alpha=0.6, markeredgewidth=0)
    both = np.concatenate([first, second])
    room = 0.03 * np.ptp(both)
    ends = both.min() - room, both.max() + room
    ax.set(xlabel=names[0], ylabel=names[1], xlim=ends, ylim=ends)
    ax.set_aspect("equal")
    ax.set_title(f"{title}{': ' if title else ''}{first.size:,}, LCC {lcc:.3f}", fontsize="medium")
    return ax


def plot_mos_histograms(
    scores: Mapping[str, np.ndarray], *, bins: int = 50, axes: Sequence[Axes] | None = None
) -> list[Axes]:
    """Plot the distributions of mean opinion scores of several data sets.

    Args:
        scores: Scores on 0..100 by the name of the data set.
        bins: Bins over 0..100; scores beyond the ends count in the outer ones.
        axes: One for each data set; ``None`` makes them side by side.

    Returns:
        The axes; heights are shares of the images, equal in scale.

    Raises:
        ValueError: If there is no data set, or one without scores.

    References:
        Ying et al. 2020, Fig. 8.
    """
    groups = {name: np.asarray(values, float).ravel() for name, values in scores.items()}
    if not groups or not all(values.size for values in groups.values()):
        raise ValueError(f"Expected scores of each data set. Received: {list(groups) or 'none'}.")
    if axes is None:
        figure = axes_or_new(None, (3.6 * len(groups), 3.2)).figure
        figure.clear()
        axes = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    for ax, (name, values) in zip(axes, groups.items(), strict=True):
        shares = np.full(values.size, 1 / values.size)
        ax.hist(np.clip(values, 0, 100), np.linspace(0, 100, bins + 1), weights=shares)
        ax.set(xlabel="MOS", xlim=(0, 100))
        ax.set_title(
            f"{name}: {values.size:,}, mean {values.mean():.1f}, SD {values.std():.1f}",
            fontsize="medium",
        )
    axes[0].set_ylabel("share of the images")
    return list(axes)
