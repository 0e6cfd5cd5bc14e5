"""From Pillow's image to an array by strips, so that nothing is held twice.

Used by `kiqa.io.images` only.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image

_STRIP_PIXELS = 1 << 18


def heights(width: int, height: int) -> list[tuple[int, int]]:
    """Return first and last row (exclusive) of each strip of a quarter of a megapixel."""
    step = max(1, _STRIP_PIXELS // width)
    return [(top, min(top + step, height)) for top in range(0, height, step)]


def by_strips(image: Image.Image, function: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """Apply a function of pixels to strips of an image.

    Args:
        image: Pillow image, decoded.
        function: From an image of the same mode, without its palette and
            metadata, to uint8 of shape ``(H, W, 3)``.

    Returns:
        What the function makes of the whole image. May be read-only.
    """
    shape, parts = (image.height, image.width, 3), heights(image.width, image.height)
    if len(parts) == 1:
        return np.broadcast_to(function(image), shape)
    pixels = np.empty(shape, np.uint8)
    for top, bottom in parts:
        strip = Image.new(image.mode, (image.width, bottom - top))
        # Not Image.crop, which obeys a global limit of pixels.
        strip.paste(image, (0, -top))
        pixels[top:bottom] = function(strip)
    return pixels
