"""Networks whose predictions are constant: no gradient will wake them.

Loads no Keras.

Public names: `DeadNetworkError`, `refuse_dead`.
"""

import numpy as np


class DeadNetworkError(RuntimeError):
    """The predictions are constant, or not finite."""


def refuse_dead(predicted: np.ndarray, *, below: float) -> None:
    """Refuse the predictions of a dead network.

    Args:
        predicted: Shape ``(n,)``, on the scale 0..1.
        below: Standard deviation below which they count as constant.

    Raises:
        DeadNetworkError: If they are constant or not finite.
    """
    if not np.isfinite(predicted).all():
        raise DeadNetworkError("predictions are not finite")
    spread = float(np.std(predicted, dtype=np.float64))
    if spread < below:
        raise DeadNetworkError(f"predictions are constant (standard deviation {spread:.1e})")
