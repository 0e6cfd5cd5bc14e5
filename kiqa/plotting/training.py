"""How a training went.

Public names: :func:`plot_loss_curves`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from kiqa.plotting.figures import axes_or_new


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
    ax = axes_or_new(ax)
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
