"""SROCC, PLCC, KROCC and RMSE, and what they refuse."""

import numpy as np
import pytest

from kiqa.evaluation.correlation import (
    METRICS,
    bootstrap_interval,
    krocc,
    paired_bootstrap,
    plcc,
    rmse,
    srocc,
)


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


@pytest.mark.parametrize("name", METRICS)
def test_interval_holds_the_value(name):
    """The 95 % interval surrounds the metric of the whole set."""
    x, y = _scores(120, 0.3)
    lo, hi = bootstrap_interval(name, x, y, n=200, seed=0)
    assert lo < METRICS[name](x, y) < hi


def test_interval_equals_a_plain_loop():
    """Draws and quantiles equal a loop with the same generator."""
    x, y = _scores(120, 0.3)
    rng = np.random.default_rng(4)
    draws = rng.integers(y.size, size=(100, y.size))
    values = [METRICS["srocc"](x[d], y[d]) for d in draws]
    expected = np.quantile(values, [0.05, 0.95])
    result = bootstrap_interval("srocc", x, y, n=100, seed=4, level=0.9)
    np.testing.assert_allclose(result, expected)


def test_interval_has_the_known_width():
    """For a PLCC of 0.5 of 400 normal pairs the width is that of Fisher's z."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    y = 0.5 * x + 0.75**0.5 * rng.normal(size=400)
    lo, hi = bootstrap_interval("plcc", x, y, n=2000, seed=0)
    assert np.arctanh(hi) - np.arctanh(lo) == pytest.approx(2 * 1.96 / 397**0.5, rel=0.15)


def test_a_function_is_taken_as_metric():
    """A function gives the interval of the metric that it computes."""
    x, y = _scores(120, 0.3)
    by_name = bootstrap_interval("plcc", x, y, n=60, seed=1)
    by_function = bootstrap_interval(lambda a, b: np.corrcoef(a, b)[0, 1], x, y, n=60, seed=1)
    np.testing.assert_allclose(by_function, by_name)


def test_undefined_resamples_are_left_out():
    """Three images: the draws of one image repeated do not spoil the interval."""
    lo, hi = bootstrap_interval("srocc", [1, 2, 3], [1, 3, 2], n=300, seed=0)
    assert -1 <= lo < hi <= 1


@pytest.mark.parametrize("seed", [0, 1])
def test_better_model_is_found(seed):
    """A model with half the noise wins: the interval excludes 0 and p is small."""
    rng = np.random.default_rng(seed)
    mos = rng.random(300)
    a, b = mos + rng.normal(0, 0.2, 300), mos + rng.normal(0, 0.4, 300)
    result = paired_bootstrap("srocc", a, b, mos, n=500, seed=0)
    assert result["difference"] == METRICS["srocc"](a, mos) - METRICS["srocc"](b, mos)
    assert 0 < result["lo"] < result["difference"] < result["hi"]
    assert result["p"] < 0.01


def test_equal_models_differ_by_nothing():
    """A model against itself: difference 0, p 1."""
    x, y = _scores(120, 0.3)
    result = paired_bootstrap("plcc", x, x, y, n=100, seed=0)
    assert result == {"difference": 0.0, "lo": 0.0, "hi": 0.0, "p": 1.0}


def test_pairing_narrows_the_interval():
    """Two models with common errors differ by less than their own intervals span."""
    x, y = _scores(300, 0.3)
    b = x + np.random.default_rng(9).normal(0, 0.05, 300)
    paired = paired_bootstrap("srocc", x, b, y, n=300, seed=0)
    lo, hi = bootstrap_interval("srocc", x, y, n=300, seed=0)
    assert paired["hi"] - paired["lo"] < 0.5 * (hi - lo)


def test_swapping_models_changes_the_sign():
    """A against B is the reverse of B against A."""
    x, y = _scores(120, 0.3)
    z = _scores(120, 0.6)[0]
    forth = paired_bootstrap("krocc", x, z, y, n=80, seed=0)
    back = paired_bootstrap("krocc", z, x, y, n=80, seed=0)
    np.testing.assert_allclose(
        [forth["difference"], forth["lo"], forth["hi"], forth["p"]],
        [-back["difference"], -back["hi"], -back["lo"], back["p"]],
    )


@pytest.mark.parametrize(
    "options, message",
    [({"n": 0}, "n >= 1"), ({"level": 1.0}, "0 < level < 1"), ({"level": 95}, "0 < level < 1")],
)
def test_bad_options_are_refused(options, message):
    """Resample numbers and levels out of range are refused."""
    with pytest.raises(ValueError, match=message):
        bootstrap_interval("plcc", *_scores(120, 0.3), seed=0, **options)


def test_unknown_metric_is_refused():
    """An unknown metric is refused with the names there are."""
    with pytest.raises(ValueError, match="srocc, plcc.*received 'auc'"):
        bootstrap_interval("auc", *_scores(120, 0.3), seed=0)
