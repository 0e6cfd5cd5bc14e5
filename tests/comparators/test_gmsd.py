"""GMSD beyond the recorded values of tests/parity."""

import numpy as np
import pytest

from kiqa.comparators.gmsd import gmsd, gradient_similarity


def test_deviation_of_the_similarity(photo):
    """The score is the sample deviation of the map, which is 1 where nothing changed."""
    image = photo[:60, :81]
    other = image.copy()
    other[:20, :20] = 0
    values = gradient_similarity(other, image)
    assert values.shape == (30, 41)
    np.testing.assert_allclose(values[15:, 15:], 1)
    assert gmsd(other, image) == pytest.approx(values.std(ddof=1))
