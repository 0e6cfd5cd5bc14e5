"""Less contrast, and fewer pixels than an image claims to have.

Not among `kiqa.data.distortions.DISTORTIONS`, from which trainings draw: what
has been trained stays as it is.
"""

import cv2
import numpy as np

from kiqa.data.distortions.checks import check_pixels, to_uint8


def low_contrast(
    pixels: np.ndarray, level: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Bring all values nearer to the mean, as haze does.

    Args:
        pixels: RGB ``uint8``, shape ``(H, W, 3)``.
        level: What the distance of each value from the mean of all is
            divided by, at least 1.
        rng: Not used; all distortions share one signature.

    Returns:
        RGB ``uint8`` of the same shape.

    Raises:
        ValueError: If the pixels or the level are not as stated.
    """
    check_pixels(pixels)
    _check(level, "low_contrast")
    mean = pixels.mean()
    return to_uint8(mean + (pixels - mean) / level)


def enlarged(
    pixels: np.ndarray, level: float, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Shrink an image and enlarge it again, by OpenCV's area and bicubic relations.

    Args:
        pixels: As for `low_contrast`.
        level: Factor of the sides, at least 1.
        rng: As for `low_contrast`.

    Returns:
        As `low_contrast`.

    Raises:
        ValueError: As `low_contrast`.
    """
    check_pixels(pixels)
    _check(level, "enlarged")
    height, width = pixels.shape[:2]
    size = max(1, round(width / level)), max(1, round(height / level))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def _check(level, kind):
    if not 1 <= level < np.inf:
        raise ValueError(
            f"Expected a factor of at least 1 for {kind!r}. Received: {level!r}. Use 2, or 3."
        )
