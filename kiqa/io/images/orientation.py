"""The eight EXIF orientations of an image, and back.

Public names: :func:`turned_upright`, :func:`turned_back`.
"""

import numpy as np


def turned_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn pixels as stored to how they are to be shown.

    Args:
        pixels: Shape ``(H, W, ...)``.
        orientation: EXIF orientation, 1..8. 5 to 8 swap the axes; then the
            image is mirrored.

    Returns:
        A view of the pixels.
    """
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    return _mirrored(pixels, orientation)


def turned_back(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn upright pixels to how a file with this orientation stores them.

    Args:
        pixels: Upright, shape ``(H, W, ...)``.
        orientation: EXIF orientation, 1..8.

    Returns:
        A view: `turned_upright` of it is ``pixels``.
    """
    pixels = _mirrored(pixels, orientation)
    return pixels.swapaxes(0, 1) if orientation >= 5 else pixels


def _mirrored(pixels, orientation):
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
