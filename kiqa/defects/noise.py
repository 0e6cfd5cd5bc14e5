"""How much noise an image has, by its flat blocks.

The image is filtered by the second difference along rows and columns at once,
which leaves noise and fine texture. Blocks of 8x8 pixels are ordered by the
gradients that a smoothed image has in them; the median of the noise's variance
in the flattest ones is the estimate, of the luma and of both chromas.

Public names: `noise_level`.

References:
    J. Immerkaer, Fast noise variance estimation, Computer Vision and Image
    Understanding 64(2), 300-302, 1996: the filter.
"""

import cv2
import numpy as np

_FILTER = np.array([1, -2, 1], np.float32)
_GAIN = 6.0  # of white noise: the root of the sum of the squares of 1 -2 1, -2 4 -2, 1 -2 1
_BLOCK = 8  # pixels a side
_FLATTEST = 0.2  # part of the blocks
_FEWEST = 16  # blocks
_USABLE = 0.05  # part of the blocks that is enough to look at no others
# Part of a block's pixels that may be clipped: strong noise reaches both ends everywhere.
_MAY_BE_CLIPPED = (0.0, 0.1, 0.25, 0.5, 0.75)
_SMOOTH = 3.0  # pixels
_CLIPPED = (3, 252)  # levels at and beyond which noise is cut off
# Rows: Y, Cb, Cr of BT.601 from R, G, B.
_MATRIX = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)
# Standard deviation of each for independent noise of 1 in R, G and B.
_SHARE = np.sqrt((_MATRIX**2).sum(axis=1))


def noise_level(pixels: np.ndarray) -> tuple[float, float] | None:
    """Return how much noise an image has.

    Args:
        pixels: RGB ``uint8`` of shape (H, W, 3).

    Returns:
        Standard deviations in levels of 255, as of independent noise in R, G
        and B: by the luma, and by the chroma that has more. ``None`` where
        nearly all of the image is clipped, or it is smaller than 32 pixels.
    """
    height, width = (side // _BLOCK for side in pixels.shape[:2])
    if min(height, width) < 4:
        return None
    pixels = pixels[: height * _BLOCK, : width * _BLOCK]
    planes = cv2.transform(pixels.astype(np.float32), _MATRIX)
    smooth = cv2.GaussianBlur(planes, (0, 0), _SMOOTH)
    slopes = sum(
        _means(np.square(np.diff(smooth, axis=axis, append=np.take(smooth, [-1], axis))))
        for axis in (0, 1)
    )
    fine = cv2.sepFilter2D(planes, cv2.CV_32F, _FILTER, _FILTER) / _GAIN
    power = _means(np.square(fine))
    clipped = ((pixels <= _CLIPPED[0]) | (pixels >= _CLIPPED[1])).any(axis=2)
    share = _means(clipped.astype(np.float32))
    enough = max(_FEWEST, _USABLE * share.size)
    most = next((most for most in _MAY_BE_CLIPPED if (share <= most).sum() >= enough), None)
    if most is None:
        return None
    usable = share <= most
    order = np.argsort(slopes[usable].sum(axis=1), kind="stable")
    chosen = order[: max(_FEWEST, round(_FLATTEST * len(order)))]
    levels = np.sqrt(np.median(power[usable][chosen], axis=0)) / _SHARE
    return float(levels[0]), float(levels[1:].max())


def _means(values):
    """Means over blocks."""
    height, width = values.shape[0] // _BLOCK, values.shape[1] // _BLOCK
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_AREA)
