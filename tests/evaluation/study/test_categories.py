"""Normalised scores and labels of PaQ-2-PiQ's authors."""

import numpy as np
import pytest

from kiqa.evaluation.study.categories import LABELS, category, normalise_scores

MEAN, BELOW, ABOVE = 72.59696108881171, 7.798274017370107, 4.118047289170692


def test_normalised_scores_reach_the_ends_at_four_deviations():
    """The mean stays, both ends are linear and cut (the authors' code)."""
    scores = np.array([MEAN - 4 * BELOW, MEAN - 2 * BELOW, MEAN, MEAN + ABOVE, MEAN + 5 * ABOVE, 0])
    expected = [0, MEAN / 2, MEAN, MEAN + (100 - MEAN) / 4, 100, 0]
    np.testing.assert_allclose(normalise_scores(scores), expected, atol=1e-9)


def test_order_is_kept_and_other_statistics_can_be_given():
    """Higher stays higher between the ends; shape is kept."""
    scores = np.linspace(45, 85, 12).reshape(3, 4)
    found = normalise_scores(scores)
    assert found.shape == (3, 4) and np.all(np.diff(found.ravel()) > 0)
    assert normalise_scores(40.0, mean=50, deviations=(10, 5)) == pytest.approx(50 - 50 / 4)


@pytest.mark.parametrize(
    ("score", "label"), [(0, 0), (19.9, 0), (20, 1), (59.9, 2), (60, 3), (80, 4), (100, 4)]
)
def test_each_fifth_has_a_label(score, label):
    """100 belongs to the last fifth."""
    assert category(score) == LABELS[label]


def test_wrong_values_are_refused():
    """Scores outside 0..100 and statistics that divide by zero."""
    for value in (-0.1, 100.1, float("nan")):
        with pytest.raises(ValueError, match="normalise_scores first"):
            category(value)
    for options in ({"mean": 0}, {"mean": 100}, {"deviations": (0, 1)}):
        with pytest.raises(ValueError, match="positive deviations"):
            normalise_scores(50, **options)
