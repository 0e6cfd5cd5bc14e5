"""The VQEG logistic fits."""

import numpy as np
import pytest

from kiqa.evaluation import logistic as module
from kiqa.evaluation.logistic import FitError, apply_logistic, fit_logistic


def _scores(seed=0, n=300):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, 2 + 3 * np.tanh(x) + rng.normal(0, 0.3, n)


def _residual(x, y, parameters):
    return np.sum((apply_logistic(parameters, x) - y) ** 2)


def test_formulas():
    """Both functions equal their formulas at a point computed by hand."""
    s = 1 / (1 + np.exp(-1.0))
    assert apply_logistic([5, 1, 2, -2], 4.0) == pytest.approx(1 + 4 * s)  # |b4| = 2
    assert apply_logistic([4, 0.5, 2, 3, 1], 4.0) == pytest.approx(4 * (s - 0.5) + 12 + 1)


def test_four_parameters_are_recovered():
    """A curve without noise gives its parameters back."""
    x = np.linspace(-2, 3, 40)
    true = np.array([4.5, 1.2, 0.7, 0.4])
    np.testing.assert_allclose(
        fit_logistic(x, apply_logistic(true, x), logistic=4), true, rtol=1e-4
    )


@pytest.mark.parametrize("logistic", [4, 5])
@pytest.mark.parametrize("scale", [1e-3, 1, 1e4])
@pytest.mark.parametrize("sign", [1, -1])
def test_scale_and_direction_of_predictions_do_not_matter(logistic, scale, sign):
    """Rescaled or reversed predictions are fitted as well as the plain ones."""
    x, y = _scores()
    plain = _residual(x, y, fit_logistic(x, y, logistic=logistic))
    other = _residual(sign * scale * x, y, fit_logistic(sign * scale * x, y, logistic=logistic))
    assert other == pytest.approx(plain, rel=1e-3)


@pytest.mark.parametrize("logistic", [4, 5])
def test_fit_is_at_least_as_good_as_a_line(logistic):
    """On a straight relation with noise the fit loses nothing to a line."""
    rng = np.random.default_rng(0)
    x = rng.random(200)
    y = 3 * x + rng.normal(0, 0.4, 200)
    line = np.sum((np.polyval(np.polyfit(x, y, 1), x) - y) ** 2)
    assert _residual(x, y, fit_logistic(x, y, logistic=logistic)) < 1.01 * line


def test_no_convergence_is_an_error(monkeypatch):
    """Evaluations used up give an error with a remedy, never a number."""
    monkeypatch.setattr(module, "_MAX_EVALUATIONS", 6)
    with pytest.raises(FitError, match="did not converge.*logistic=None"):
        fit_logistic(*_scores(), logistic=4)


def test_other_numbers_of_parameters_are_refused():
    """Only 4 and 5 parameters exist."""
    with pytest.raises(ValueError, match="logistic=4 or 5 parameters, received 3"):
        fit_logistic(*_scores(), logistic=3)
