"""How well annotators agree."""

import numpy as np
import pytest

from kiqa.data.smoothing import blur_map
from kiqa.evaluation.local.annotators import annotator_rows
from kiqa.evaluation.roc import roc_auc


def _left(width, height=6, columns=9):
    answer = np.zeros((height, columns), np.float32)
    answer[:, :width] = 1
    return answer


def test_equal_answers_agree_perfectly_and_opposite_ones_not_at_all():
    """1 and 0 at every threshold."""
    both = annotator_rows("a", [_left(3), _left(3)], predictor="people", blur=0)
    assert {row["auc"] for row in both} == {1.0} and {row["predictor"] for row in both} == {
        "people"
    }
    against = annotator_rows("a", [_left(3), 1 - _left(3)], predictor="people", blur=0)
    assert {row["auc"] for row in against} == {0.0}


def test_each_is_compared_with_the_mean_of_the_others():
    """As a twin that does so one after the other, with the blur."""
    answers = [_left(2), _left(4), _left(7)]
    (row,) = annotator_rows("a", answers, predictor="people", blur=0.1, thresholds=[0.5])
    expected = []
    for index, own in enumerate(answers):
        others = np.mean([a for i, a in enumerate(answers) if i != index], axis=0)
        truth = blur_map(others, blur=0.1) > 0.5
        expected.append(roc_auc(blur_map(own, blur=0.1), truth))
    assert row["auc"] == pytest.approx(np.mean(expected), abs=1e-6)


def test_one_annotator_agrees_with_nobody():
    """A row without an AUC at each threshold; so is one where nobody marked anything."""
    rows = annotator_rows("a", [_left(3)], predictor="people", blur=0)
    assert len(rows) == 9 and {row["auc"] for row in rows} == {None}
    nothing = annotator_rows("a", [_left(0), _left(0)], predictor="people", blur=0)
    assert {row["auc"] for row in nothing} == {None}
