"""The VQEG logistic fits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiqa.evaluation import logistic as module
from kiqa.evaluation.correlation import plcc
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


# The two of twelve images whose five-parameter fit ended at 0.750, that of four at 0.870.
_GAP = (
    [0.6, 0.3, 0.0, 0.0, 0.8, 0.9, 0.6, 0.7, 0.5, 0.9, 0.8, 0.0],
    [0.64, -0.486, -0.341, -0.252, 0.766, 1.17, 1.222, 0.798, 1.27, 0.638, 1.101, 0.47],
)


def _fitted(x, y, logistic):
    return abs(plcc(x, y, logistic=logistic))


def test_five_parameters_start_from_four():
    """Where their own starts end in another valley."""
    assert _fitted(*_GAP, 5) > _fitted(*_GAP, 4) > 0.85


def test_five_parameters_have_a_result_where_four_have_one(monkeypatch):
    """Though no descent of theirs converges."""
    descend = module._descended
    monkeypatch.setattr(
        module, "_descended", lambda x, y, start, n: descend(x, y, start, n) if n == 4 else None
    )
    assert _fitted(*_GAP, 5) >= _fitted(*_GAP, 4)


_POINTS = st.lists(
    st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000)), min_size=6, max_size=14
).filter(lambda points: all(len(set(side)) > 1 for side in zip(*points, strict=True)))


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(_POINTS, st.sampled_from([1e-4, 1e-2, 10]), st.sampled_from([1e-3, 0.1, 1]))
def test_no_fit_ends_worse_than_a_smaller_model(points, unit, mos_unit):
    """A line, four parameters, five: each as good as the one before, or better."""
    x, y = (np.array(side, float) for side in zip(*points, strict=True))
    x, y = unit * x, mos_unit * y
    try:
        four = _fitted(x, y, 4)
    except FitError:
        four = 0.0
    five = _fitted(x, y, 5)
    line = _fitted(x, y, None)
    assert five >= max(four, line) - 1e-9
    assert four == 0 or four >= line - 1e-6
    fitted = fit_logistic(x, y, logistic=5)
    assert np.isfinite(fitted).all() and np.isfinite(apply_logistic(fitted, x)).all()


def test_no_convergence_is_an_error(monkeypatch):
    """Evaluations used up give an error with a remedy, never a number."""
    module._remembered.cache_clear()  # of a test that had enough
    monkeypatch.setattr(module, "_MAX_EVALUATIONS", 6)
    with pytest.raises(FitError, match="did not converge.*logistic=None"):
        fit_logistic(*_scores(), logistic=4)


def test_other_numbers_of_parameters_are_refused():
    """Only 4 and 5 parameters exist."""
    with pytest.raises(ValueError, match="logistic=4 or 5 parameters, received 3"):
        fit_logistic(*_scores(), logistic=3)
