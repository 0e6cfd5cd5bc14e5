"""BRISQUE's regression: the network computes what the support vectors do."""

import numpy as np
import pytest
from sklearn.svm import SVR

from kiqa.comparators.fit_brisque import fit_brisque, regression_of

GRID = {"gamma": (0.02, 0.05), "c": (1.0,), "epsilon": (0.05,)}


@pytest.fixture(scope="module")
def rated():
    """Statistics of very different ranges, and scores that follow from two of them."""
    rng = np.random.default_rng(8)
    statistics = rng.uniform(0, 1, (160, 36)) * np.logspace(-2, 1, 36)
    mos = 0.5 + 0.3 * np.tanh(statistics[:, 35] / 5 - 1) - 4 * statistics[:, 0]
    return statistics, mos + rng.normal(0, 0.02, 160)


def test_the_network_equals_scikit_learns_machine(rated):
    """To 1e-5 on images that it was not fitted on, also beyond the ranges."""
    statistics, mos = rated
    low, high = statistics[:120].min(axis=0), statistics[:120].max(axis=0)

    def scaled(values):
        return 2 * (values - low) / (high - low) - 1

    machine = SVR(C=3.0, gamma=0.1, epsilon=0.02).fit(scaled(statistics[:120]), mos[:120])
    model = regression_of(
        machine.support_vectors_,
        machine.dual_coef_[0],
        float(machine.intercept_[0]),
        gamma=0.1,
        ranges=(low, high),
    )
    others = statistics[120:] * np.linspace(0.8, 1.3, 40)[:, None]
    found = np.asarray(model(others.astype(np.float32)))[:, 0]
    np.testing.assert_allclose(found, machine.predict(scaled(others)), atol=1e-5)


def test_validation_images_choose(rated):
    """The better of the grid is kept, and ranks what it has not seen."""
    statistics, mos = rated
    held_out = statistics[120:], mos[120:]
    model, chosen = fit_brisque(statistics[:120], mos[:120], held_out, grid=GRID)
    assert chosen["val_srocc"] > 0.8 and chosen["gamma"] in GRID["gamma"]
    assert model.get_layer("kernels").units == chosen["vectors"]
    each = [
        fit_brisque(statistics[:120], mos[:120], held_out, grid={**GRID, "gamma": (gamma,)})[1]
        for gamma in GRID["gamma"]
    ]
    assert chosen["val_srocc"] == max(one["val_srocc"] for one in each)


def test_equal_statistics_are_refused(rated):
    """A range of zero could not be scaled."""
    statistics, mos = rated
    statistics = statistics.copy()
    statistics[:, 3] = 1
    with pytest.raises(ValueError, match="160 images of which 1 are equal"):
        fit_brisque(statistics, mos, (statistics, mos))
