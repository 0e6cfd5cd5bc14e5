"""Images to distort."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter


@pytest.fixture(scope="session")
def smooth():
    """The function ``smooth(height=48, width=72, seed=0)``: RGB without sharp edges."""

    def smooth(height=48, width=72, seed=0):
        noise = np.random.default_rng(seed).normal(size=(height, width, 3))
        return np.clip(128 + 300 * gaussian_filter(noise, (2, 2, 0)), 0, 255).astype(np.uint8)

    return smooth
