"""What CNNIQA looks at: gray values less their local mean, over their local deviation.

Mean and deviation are those of the 7x7 pixels around; one is added to the
deviation; borders are mirrored. Patches do not overlap; what is left over right
and below is not looked at.

Public names: `contrast_normalised`, `all_patches`, `LEAST_SIDE`.

References:
    L. Kang et al., CVPR 2014, formula 1 (see `kiqa.models.cnniqa`).
"""

import cv2
import numpy as np

from kiqa.comparators.luminance import check_side
from kiqa.constants import CNNIQA
from kiqa.data.patches import patch_grid
from kiqa.maps.fish import gray_of

LEAST_SIDE = CNNIQA.patch


def contrast_normalised(image: np.ndarray) -> np.ndarray:
    """Return the normalised gray values of an image.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), at least `LEAST_SIDE` a side.

    Returns:
        ``float32`` of shape (H, W, 1), mostly -2..2.

    Raises:
        ValueError: If the image is too small.
    """
    check_side(image, LEAST_SIDE, name="cnniqa")
    gray = gray_of(image)
    window = (CNNIQA.window, CNNIQA.window)

    def smooth(values):
        return cv2.boxFilter(values, cv2.CV_64F, window, borderType=cv2.BORDER_REFLECT)

    mean = smooth(gray)
    deviation = np.sqrt(np.maximum(0, smooth(gray**2) - mean**2))
    return ((gray - mean) / (deviation + 1)).astype(np.float32)[..., None]


def all_patches(image: np.ndarray) -> np.ndarray:
    """Return the patches of an image, row by row.

    Args:
        image: As for `contrast_normalised`.

    Returns:
        ``float32`` of shape (H // 32, W // 32, 32, 32, 1).

    Raises:
        ValueError: As `contrast_normalised`.
    """
    return patch_grid(contrast_normalised(image), patch=CNNIQA.patch, stride=CNNIQA.patch)
