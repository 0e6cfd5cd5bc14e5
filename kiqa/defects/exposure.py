"""Light: areas clipped at white, how bright the brightest areas are, and the contrast.

Small lights, such as reflections on metal, are clipped in good images too and
show that the rest is not too dark. So areas count only from a size on, and the
brightest part is looked for in a smoothed image.

Public names: `clipped_area`, `brightest`, `contrast`.
"""

import cv2
import numpy as np

_WHITE = 253  # level at and above which a channel counts as clipped
_SMALL = 9  # pixels: what is narrower is a light, not an area
_SMOOTH = 9  # pixels a side
_BRIGHT = 0.98
_ENDS = (0.02, 0.98)


def clipped_area(pixels: np.ndarray) -> float:
    """Return how much of an image is clipped at white.

    Args:
        pixels: RGB ``uint8`` of shape (H, W, 3).

    Returns:
        Part of the area, 0..1, in which some channel is at its end, without
        what is narrower than 9 pixels.
    """
    mask = (pixels.max(axis=2) >= _WHITE).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_SMALL, _SMALL))
    return float(cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel).mean())


def brightest(gray: np.ndarray) -> float:
    """Return how bright the brightest areas are.

    Args:
        gray: ``float32`` of shape (H, W), 0..255.

    Returns:
        Level, 0..255, that 2 % of the image are above, after a mean over
        9x9 pixels.
    """
    return float(np.quantile(cv2.blur(gray, (_SMOOTH, _SMOOTH)), _BRIGHT))


def contrast(gray: np.ndarray) -> float:
    """Return the contrast.

    Args:
        gray: As for `brightest`.

    Returns:
        Levels, 0..255, between the 2 % and the 98 % of the values.
    """
    low, high = np.quantile(gray, _ENDS)
    return float(high - low)
