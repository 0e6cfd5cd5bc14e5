"""Curves of numbers over a setting.

Public names: :func:`plot_curves`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import ScalarFormatter

from kiqa.plotting.figures import axes_or_new


def plot_curves(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    xlabel: str,
    ylabel: str,
    xscale: str = "linear",
    markers: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Plot curves on one axes, each with its name.

    Args:
        curves: By name the places and the values, equally many.
        xlabel: What the places are.
        ylabel: What the values are.
        xscale: ``"linear"``, ``"log"`` (base 2), or ``"symlog"``, which is
            linear from 0 to 1.
        markers: Whether to mark the places.
        ax: Axes to draw on.

    Returns:
        The axes.

    Raises:
        ValueError: If there is no curve, or the lengths of one differ.
    """
    if not curves:
        raise ValueError("Expected at least one curve, received none.")
    ax = axes_or_new(ax)
    for name, (places, values) in curves.items():
        if len(places) != len(values) or not len(values):
            raise ValueError(
                f"Expected a value for each place of {name!r}. Received: {len(places)} places, "
                f"{len(values)} values."
            )
        ax.plot(places, values, marker="o" if markers else None, ms=4, label=name)
    if xscale == "log":
        ax.set_xscale("log", base=2)
    elif xscale == "symlog":
        ax.set_xscale("symlog", base=2, linthresh=1)
    if xscale != "linear":
        ticks = sorted({place for places, _ in curves.values() for place in np.asarray(places)})
        ax.set_xticks(ticks)
        ax.xaxis.set_major_formatter(ScalarFormatter())
        ax.minorticks_off()
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(alpha=0.3)
    ax.legend(fontsize="small")
    return ax
