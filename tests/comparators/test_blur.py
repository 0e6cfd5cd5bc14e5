"""The blur effect."""

import numpy as np
from skimage.measure import blur_effect

from kiqa.comparators.blur import blur


def test_it_is_scikit_images(photo):
    """On the colour image, with the default length; a flat image is all blur."""
    assert blur(photo) == blur_effect(photo, channel_axis=-1)
    assert blur(np.full((30, 30, 3), 9, np.uint8)) == 1
