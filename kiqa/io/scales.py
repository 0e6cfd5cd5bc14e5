"""The texts that say what range the values of a model have.

Public name: `limits`.
"""

_WITHOUT_ENDS = {"unknown": (0.0, 1.0), ">=0": (0.0, 30.0)}


def limits(scale: str) -> tuple[float, float]:
    """Return the ends of a scale such as ``"0..1"`` or ``"0..100 DMOS"``.

    A file from elsewhere whose scale is ``"unknown"`` is drawn on 0..1, the
    range of a sigmoid, and an open one (``">=0"``, of FISH) to what the
    aggregator takes for its end.

    Raises:
        ValueError: If the text is no such scale.
    """
    if scale in _WITHOUT_ENDS:
        return _WITHOUT_ENDS[scale]
    low, separator, high = scale.partition(" ")[0].partition("..")
    try:
        ends = float(low), float(high)
    except ValueError:
        separator = ""
    if not separator or not ends[0] < ends[1]:
        raise ValueError(f"Expected a scale such as '0..1'. Received: {scale!r}.")
    return ends
