"""Support vector regression: optimality, the tube, a known function."""

import numpy as np
import pytest

from kiqa.training.rnn_biqa import support_vectors
from kiqa.training.rnn_biqa.support_vectors import fit_support_vectors


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    inputs = rng.normal(0, 3, (120, 2)) + 5
    targets = np.sin(inputs[:, 0] / 3) + 0.1 * rng.normal(size=120)
    return inputs, targets


def test_learns_a_function(data):
    """Better than the mean, on points it has not seen."""
    inputs, targets = data
    fitted = fit_support_vectors(inputs[:90], targets[:90], c=10, epsilon=0.05)
    error = np.abs(fitted.predict(inputs[90:]) - targets[90:]).mean()
    assert error < 0.4 * np.abs(targets[90:] - targets[:90].mean()).mean()


def test_solution_is_optimal(data):
    """Karush-Kuhn-Tucker: outside the tube at the bound, inside it no weight, else on its edge."""
    inputs, targets = data
    c, epsilon = 0.5, 0.1
    fitted = fit_support_vectors(inputs, targets, c=c, epsilon=epsilon)
    standard = (inputs - fitted.mean) / fitted.deviation
    weights = np.zeros(len(targets))
    for vector, weight in zip(fitted.vectors, fitted.weights, strict=True):
        weights[np.flatnonzero((standard == vector).all(axis=1))] = weight
    off = targets - fitted.predict(inputs)
    slack = 2e-3
    assert (np.abs(off[weights == 0]) <= epsilon + slack).all()
    free = (np.abs(weights) > 1e-3) & (np.abs(weights) < c - 1e-3)
    np.testing.assert_allclose(off[free], epsilon * np.sign(weights[free]), atol=slack)
    bound = np.abs(weights) >= c - 1e-9
    assert (off[bound] * np.sign(weights[bound]) >= epsilon - slack).all()
    assert free.any() and bound.any() and (weights == 0).any()


def test_hard_fits_are_finished(data, monkeypatch):
    """A narrow tube needs more than 500 iterations; what does not converge is refused."""
    inputs = np.random.default_rng(1).normal(size=(200, 5))
    targets = np.sin(inputs[:, 0]) + 0.3 * inputs[:, 1] * inputs[:, 2]
    options = {"c": 100, "epsilon": 0.001}
    fitted = fit_support_vectors(inputs, targets, **options)
    off = np.abs(targets - fitted.predict(inputs))
    assert off.max() < 0.005
    monkeypatch.setattr(support_vectors, "_ITERATIONS", 20)
    with pytest.raises(ValueError, match="converges within 20 iterations.*smaller --svr-c"):
        fit_support_vectors(inputs, targets, **options)


def test_within_the_tube_there_are_no_vectors(data):
    """A tube wider than the targets needs no vector and predicts their mean."""
    inputs, targets = data
    fitted = fit_support_vectors(inputs, targets, c=1, epsilon=10)
    assert len(fitted.weights) == 0
    np.testing.assert_allclose(fitted.predict(inputs), targets.mean())


def test_refuses_what_is_not_finite(data):
    """And shapes that do not belong together."""
    inputs, targets = data
    with pytest.raises(ValueError, match="finite"):
        fit_support_vectors(np.where(inputs > 5, np.nan, inputs), targets, c=1, epsilon=1)
    with pytest.raises(ValueError, match=r"\(n, f\)"):
        fit_support_vectors(inputs, targets[:3], c=1, epsilon=1)
