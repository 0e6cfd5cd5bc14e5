"""SROCC, PLCC, KROCC and RMSE, and what they refuse."""

import numpy as np
import pytest

from kiqa.evaluation.correlation import METRICS, krocc, plcc, rmse, srocc


def _scores(n=200, noise=0.2, seed=0):
    rng = np.random.default_rng(seed)
    mos = rng.random(n)
    return mos + rng.normal(0, noise, n), mos


def _tau_b(x, y):
    """Kendall's tau-b by its definition."""
    dx, dy = (np.sign(v[:, None] - v[None])[np.triu_indices(len(v), 1)] for v in (x, y))
    return np.sum(dx * dy) / np.sqrt(np.sum(dx != 0) * np.sum(dy != 0))


def _mean_ranks(values):
    """Rank of each value, ties sharing the mean."""
    return np.array([(values < v).sum() + ((values == v).sum() + 1) / 2 for v in values])


def test_plcc_is_pearsons():
    """Raw PLCC equals NumPy's correlation coefficient."""
    x, y = _scores()
    assert plcc(x, y, logistic=None) == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_srocc_is_pearsons_on_mean_ranks():
    """SROCC with ties equals the correlation of the mean ranks."""
    x, y = (np.round(v, 1) for v in _scores())
    assert srocc(x, y) == pytest.approx(np.corrcoef(_mean_ranks(x), _mean_ranks(y))[0, 1])


def test_krocc_counts_pairs():
    """KROCC with ties equals tau-b by its definition."""
    x, y = (np.round(v, 1) for v in _scores())
    assert krocc(x, y) == pytest.approx(_tau_b(x, y))


def test_rmse_by_hand():
    """Errors 3 and 4 give the root of 12.5."""
    assert rmse([3, 4], [0, 0], logistic=None) == pytest.approx(12.5**0.5)


@pytest.mark.parametrize("name", ["srocc", "krocc"])
def test_rank_measures_ignore_increasing_transforms(name):
    """Exponentiated predictions rank alike."""
    x, y = _scores()
    assert METRICS[name](np.exp(5 * x), y) == pytest.approx(METRICS[name](x, y))


@pytest.mark.parametrize("name", ["srocc", "krocc", "plcc"])
def test_negated_predictions_change_the_sign(name):
    """Correlations keep their sign; nothing is turned round silently."""
    x, y = _scores()
    assert METRICS[name](-x, y) == pytest.approx(-METRICS[name](x, y))


@pytest.mark.parametrize("logistic", [4, 5])
def test_fit_undoes_a_logistic(logistic):
    """Predictions bent by an inverse logistic correlate perfectly after the fit."""
    x = np.linspace(-3, 3, 60)
    y = 1 + 4 / (1 + np.exp(-2 * x))
    assert plcc(x, y, logistic=None) < 0.98
    assert plcc(x, y, logistic=logistic) == pytest.approx(1, abs=1e-6)
    assert rmse(x, y, logistic=logistic) < 1e-3


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"rmse"}))
def test_constant_predictions_are_refused(name):
    """A dead network gets no correlation but a message that says so."""
    with pytest.raises(ValueError, match="predictions that differ, received 20 times 0.5"):
        METRICS[name](np.full(20, 0.5), np.arange(20.0))


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"rmse"}))
def test_constant_mos_is_refused(name):
    """Constant MOS is refused and named as such."""
    with pytest.raises(ValueError, match="MOS that differ") as caught:
        METRICS[name](np.arange(20.0), np.full(20, 3.0))
    assert "dead" not in str(caught.value)


def test_rmse_of_a_constant_exists():
    """RMSE of constant predictions is the error of that constant."""
    assert rmse([1, 1, 1], [0, 1, 2], logistic=None) == pytest.approx((2 / 3) ** 0.5)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(name, bad):
    """NaN and infinity are refused with their position, in both inputs."""
    x, y = _scores(20)
    broken = x.copy()
    broken[7] = bad
    with pytest.raises(ValueError, match="finite predictions, received 1 of 20.*position 7"):
        METRICS[name](broken, y)
    with pytest.raises(ValueError, match="finite MOS, received 1 of 20.*position 7"):
        METRICS[name](y, broken)


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("shape", [(19,), (20, 1)], ids=["shorter", "column"])
def test_other_shapes_are_refused(name, shape):
    """Different lengths and (N, 1) columns are refused with both shapes."""
    with pytest.raises(ValueError, match="one shape"):
        METRICS[name](np.arange(np.prod(shape), dtype=float).reshape(shape), np.arange(20.0))


@pytest.mark.parametrize(
    "name, n",
    [
        ("srocc", 2),
        ("krocc", 2),
        ("plcc", 2),
        ("plcc4", 4),
        ("plcc5", 5),
        ("rmse", 0),
        ("rmse5", 5),
    ],
)
def test_too_few_images_are_refused(name, n):
    """Fewer images than the metric can stand on are refused with their number."""
    with pytest.raises(ValueError, match=f"received {n}"):
        METRICS[name](np.arange(float(n)), np.arange(float(n)) ** 2)
