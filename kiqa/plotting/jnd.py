"""Bitrates of two codecs where a difference is just noticeable.

Public names: :func:`plot_jnd_panels`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_SAVES: dict[str, Any] = {"color": "C0", "marker": "o", "label": "VarJPEG smaller"}
_NOT: dict[str, Any] = {"color": "C1", "marker": "x", "label": "JPEG smaller, or equal"}
_DIFFERENCE = "JPEG − VarJPEG at the JND (bpp)"


def plot_jnd_panels(table: Sequence[Mapping], axes: Sequence[Axes] | None = None) -> np.ndarray:
    """Plot the comparison of VarJPEG with JPEG at the JND in four panels.

    (a) JPEG's bitrate against VarJPEG's, both axes alike, with the diagonal;
    JPEG less VarJPEG (b) against the share of the VarJPEG file that is
    overhead, (c) against the source's bitrate, (d) against the MOS. Above the
    diagonal and above zero lie the images that benefit.

    Args:
        table: Rows of `kiqa.varjpeg.jnd.jnd_table`; those without a saving
            are not drawn, those without a MOS not in (d).
        axes: Four axes to draw on, in any shape.

    Returns:
        The axes, shape ``(4,)``. A fresh figure has them in two rows. Panel
        (d) says so if no image has a MOS.

    Raises:
        ValueError: If there are not four axes.

    References:
        Thesis, Figs. 15 and 16.
    """
    if axes is None:
        axes = Figure(figsize=(9.6, 8.4), layout="constrained").subplots(2, 2)
    panes = np.asarray(axes, object).reshape(-1)
    if panes.size != 4:
        raise ValueError(f"Expected four axes, received {panes.size}.")
    rows = [row for row in table if row["saving_bpp"] is not None]
    saving, ours, theirs, overhead, source = (
        np.array([row[name] for row in rows], float)
        for name in ("saving_bpp", "varjpeg_bpp", "jpeg_bpp", "overhead_share", "source_bpp")
    )
    mos = np.array([np.nan if row.get("mos") is None else row["mos"] for row in rows], float)
    first, *others = panes
    _scatter(first, ours, theirs, saving)
    end = 1.05 * max(*ours, *theirs) if rows else 1.0
    first.plot([0, end], [0, end], color="gray", lw=0.8, ls=":", zorder=0)
    ticks = [tick for tick in MaxNLocator(6).tick_values(0, end) if tick <= end]
    first.set(xticks=ticks, yticks=ticks, xlim=(0, end), ylim=(0, end), aspect="equal")
    first.set(xlabel="VarJPEG at the JND (bpp)", ylabel="JPEG at the JND (bpp)")
    first.set_title(f"(a) {len(rows)} images", fontsize="medium")
    if rows:
        first.legend(fontsize="small", loc="lower right")
    panels = (
        ("(b) overhead", 100 * overhead, "overhead in the VarJPEG file (%)"),
        ("(c) source", source, "source image (bpp)"),
        ("(d) MOS", mos, "MOS"),
    )
    for ax, (title, values, label) in zip(others, panels, strict=True):
        known = ~np.isnan(values)
        _scatter(ax, values[known], saving[known], saving[known])
        ax.axhline(0, color="gray", lw=0.8, ls=":", zorder=0)
        ax.set(xlabel=label, ylabel=_DIFFERENCE)
        missing = f", {known.sum()} of {len(rows)} images" if not known.all() else ""
        ax.set_title(title + missing, fontsize="medium")
        if not known.any():
            ax.set(xticks=[], yticks=[])
            ax.text(0.5, 0.6, f"no image with {label}", ha="center", transform=ax.transAxes)
    return panes


def _scatter(ax: Axes, x: np.ndarray, y: np.ndarray, saving: np.ndarray) -> None:
    """Draw points, marked by whether VarJPEG saves."""
    for style, chosen in ((_SAVES, saving > 0), (_NOT, saving <= 0)):
        if chosen.any():
            label = f"{style['label']} ({chosen.sum()})"
            line: dict[str, Any] = {"linestyle": "", "markersize": 5, "alpha": 0.7}
            ax.plot(x[chosen], y[chosen], **(style | line | {"label": label}))
