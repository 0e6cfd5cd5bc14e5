"""The blur effect of scikit-image: how little a blur changes what is blurred already.

Public names: `blur`, `LEAST_SIDE`.

References:
    F. Crete et al., The blur effect: perception and estimation with a new
    no-reference perceptual blur metric, Human Vision and Electronic Imaging
    2007.
"""

import numpy as np
from skimage.measure import blur_effect

from kiqa.comparators.luminance import check_side

LEAST_SIDE = 11  # the length of the blur that is tried


def blur(image: np.ndarray) -> float:
    """Return the blur effect of an image.

    Args:
        image: RGB ``uint8`` of shape (H, W, 3), at least `LEAST_SIDE` a side.

    Returns:
        0..1, lower is sharper; 1 for an image without any structure.

    Raises:
        ValueError: If the image is too small.

    Examples:
        >>> from skimage import data
        >>> image = data.chelsea()
        >>> round(blur(image), 2)
        0.4
    """
    check_side(image, LEAST_SIDE, name="blur_effect")
    return float(blur_effect(image, h_size=LEAST_SIDE, channel_axis=-1))
