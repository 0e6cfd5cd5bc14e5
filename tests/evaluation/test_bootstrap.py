"""Intervals of correlations, and of the difference of two models."""

import numpy as np
import pytest

from kiqa.evaluation.bootstrap import bootstrap_interval, paired_bootstrap
from kiqa.evaluation.correlation import METRICS


def _scores(n, noise):
    rng = np.random.default_rng(0)
    mos = rng.random(n)
    return mos + rng.normal(0, noise, n), mos


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


def test_copies_of_a_scene_are_drawn_together():
    """Ten copies of each of 30 images say no more than the 30: as wide as theirs, all the same."""
    x, y = _scores(30, 0.3)
    scene, (xs, ys) = np.repeat(np.arange(30), 10), (np.repeat(x, 10), np.repeat(y, 10))
    low, high = bootstrap_interval("plcc", xs, ys, n=400, seed=0, groups=scene)
    alone = bootstrap_interval("plcc", x, y, n=400, seed=0)
    np.testing.assert_allclose((low, high), alone, rtol=1e-9)
    single = bootstrap_interval("plcc", xs, ys, n=400, seed=0)
    assert high - low > 2 * (single[1] - single[0])
    worse = xs + np.repeat(np.random.default_rng(1).normal(0, 0.3, 30), 10)
    grouped = paired_bootstrap("plcc", xs, worse, ys, n=400, seed=0, groups=scene)
    of_images = paired_bootstrap("plcc", x, worse[::10], y, n=400, seed=0)
    assert grouped == pytest.approx(of_images)
