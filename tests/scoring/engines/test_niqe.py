"""NIQE in the scorer, with the shipped file."""

import pytest

from kiqa.comparators.niqe import Gaussian, fit_gaussian, niqe_distance, niqe_features
from kiqa.io.weights import load_model
from kiqa.models.niqe import pristine_of
from kiqa.scoring import Scorer


def test_scores_of_the_shipped_file(photo):
    """The distance from the file's Gaussian; lower is better; too small names the size."""
    scorer = Scorer("niqe")
    pristine = Gaussian(*pristine_of(load_model("niqe")))
    expected = niqe_distance(fit_gaussian(niqe_features(photo)[0]), pristine)
    assert scorer.score(photo) == pytest.approx(expected)
    assert scorer.score(photo) < scorer.score((photo // 64) * 64)
    assert not scorer.info.higher_is_better
    small, one = scorer([photo[:95], photo[:96, :96]])
    assert "96x96 pixels for niqe" in small["error"]
    assert "at least 2 blocks of 96x96" in one["error"]
