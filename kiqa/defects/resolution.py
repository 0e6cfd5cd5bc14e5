"""How many pixels an image really has: those that carry detail.

An enlarged image has as many pixels as one likes, and no details finer than it
had before. In photographs the power of details falls with the square of their
frequency. Here it is weighted by a little more than the square, so that fine
details count more than coarse ones, and noise not too much.

Public names: `effective_side`.

References:
    D. J. Field, Relations between the statistics of natural images and the
    response properties of cortical cells, JOSA A 4(12), 2379-2394, 1987.
"""

import numpy as np
from scipy import fft

_WEIGHT = 2.5  # exponent of the frequency
_HELD = 0.9  # part of the weighted detail that lies below the frequency looked for
_WHOLE = _HELD ** (1 / (_WEIGHT - 1))  # that frequency of a full photograph, over the highest
_BINS = 64


def effective_side(gray: np.ndarray) -> float | None:
    """Return the short side that the details of an image would need.

    Args:
        gray: ``float32`` of shape (H, W), 0..255.

    Returns:
        Pixels, at most the short side. ``None`` for a plane of one level.
    """
    height, width = gray.shape
    window = np.hanning(height + 2)[1:-1, None] * np.hanning(width + 2)[None, 1:-1]
    power = np.abs(fft.rfft2(((gray - gray.mean()) * window).astype(np.float32))) ** 2
    down, across = fft.fftfreq(height)[:, None], fft.rfftfreq(width)[None]
    squared = (down**2 + across**2).astype(np.float32)
    inside = squared <= 0.25
    bins = np.minimum((np.sqrt(squared[inside]) * 2 * _BINS).astype(int), _BINS - 1)
    detail = np.bincount(bins, (power * squared ** (_WEIGHT / 2))[inside], _BINS) / np.maximum(
        np.bincount(bins, minlength=_BINS), 1
    )
    total = detail.sum()
    if total <= 1e-6 * gray.size:
        return None
    held = np.cumsum(detail) / total
    at = int(np.searchsorted(held, _HELD))
    before = held[at - 1] if at else 0.0
    place = at + (_HELD - before) / max(held[at] - before, 1e-12)
    return float(min(1.0, place / _BINS / _WHOLE) * min(gray.shape))
