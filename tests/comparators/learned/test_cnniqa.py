"""What CNNIQA looks at."""

import numpy as np
import pytest

from kiqa.comparators.learned.cnniqa import all_patches, contrast_normalised
from kiqa.maps.fish import gray_of


def test_values_are_those_of_the_window(photo):
    """At a place inside: the value less the mean of 7x7, over their deviation plus 1."""
    image = photo[:40, :50]
    window = gray_of(image)[17:24, 27:34]
    expected = (window[3, 3] - window.mean()) / (window.std() + 1)
    found = contrast_normalised(image)
    assert found.shape == (40, 50, 1) and found.dtype == np.float32
    assert found[20, 30, 0] == pytest.approx(expected, abs=1e-5)
    assert np.abs(contrast_normalised(np.full_like(image, 200))).max() < 1e-3


def test_patches_do_not_overlap(photo):
    """What is left over is not looked at; a smaller image is refused with the size."""
    image = photo[:70, :100]
    patches = all_patches(image)
    assert patches.shape == (2, 3, 32, 32, 1)
    np.testing.assert_array_equal(patches[1, 2], contrast_normalised(image)[32:64, 64:96])
    with pytest.raises(ValueError, match="32x32 pixels for cnniqa"):
        all_patches(photo[:31])
