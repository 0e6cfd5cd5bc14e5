"""NIQE in the scorer, with the shipped file."""

import pytest

from kiqa.comparators.niqe import Gaussian, fit_gaussian, niqe_distance, niqe_features
from kiqa.io.weights import load_model
from kiqa.models.niqe import pristine_of
from kiqa.scoring import Scorer


def test_scores_of_the_shipped_file(photo):
    """The distance from the file's Gaussian; lower is better."""
    scorer = Scorer("niqe")
    pristine = Gaussian(*pristine_of(load_model("niqe")))
    expected = niqe_distance(fit_gaussian(niqe_features(photo)[0]), pristine)
    assert scorer.score(photo) == pytest.approx(expected)
    assert scorer.score(photo) < scorer.score((photo // 64) * 64)
    assert not scorer.info.higher_is_better


def test_too_few_blocks_name_the_least_size(photo):
    """The same of a side below a block, and of one block; the size that is named is enough."""
    wanted = "at least 96x96 pixels and of two such blocks, such as 192x96 pixels, for niqe"
    *small, enough = Scorer("niqe")(
        [photo[:95], photo[:96, :96], photo[:191, :191], photo[:96, :192]]
    )
    for row, size in zip(small, (f"{photo.shape[1]}x95", "96x96", "191x191"), strict=True):
        assert f"{wanted}. Received: {size}." in row["error"]
    assert enough["error"] is None and enough["score"] > 0
