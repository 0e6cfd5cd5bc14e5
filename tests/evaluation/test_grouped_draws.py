"""The bootstrap over groups of images: all images of a photograph are drawn together."""

import numpy as np
import pytest

from kiqa.evaluation.correlation import srocc
from kiqa.evaluation.resampling import grouped_draws


def _mean(scores, mos):
    return float(scores.mean())


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
    one, two = grouped_draws(srocc, [scores, scores], mos, groups, n=50, seed=1)
    np.testing.assert_array_equal(one, two)
    other = grouped_draws(srocc, [scores], mos, groups, n=50, seed=2)[0]
    assert not np.array_equal(one, other)


def test_groups_make_the_interval_wider():
    """Copies of ten images spread as ten images do, not as a hundred."""
    rng = np.random.default_rng(0)
    mos = rng.random(10).repeat(10)
    scores = (mos.reshape(10, 10)[:, 0] + rng.normal(0, 0.3, 10)).repeat(10)
    grouped, single = (
        np.ptp(np.quantile(grouped_draws(srocc, [scores], mos, groups, n=300, seed=0), [0.1, 0.9]))
        for groups in (np.arange(100) // 10, np.arange(100))
    )
    assert grouped > 1.5 * single


def test_undefined_draws_are_nan():
    """A draw of one group whose scores are all equal has no correlation."""
    mos = np.array([0.0, 1.0, 0.5, 0.5, 0.5, 0.5])
    draws = grouped_draws(srocc, [mos], mos, [0, 0, 0, 1, 1, 1], n=100, seed=0)[0]
    assert 0 < np.isnan(draws).sum() < 100


def test_wrong_input_is_refused():
    """Lengths, a single group, and no draws."""
    three = np.arange(3.0)
    with pytest.raises(ValueError, match="of one length"):
        grouped_draws(srocc, [three], three, [0, 1], n=10, seed=0)
    with pytest.raises(ValueError, match="1 groups"):
        grouped_draws(srocc, [three], three, [0, 0, 0], n=10, seed=0)
    with pytest.raises(ValueError, match="n >= 1"):
        grouped_draws(srocc, [three], three, [0, 1, 2], n=0, seed=0)
