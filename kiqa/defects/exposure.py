"""Light: areas clipped at white, how bright the brightest areas are, and the contrast.

What is clipped has lost all texture: a channel is at its end in a pixel and in
those around it. White paper or a white wall, well exposed, has some. Small
lights, such as reflections on metal, show that the rest is not too dark, so
the brightest part is looked for in a smoothed image.

Public names: `clipped_area`, `brightest`, `contrast`.
"""

import cv2
import numpy as np

_CLIPPED = 254.5  # level of the mean of a channel over 3x3 pixels, at and above which it is clipped
_AROUND = 3  # pixels a side
_SMOOTH = 9  # pixels a side
_BRIGHT = 0.98
_ENDS = (0.02, 0.98)


def clipped_area(pixels: np.ndarray) -> float:
    """Return how much of an image is clipped at white.

    Args:
        pixels: RGB ``uint8`` of shape (H, W, 3).

    Returns:
        Part of the area, 0..1, in which some channel is at its end with
        hardly an exception in the 3x3 pixels around.
    """
    around = cv2.blur(pixels.astype(np.float32), (_AROUND, _AROUND))
    return float((around.max(axis=2) >= _CLIPPED).mean())


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
