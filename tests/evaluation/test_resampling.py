"""Bootstrap intervals of one model and of the difference of two."""

import numpy as np
import pytest

from kiqa.evaluation.bootstrap import bootstrap_interval
from kiqa.evaluation.correlation import METRICS
from kiqa.evaluation.resampling import (
    grouped_draws,
    krocc_rows,
    mean_interval,
    percentile_interval,
    plcc_rows,
    resample,
    rmse_rows,
    srocc_rows,
)

ROWS = {"srocc": srocc_rows, "plcc": plcc_rows, "krocc": krocc_rows, "rmse": rmse_rows}


def _scores(n=120, noise=0.3, seed=0):
    rng = np.random.default_rng(seed)
    mos = rng.random(n)
    return mos + rng.normal(0, noise, n), mos


def _mean(scores, mos):
    return scores.mean(axis=1)


@pytest.mark.parametrize("images", [5, 120, 140])
@pytest.mark.parametrize("name", ROWS)
def test_rows_equal_the_metric_one_by_one(name, images):
    """The metric of many draws equals the metric of each draw, ties included."""
    x, y = (np.round(v, 1) for v in _scores(images))
    drawn = np.random.default_rng(1).integers(x.size, size=(20, x.size))
    expected = [METRICS[name](x[draw], y[draw]) for draw in drawn]
    np.testing.assert_allclose(ROWS[name](x[drawn], y[drawn]), expected, atol=1e-12)


@pytest.mark.parametrize("name", ["srocc", "plcc", "krocc"])
def test_constant_rows_are_undefined(name):
    """A draw of one value repeated has no correlation."""
    x = np.array([[0.1, 0.1, 0.1], [0.1, 0.2, 0.3]])
    y = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    np.testing.assert_allclose(ROWS[name](x, y), [np.nan, 1.0])


def test_chunks_change_nothing(monkeypatch):
    """Small chunks of draws give the numbers of one large chunk."""
    x, y = _scores()
    whole = resample([plcc_rows], [x], y, n=50, seed=3)[0]
    monkeypatch.setattr("kiqa.evaluation.resampling._CHUNK", 7 * x.size)
    np.testing.assert_array_equal(resample([plcc_rows], [x], y, n=50, seed=3)[0], whole)


def test_mostly_undefined_resamples_are_an_error():
    """One odd image among many: most draws miss it, so no interval is given."""
    x = np.zeros(40)
    x[0] = 1
    with pytest.raises(ValueError, match="without a value"):
        percentile_interval(np.where(np.arange(100) < 60, np.nan, 0.5), level=0.95)
    lo, hi = bootstrap_interval("plcc", x, np.arange(40.0), n=200, seed=0)
    assert lo <= hi  # about a third of the draws miss it here


def test_mean_interval_is_the_standard_error():
    """The interval of a mean of 1,000 normal values is 2 x 1.96 standard errors."""
    values = np.random.default_rng(0).normal(5, 2, 1000)
    lo, hi = mean_interval(values, n=2000, seed=0)
    assert hi - lo == pytest.approx(2 * 1.96 * values.std() / 1000**0.5, rel=0.1)


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [[1.0]]], ids=["none", "nan", "table"])
def test_mean_interval_refuses(values):
    """Nothing, NaN and tables are refused."""
    with pytest.raises(ValueError, match=r"finite values of shape \(N,\)"):
        mean_interval(values, seed=0)


def test_groups_are_drawn_whole():
    """Each draw's mean is one of few: groups of 3 and 1 images, values equal within a group."""
    groups = ["a", "b", "a", "a"]
    scores = np.array([1.0, 0.0, 1.0, 1.0])
    draws = grouped_draws(_mean, [scores], scores, groups, n=200, seed=0)
    assert draws.shape == (1, 200)
    assert set(np.round(draws[0], 6)) == {0.0, 0.75, 1.0}


def test_models_share_their_draws():
    """The same scores give the same values, another seed others."""
    rng = np.random.default_rng(0)
    mos, groups = rng.random(40), np.arange(40) // 4
    scores = mos + rng.normal(0, 0.2, 40)
    one, two = grouped_draws(srocc_rows, [scores, scores], mos, groups, n=50, seed=1)
    np.testing.assert_array_equal(one, two)
    other = grouped_draws(srocc_rows, [scores], mos, groups, n=50, seed=2)[0]
    assert not np.array_equal(one, other)


def test_groups_make_the_interval_wider():
    """Copies of ten images spread as ten images do, not as a hundred."""
    rng = np.random.default_rng(0)
    mos = rng.random(10).repeat(10)
    scores = (mos.reshape(10, 10)[:, 0] + rng.normal(0, 0.3, 10)).repeat(10)
    grouped, single = (
        np.ptp(
            np.quantile(grouped_draws(srocc_rows, [scores], mos, groups, n=300, seed=0), [0.1, 0.9])
        )
        for groups in (np.arange(100) // 10, np.arange(100))
    )
    assert grouped > 1.5 * single


def test_undefined_draws_are_nan():
    """A draw of one group whose scores are all equal has no correlation."""
    mos = np.array([0.0, 1.0, 0.5, 0.5, 0.5, 0.5])
    draws = grouped_draws(srocc_rows, [mos], mos, [0, 0, 0, 1, 1, 1], n=100, seed=0)[0]
    assert 0 < np.isnan(draws).sum() < 100


def test_wrong_input_is_refused():
    """Lengths, a single group, and no draws."""
    three = np.arange(3.0)
    with pytest.raises(ValueError, match="of one length"):
        grouped_draws(srocc_rows, [three], three, [0, 1], n=10, seed=0)
    with pytest.raises(ValueError, match="1 groups"):
        grouped_draws(srocc_rows, [three], three, [0, 0, 0], n=10, seed=0)
    with pytest.raises(ValueError, match="n >= 1"):
        grouped_draws(srocc_rows, [three], three, [0, 1, 2], n=0, seed=0)
