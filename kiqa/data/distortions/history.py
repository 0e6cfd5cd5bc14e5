"""What happens to an image's file and does not change its quality.

An image that was cut by a few pixels, shrunk a little, stored again as a
good JPEG or not compressed at all looks the same to people. A network that was
trained on files of one origin takes such traces for quality, unless it sees
the others too, with the same score.

Public names: `with_history`.
"""

import cv2
import numpy as np

from kiqa.data.distortions.checks import check_pixels, check_rng, encoded

# Ours. Chances, and ranges of what is drawn uniformly.
_CROP_OFTEN, _CROP_SELDOM = (0.945, 1.0), (0.78, 0.945)  # share of the side that stays
_SELDOM = 0.3
_RESIZED, _FACTORS = 0.6, (0.5, 1.0)
_ENCODED, _QUALITIES = 0.6, (70, 100)
_SUBSAMPLINGS = (0, 1, 2)  # Pillow's codes of 4:4:4, 4:2:2 and 4:2:0
_FILTERS = (cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_LANCZOS4, cv2.INTER_CUBIC)
_LEAST_SIDE = 32


def with_history(pixels: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Return an image with another history: cut, size, encoding, mirror.

    The cut begins at any pixel, so that the blocks of an earlier JPEG lie
    off the grid of a later one.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``, sides at least 32.
        rng: Source of randomness.

    Returns:
        RGB ``uint8`` of another shape: the sides keep at least 78 % in the
        cut, then at least half of that; never under 32 pixels.

    Raises:
        ValueError: If the pixels or ``rng`` are not as stated.
    """
    check_pixels(pixels)
    check_rng(rng)
    if min(pixels.shape[:2]) < _LEAST_SIDE:
        raise ValueError(
            f"Expected sides of at least {_LEAST_SIDE} pixels. Received: {pixels.shape[:2]}. Use "
            "larger images."
        )
    share = rng.uniform(*(_CROP_SELDOM if rng.random() < _SELDOM else _CROP_OFTEN))
    height, width = (max(_LEAST_SIDE, round(side * share)) for side in pixels.shape[:2])
    top = int(rng.integers(pixels.shape[0] - height + 1))
    left = int(rng.integers(pixels.shape[1] - width + 1))
    pixels = pixels[top : top + height, left : left + width]
    if rng.random() < _RESIZED:
        factor = max(rng.uniform(*_FACTORS), _LEAST_SIDE / min(height, width))
        size = round(width * factor), round(height * factor)
        kind = _FILTERS[int(rng.integers(len(_FILTERS)))]
        pixels = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=kind)
    if rng.random() < _ENCODED:
        low, high = _QUALITIES
        subsampling = _SUBSAMPLINGS[int(rng.integers(len(_SUBSAMPLINGS)))]
        quality = int(rng.integers(low, high + 1))
        pixels = encoded(pixels, "JPEG", quality=quality, subsampling=subsampling)
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
