"""Statistics of the savings."""

import numpy as np
import pytest

from kiqa.varjpeg.jnd.statistics import SAVINGS, paired_tests


def test_savings_are_plain_statistics():
    """Means and medians of the known values, image by image."""
    saved, jpeg = np.array([[1.0, np.nan, -0.5, 0.0]]), np.array([[4.0, np.nan, 2.0, 1.0]])
    values = {name: float(saving(saved, jpeg)[0]) for name, saving in SAVINGS.items()}
    assert values == {
        "mean saving, bpp": pytest.approx(1 / 6),
        "median saving, bpp": 0,
        "mean saving, %": 0,
        "median saving, %": 0,
        "saving of the mean bpp, %": pytest.approx(100 * 0.5 / 7),
        "images that benefit, %": pytest.approx(100 / 3),
    }


def test_tests_by_hand():
    """Five images, all better: 2 / 2^5 both ways; zeros are left out."""
    tests = paired_tests(np.array([1.0, 2, 3, 4, 5, 0]))
    assert tests == {"wilcoxon_p": 0.0625, "sign_p": 0.0625, "tested": 5}
    assert paired_tests(np.array([-0.25]))["sign_p"] == 1
