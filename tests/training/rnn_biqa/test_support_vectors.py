"""Support vector regression: recorded predictions, optimality, the tube, a known function."""

import numpy as np
import pytest

from kiqa.training.rnn_biqa.support_vectors import fit_support_vectors

# Of the solver that kiqa had before scikit-learn's, by (c, epsilon), for the data of `_recorded`.
# Its bias was penalised, scikit-learn's is free: predictions differ by less than _TOLERANCE.
RECORDED = {
    (1, 0.02): [0.54800, 0.30525, 0.54733, 0.40295, 0.46845, 0.66151, 0.41917, 0.51053],
    (0.1, 0.02): [0.50645, 0.36227, 0.52068, 0.44371, 0.48841, 0.58292, 0.45094, 0.51769],
    (1, 0.1): [0.54068, 0.37192, 0.54786, 0.44744, 0.46745, 0.63105, 0.45873, 0.48327],
}
_TOLERANCE = 1e-3  # scores are in 0..1


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    inputs = rng.normal(0, 3, (120, 2)) + 5
    targets = np.sin(inputs[:, 0] / 3) + 0.1 * rng.normal(size=120)
    return inputs, targets


def _recorded():
    """Features like those of images, and scores; the last eight are predicted."""
    rng = np.random.default_rng(0)
    inputs = rng.gamma(2, 1, (200, 40))
    noise = 0.3 * rng.normal(size=200)
    targets = 1 / (1 + np.exp(-(inputs[:, 0] - inputs[:, 1]) / 2 + noise))
    return inputs[:160], targets[:160], inputs[160:168]


@pytest.mark.parametrize("options", RECORDED)
def test_predictions_are_those_of_the_earlier_solver(options):
    """Eight new images, three settings."""
    inputs, targets, new = _recorded()
    c, epsilon = options
    predicted = fit_support_vectors(inputs, targets, c=c, epsilon=epsilon).predict(new)
    np.testing.assert_allclose(predicted, RECORDED[options], atol=_TOLERANCE)


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
    weights = np.zeros(len(targets))
    weights[fitted[-1].support_] = fitted[-1].dual_coef_[0]
    assert abs(weights.sum()) < 1e-9
    off = targets - fitted.predict(inputs)
    slack = 2e-3
    assert (np.abs(off[weights == 0]) <= epsilon + slack).all()
    free = (np.abs(weights) > 1e-3) & (np.abs(weights) < c - 1e-3)
    np.testing.assert_allclose(off[free], epsilon * np.sign(weights[free]), atol=slack)
    bound = np.abs(weights) >= c - 1e-9
    assert (off[bound] * np.sign(weights[bound]) >= epsilon - slack).all()
    assert free.any() and bound.any() and (weights == 0).any()


def test_inputs_are_standardised_and_the_kernel_is_the_mean_difference(data):
    """``exp(-|a - b|**2 / f)`` of standardised inputs, by hand; a constant input is no error."""
    inputs, targets = data
    options = {"c": 1, "epsilon": 0.02}
    fitted = fit_support_vectors(inputs, targets, **options)
    standard = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    machine = fitted[-1]
    squares = np.sum((standard[:, None] - standard[None, machine.support_]) ** 2, axis=2)
    expected = np.exp(-squares / 2) @ machine.dual_coef_[0] + machine.intercept_
    np.testing.assert_allclose(fitted.predict(inputs), expected, rtol=1e-9)
    constant = fit_support_vectors(np.pad(inputs, [(0, 0), (0, 1)]), targets, **options)
    assert np.isfinite(constant.predict(np.pad(inputs, [(0, 0), (0, 1)]))).all()


def test_hard_fits_are_finished():
    """A narrow tube with a high bound."""
    inputs = np.random.default_rng(1).normal(size=(200, 5))
    targets = np.sin(inputs[:, 0]) + 0.3 * inputs[:, 1] * inputs[:, 2]
    fitted = fit_support_vectors(inputs, targets, c=100, epsilon=0.001)
    off = np.abs(targets - fitted.predict(inputs))
    assert off.max() < 0.005


def test_within_the_tube_there_are_no_vectors(data):
    """A tube wider than the targets needs no vector and predicts one number within it."""
    inputs, targets = data
    fitted = fit_support_vectors(inputs, targets, c=1, epsilon=10)
    assert len(fitted[-1].support_) == 0
    predicted = fitted.predict(inputs)
    assert np.ptp(predicted) == 0 and targets.min() <= predicted[0] <= targets.max()


def test_refuses_what_is_not_finite(data):
    """And shapes that do not belong together."""
    inputs, targets = data
    with pytest.raises(ValueError, match="finite"):
        fit_support_vectors(np.where(inputs > 5, np.nan, inputs), targets, c=1, epsilon=1)
    with pytest.raises(ValueError, match=r"\(n, f\)"):
        fit_support_vectors(inputs, targets[:3], c=1, epsilon=1)
