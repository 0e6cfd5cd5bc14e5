"""Simulated studies."""

import numpy as np
import pytest

from kiqa.evaluation.study.simulated import (
    KINDS,
    simulate_study,
)


def test_simulated_study_is_what_it_says():
    """Ratings on 0..100, sessions of the size asked for, kinds in their shares, seeds repeat."""
    options = {"images": 150, "subjects": 40, "bad": dict.fromkeys(KINDS, 0.1), "contents": 60}
    study = simulate_study(seed=5, sessions=2, **options)
    assert len(study.ratings) == 40 * 2 * 60 and study.ratings.repeat.sum() == 40 * 2 * 5
    assert 0 <= study.ratings.rating.min() and study.ratings.rating.max() <= 100
    assert len(study.bad) == 16 and sorted(set(study.bad.values())) == sorted(KINDS)
    low = {name for name, rate in study.acceptance.items() if rate <= 75}
    assert low == {name for name, kind in study.bad.items() if kind == "unaccepted"}
    again = simulate_study(seed=5, sessions=2, **options)
    np.testing.assert_array_equal(study.ratings.rating, again.ratings.rating)
    assert study.mos == again.mos and len(study.mos) == 150


@pytest.mark.parametrize("options", [
    {"images": 10}, {"bad": {"rude": 0.1}}, {"bad": {"random": 1.0}}, {"reliability": 0},
    {"repeats": 150}, {"subjects": 0}, {"quality": np.ones(300)},
])  # fmt: skip
def test_simulations_that_cannot_be(options):
    """Numbers that do not fit each other are refused."""
    with pytest.raises(ValueError, match="Expected"):
        simulate_study(**{"images": 300, "subjects": 10, "seed": 0} | options)
