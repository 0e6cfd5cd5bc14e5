"""RoIPool against recorded outputs of torchvision.

Source of the values: ``torchvision.ops.roi_pool`` with ``output_size=2`` and
``spatial_scale=1 / 32``, on the 6x8 map (of 192x256 pixels) whose cells hold 8 * row + column.
"""

import numpy as np
import pytest

from kiqa.models.roi_pool import roi_pool

pytestmark = pytest.mark.parity

# Rectangles (left, top, right, bottom) to the four bins.
EXAMPLES = {
    (0, 0, 256, 192): [28, 31, 44, 47],
    (10, 20, 70, 90): [17, 18, 25, 26],
    (15, 15, 17, 17): [0, 1, 8, 9],
    (16, 16, 48, 48): [9, 10, 17, 18],
    (112, 80, 144, 112): [28, 29, 36, 37],
    (240, 180, 256, 192): [0, 0, 0, 0],
}


@pytest.mark.parametrize(("roi", "cells"), EXAMPLES.items(), ids=str)
def test_examples_of_torchvision(roi, cells):
    """Halves are rounded away from zero, ends count, an empty bin is 0."""
    features = (8 * np.arange(6)[:, None] + np.arange(8)).astype(np.float32)
    found = roi_pool(features[None, ..., None], np.array([[roi]], np.float32))
    np.testing.assert_array_equal(np.asarray(found).reshape(4), cells)
