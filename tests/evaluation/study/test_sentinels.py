"""Numbers that may mean "not rated" among ratings."""

import numpy as np
import pytest

from kiqa.evaluation.study.sentinels import sentinels


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1, 2, 3, 4, 5, -1], [-1]),
        ([0, 1, 2, 3, -1], [-1]),
        ([1, 2, 3, 4, 5, -99, -1, 99, 999], [-99, -1, 99, 999]),
        ([1, 2, 99], [99]),
        ([1, 2, 3, 4, 5, 50], [50]),
        ([60, 61, 62, 63, 64, 0], [0]),
        ([1.5, 2.5, 9999], [9999]),
    ],
)
def test_sentinels_are_found(values, found):
    """At either end, several too."""
    assert [each.value for each in sentinels(np.array(values))] == found


@pytest.mark.parametrize(
    "values",
    [range(1, 6), range(0, 101), range(100), [-1, 0, 1], range(-3, 4), [1, 5], [3], [1, 2, 3, 5]],
    ids=str,
)
def test_scales_hold_none(values):
    """Also those that reach -1 or 99 in steps."""
    assert sentinels(np.array(values)) == []


def test_counts_are_of_ratings():
    """Not of values."""
    (found,) = sentinels(np.array([1, 2, 3, -1, -1, -1]))
    assert found == (-1, 3)


def test_continuous_ratings_hold_none():
    """A thousand places of a slider, seeded."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert sentinels(np.clip(rng.normal(55, 20, 1000), 0, 100)) == []
