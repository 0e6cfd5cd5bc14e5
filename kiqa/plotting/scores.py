"""Scores of images against mean opinion scores.

Public names: :func:`plot_scatter`.
"""

import numpy as np
from matplotlib.axes import Axes

from kiqa.evaluation.correlation import fit_logistic, plcc, srocc
from kiqa.evaluation.logistic import apply_logistic
from kiqa.plotting.figures import axes_or_new


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
    ax = axes_or_new(ax)
    ax.plot(predicted, mos, ".", alpha=0.5, markeredgewidth=0)
    line = np.linspace(predicted.min(), predicted.max(), 200)
    ax.plot(line, apply_logistic(fitted, line), color="black", label="fitted logistic")
    ax.set(xlabel="prediction", ylabel="MOS")
    ax.set_title(title, fontsize="medium")
    ax.legend(fontsize="small")
    return ax
