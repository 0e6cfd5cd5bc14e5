"""Blocks of 8x8 pixels, as strong compression by JPEG leaves them.

Steps between neighbouring pixels are folded by their place modulo 8. In a
blocked image the steps at one place, the border of the blocks, are higher than
the others. The grid may begin anywhere: an image may have been cropped.

Public names: `blockiness`.
"""

import cv2
import numpy as np

_PERIOD = 8  # of JPEG's blocks
_LARGEST = 1024  # pixels a side that are looked at
_EDGE = 20.0  # levels; higher steps are edges of the content, and count as this
_LEAST = 4.0  # levels, added to both sides of the ratio: finer steps are not seen


def blockiness(pixels: np.ndarray) -> float | None:
    """Return how far borders of blocks stand out.

    Args:
        pixels: RGB ``uint8`` of shape (H, W, 3), at its own size; of large
            images the middle is looked at.

    Returns:
        Mean step across the borders over the mean step elsewhere, less 1; 0
        without blocks. ``None`` for less than 64 pixels a side.
    """
    if min(pixels.shape[:2]) < 64:
        return None
    top, left = (max(0, (side - _LARGEST) // 2) for side in pixels.shape[:2])
    part = np.ascontiguousarray(pixels[top : top + _LARGEST, left : left + _LARGEST])
    gray = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.mean([_excess(gray), _excess(gray.T)]))


def _excess(gray):
    """Along the rows."""
    steps = np.minimum(np.abs(np.diff(gray, axis=1)), _EDGE).mean(axis=0)
    steps = steps[: len(steps) // _PERIOD * _PERIOD].reshape(-1, _PERIOD).mean(axis=0)
    border = int(steps.argmax())
    return (steps[border] + _LEAST) / (np.delete(steps, border).mean() + _LEAST) - 1
