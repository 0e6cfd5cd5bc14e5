"""The linear regression of DeepBIQ and CORNIA."""

import numpy as np
import pytest

from kiqa.comparators.learned.fit_linear import fit_linear


@pytest.fixture(scope="module")
def rated():
    """Features of very different ranges, one of them constant, and scores linear in two."""
    rng = np.random.default_rng(5)
    features = rng.normal(size=(200, 12)) * np.logspace(-2, 2, 12) + 3
    features[:, 4] = 7
    mos = 0.5 + 10 * (features[:, 0] - 3) - 1e-3 * features[:, 11] + rng.normal(0, 0.01, 200)
    return features, mos


def test_it_finds_a_linear_rule(rated):
    """The function is of features as they are; what is held out is ranked."""
    features, mos = rated
    grid = {"c": (0.01, 1.0), "epsilon": (0.01,)}
    linear, chosen = fit_linear(features[:150], mos[:150], (features[150:], mos[150:]), grid=grid)
    found = (features[150:] @ linear.kernel + linear.bias)[:, 0]
    assert chosen["val_srocc"] > 0.97
    np.testing.assert_allclose(found, mos[150:], atol=0.1)
    assert np.abs(found - mos[150:]).mean() < 0.03


def test_validation_images_choose(rated):
    """The better of two penalties."""
    features, mos = rated
    held_out = features[150:], mos[150:]
    both = {"c": (1e-9, 0.1), "epsilon": (0.01,)}
    _, chosen = fit_linear(features[:150], mos[:150], held_out, grid=both)
    each = [
        fit_linear(features[:150], mos[:150], held_out, grid={**both, "c": (c,)})[1]["val_srocc"]
        for c in both["c"]
    ]
    assert chosen["val_srocc"] == max(each) and each[0] != each[1]


def test_nothing_to_try_is_refused(rated):
    """The grid is named."""
    features, mos = rated
    with pytest.raises(ValueError, match="values of c and epsilon"):
        fit_linear(features, mos, (features, mos), grid={"c": (), "epsilon": ()})
