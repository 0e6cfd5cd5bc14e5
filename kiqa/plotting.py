"""Pictures: an axes comes in, the same axes goes out; no pyplot state.

Without ``ax`` a fresh figure is made; reach it through ``ax.figure`` and
write it with :func:`save_figure`.

Public names: :func:`plot_overlay`, :func:`plot_loss_curves`,
:func:`plot_label_histograms`, :func:`plot_patch_sheet`,
:func:`plot_scatter`, :func:`save_figure`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from kiqa.evaluation.correlation import fit_logistic, plcc, srocc
from kiqa.evaluation.logistic import apply_logistic
from kiqa.io.map_files import QualityMap
from kiqa.io.whole_files import replacing

_DRAWN = 1500  # larger photographs are averaged down about to this many pixels a side
_HALF_CONTRAST = {"vmin": -128, "vmax": 383, "interpolation": "bilinear"}
_MID_GRAY = np.array([0.5, 0.5, 0.5, 1.0])
_METADATA = {  # without version and date, so that equal pictures are equal files
    ".png": {"Software": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
_BINS = np.linspace(-0.025, 1.025, 22)  # tenths, the crowd's labels, lie mid-bin
_GAP = 4  # white pixels between the patches of a sheet
_CAPTION = 14  # white pixels above each patch for its label


def plot_overlay(
    pixels: np.ndarray,
    quality_map: QualityMap,
    *,
    ax: Axes | None = None,
    alpha: float = 0.6,
    colorbar: bool = True,
    limits: tuple[float, float] = (0.0, 1.0),
    cmap: str = "magma",
) -> Axes:
    """Lay a quality map over its photograph.

    The photograph is drawn gray and at half contrast, so that colour means
    quality only. Each cell covers the ``stride`` x ``stride`` pixels round
    its centre; the border, where no window has its centre, stays uncovered.
    The colour scale is fixed, never stretched to the map, so two pictures
    compare.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        quality_map: Map of that image.
        ax: Axes to draw on.
        alpha: Opacity of the map, 0-1.
        colorbar: Whether to add the labelled scale beside the axes, in the
            colours of the map over mid-gray.
        limits: Values at the two ends of the colour scale.
        cmap: Name of a matplotlib colour map.

    Returns:
        The axes, in pixel coordinates of the photograph.

    Raises:
        ValueError: If the map was made from an image of another size.
    """
    size = tuple(pixels.shape[:2])
    if size != tuple(quality_map.image_size):
        raise ValueError(
            f"Expected the photograph of the map, {quality_map.image_size} (height, width), "
            f"received {size}. Read it with kiqa.load_image, which turns it upright."
        )
    height, width = size
    ax = _axes(ax, (7.2, min(max(6.2 * height / width, 2.0), 12.0)))
    step = max(1, max(size) // _DRAWN)
    gray = Image.fromarray(pixels).convert("L").reduce(step)
    shown = (-0.5, gray.width * step - 0.5, gray.height * step - 0.5, -0.5)
    ax.imshow(gray, cmap="gray", extent=shown, **_HALF_CONTRAST)
    rows, columns = quality_map.values.shape
    first = quality_map.offset - quality_map.stride / 2
    right, bottom = (first + cells * quality_map.stride for cells in (columns, rows))
    norm = Normalize(*limits)
    ax.imshow(
        quality_map.values,
        cmap=cmap,
        norm=norm,
        alpha=alpha,
        interpolation="auto",  # sharp cells; averages where cells are smaller than dots
        extent=(first, right, bottom, first),
    )
    ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[], yticks=[])
    if colorbar:
        seen = ListedColormap(alpha * colormaps[cmap](np.arange(256)) + (1 - alpha) * _MID_GRAY)
        bar = ax.figure.colorbar(
            ScalarMappable(norm, seen), ax=ax, extend=_extend(quality_map.values, limits), pad=0.02
        )
        bar.set_label(_scale_label(quality_map))
    return ax


def _extend(values, limits):
    below, above = np.min(values) < limits[0], np.max(values) > limits[1]
    return ("neither", "min", "max", "both")[int(below) + 2 * int(above)]


def _scale_label(quality_map):
    direction = "higher" if quality_map.higher_is_better else "lower"
    name = f"{quality_map.model} quality" if quality_map.model else "quality"
    return f"{name} ({quality_map.scale}, {direction} is better)"


def plot_loss_curves(
    histories: Sequence[Mapping[str, Sequence[float]]], *, ax: Axes | None = None
) -> Axes:
    """Plot training and validation loss per epoch of several instances.

    One colour an instance: training dashed, validation solid, a dot at the
    epoch of the least validation loss.

    Args:
        histories: For each instance ``loss`` and ``val_loss``, one value an
            epoch, as in Keras's ``History.history``.
        ax: Axes to draw on.

    Returns:
        The axes; epochs count from 1.

    Raises:
        ValueError: If there is no instance, or one lacks a curve.

    References:
        Thesis, Fig. 8 (there training and validation in two panels).
    """
    if not histories:
        raise ValueError("Expected at least one history, received none. Train an instance first.")
    ax = _axes(ax)
    for number, history in enumerate(histories, 1):
        missing = [name for name in ("loss", "val_loss") if name not in history]
        if missing:
            raise ValueError(
                f"Expected 'loss' and 'val_loss' in the history of instance {number}, received "
                f"{', '.join(history)}. Train with validation data."
            )
        loss, validation = np.asarray(history["loss"]), np.asarray(history["val_loss"])
        epochs = np.arange(1, len(loss) + 1)
        (line,) = ax.plot(epochs, validation, label=f"instance {number}")
        ax.plot(epochs, loss, "--", color=line.get_color(), alpha=0.7)
        if np.any(np.isfinite(validation)):  # a diverged instance has no best epoch
            best = int(np.nanargmin(validation))
            ax.plot(epochs[best], validation[best], "o", color=line.get_color())
    ax.plot([], [], "k-", label="validation")
    ax.plot([], [], "k--", alpha=0.7, label="training")
    ax.plot([], [], "ko", label="best epoch")
    ax.set(xlabel="epoch", ylabel="loss (MSE)", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(fontsize="small", ncols=2)
    return ax


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
    ax = _axes(ax)
    weights = [np.full(g.size, 1 / g.size) for g in groups]
    names = [f"{name} ({g.size:,} patches)" for name, g in zip(labels, groups, strict=True)]
    ax.hist(groups, bins=_BINS, weights=weights, label=names)
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
    ax = _axes(ax, (columns, rows * step_y / step_x))
    for i, patch in enumerate(patches):
        top, left = (i // columns) * step_y + _CAPTION, (i % columns) * step_x
        sheet[top : top + side, left : left + side] = patch
        if labels is not None:
            ax.text(left, top - 2, f"{labels[i]:.2f}", fontsize=7, va="bottom")
    ax.imshow(sheet, interpolation="nearest")
    ax.set_axis_off()
    return ax


def plot_scatter(
    predicted: np.ndarray, mos: np.ndarray, *, logistic: int = 4, ax: Axes | None = None
) -> Axes:
    """Plot MOS against predictions with the fitted logistic.

    Args:
        predicted: Shape ``(N,)``, image scores; refused as by ``plcc``.
        mos: Shape ``(N,)``, mean opinion scores.
        logistic: 4 or 5 parameters of the fitted curve.
        ax: Axes to draw on.

    Returns:
        The axes, titled with SROCC and the fitted PLCC.
    """
    predicted, mos = np.asarray(predicted, float), np.asarray(mos, float)
    title = (
        f"{mos.size} images: SROCC {srocc(predicted, mos):.3f}, "
        f"PLCC {plcc(predicted, mos, logistic=logistic):.3f} (logistic, {logistic} parameters)"
    )
    fitted = fit_logistic(predicted, mos, logistic=logistic)
    ax = _axes(ax)
    ax.plot(predicted, mos, ".", alpha=0.5, markeredgewidth=0)
    line = np.linspace(predicted.min(), predicted.max(), 200)
    ax.plot(line, apply_logistic(fitted, line), color="black", label="fitted logistic")
    ax.set(xlabel="prediction", ylabel="MOS")
    ax.set_title(title, fontsize="medium")
    ax.legend(fontsize="small")
    return ax


def save_figure(figure: Figure | Axes, path: str | os.PathLike, *, dpi: int = 150) -> Path:
    """Write a figure as PNG or PDF, whole or not at all.

    The file carries no date and no version: equal figures, equal bytes on
    one machine.

    Args:
        figure: A figure, or any axes of it.
        path: Target ending in ``.png`` or ``.pdf``; replaced if it exists.
        dpi: Pixels an inch.

    Returns:
        The path written.

    Raises:
        ValueError: If the suffix is another one.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise ValueError(f"Expected a file ending in {' or '.join(_METADATA)}, received {path}.")
    figure = figure.figure if isinstance(figure, Axes) else figure
    with replacing(path) as temporary:
        figure.savefig(temporary, format=suffix[1:], dpi=dpi, metadata=_METADATA[suffix])
    return path


def _axes(ax, size=(6.4, 4.8)):
    return ax if ax is not None else Figure(figsize=size, layout="constrained").add_subplot()
