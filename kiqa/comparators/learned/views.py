"""What the learned comparators' common body looks at: an image, resampled or in crops.

- NIMA: the whole image as a square of 224x224 pixels, whatever its aspect. The
  authors train on random crops of 256x256; here training sees this view, too.
- KonCept512: the whole image at 512x384 pixels, or as many of its own aspect.
- DeepBIQ: crops of 224x224 at full resolution, evenly spaced along the diagonal;
  the authors draw up to 30 at random. A smaller image is first enlarged.

Images shrink by OpenCV's area relation and grow bicubically.

Public names: `VIEWS`, `LEAST_SIDE`, `nima_views`, `koncept512_views`,
`deepbiq_views`.

References:
    Talebi and Milanfar 2018; Hosu et al. 2020; Bianco et al. 2018 (see
    `kiqa.constants`).
"""

import math

import numpy as np

from kiqa.comparators.luminance import check_side
from kiqa.constants import DEEPBIQ, KONCEPT512, NIMA
from kiqa.data.resizing import resampled

LEAST_SIDE = 32  # ours: one cell of the body


def nima_views(image: np.ndarray) -> np.ndarray:
    """Return the whole image as a square.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), at least `LEAST_SIDE` a side.

    Returns:
        ``uint8`` of shape (1, 224, 224, 3).

    Raises:
        ValueError: If the image is too small.
    """
    check_side(image, LEAST_SIDE, name="nima")
    return resampled(image, NIMA.side, NIMA.side)[None]


def koncept512_views(image: np.ndarray) -> np.ndarray:
    """Return the whole image with as many pixels as 512x384 have.

    Args:
        image: As for `nima_views`.

    Returns:
        ``uint8`` of shape (1, h, w, 3); sides are at least `LEAST_SIDE`.

    Raises:
        ValueError: As `nima_views`.
    """
    check_side(image, LEAST_SIDE, name="koncept512")
    factor = math.sqrt(KONCEPT512.pixels / (image.shape[0] * image.shape[1]))
    height, width = (max(LEAST_SIDE, round(side * factor)) for side in image.shape[:2])
    return resampled(image, height, width)[None]


def deepbiq_views(image: np.ndarray) -> np.ndarray:
    """Return crops of an image.

    Args:
        image: As for `nima_views`.

    Returns:
        ``uint8`` of shape (crops, 224, 224, 3).

    Raises:
        ValueError: As `nima_views`.
    """
    check_side(image, LEAST_SIDE, name="deepbiq")
    side, (height, width) = DEEPBIQ.side, image.shape[:2]
    factor = max(1.0, side / min(height, width))
    image = resampled(image, max(side, round(height * factor)), max(side, round(width * factor)))
    rows, columns = (
        np.linspace(0, length - side, DEEPBIQ.crops).round().astype(int)
        for length in image.shape[:2]
    )
    crops = [
        image[row : row + side, column : column + side]
        for row, column in zip(rows, columns, strict=True)
    ]
    return np.stack(crops)


VIEWS = {"deepbiq": deepbiq_views, "koncept512": koncept512_views, "nima": nima_views}
