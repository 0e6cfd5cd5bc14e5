"""What no map is made of."""

import numpy as np
import pytest


@pytest.fixture(
    params=[
        (np.zeros((31, 40, 3), np.uint8), "at least 32x32 pixels.* Received: 40x31"),
        (np.zeros((64, 64), np.uint8), "RGB.*shape"),
        (np.zeros((64, 64, 3), np.float32), "float32"),
    ],
    ids=["too small", "not RGB", "not uint8"],
)
def no_image(request):
    """Pixels that a model of patches of 32x32 refuses, and what it says."""
    return request.param
