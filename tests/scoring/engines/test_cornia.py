"""CORNIA in the scorer, with random weights."""

import numpy as np
import pytest

from kiqa.comparators.learned.cornia import normalised_patches
from kiqa.io.weights import Details, export_h5
from kiqa.models.cornia import build_cornia
from kiqa.scoring import Scorer


def test_the_score_is_the_networks(tmp_path, photo):
    """On as many patches as the file says."""
    model = build_cornia(codewords=8, seed=4)
    details = Details("c", "1", "0..1", True, mode="cornia", form={"patches": 60})
    scorer = Scorer(export_h5(model, tmp_path / "c.h5", details))
    image = photo[:70, :100]
    expected = np.asarray(model(normalised_patches(image, 60)[None]))[0, 0]
    assert scorer.score(image) == pytest.approx(expected, abs=1e-5)
    (row,) = scorer([photo[:15]])
    assert "16x16 pixels for cornia" in row["error"]


def test_the_number_of_patches_must_be_said(tmp_path):
    """The largest answers grow with it."""
    details = Details("c", "1", "0..1", True, mode="cornia")
    path = export_h5(build_cornia(codewords=4, seed=1), tmp_path / "c.h5", details)
    with pytest.raises(ValueError, match="Expected the number of patches.* Received: None in"):
        Scorer(path).score(np.zeros((20, 20, 3), np.uint8))
