"""BRISQUE in the scorer: the shipped file, and files that are none."""

import keras
import numpy as np
import pytest

from kiqa.comparators.brisque import brisque_features
from kiqa.io.weights import Details, export_h5, load_model
from kiqa.scoring import Scorer


def test_scores_of_the_shipped_file(photo):
    """The network on the statistics; worse when coarser; too small names the size."""
    scorer = Scorer("brisque")
    features = brisque_features(photo).astype(np.float32)[None]
    expected = float(np.asarray(load_model("brisque")(features))[0, 0])
    assert scorer.score(photo) == pytest.approx(expected, abs=1e-6)
    assert scorer.score(photo) > scorer.score((photo // 64) * 64)
    assert scorer.least_side == 16
    (row,) = scorer([photo[:15, :40]])
    assert "16x16 pixels for brisque" in row["error"] and row["sha256"]
    with pytest.raises(ValueError, match="rates whole images only"):
        Scorer("brisque", stride=8).score(photo)


def test_another_network_is_refused(tmp_path):
    """Of the mode, but not of its shape."""
    x = keras.Input((4,), name="x")
    model = keras.Model(x, keras.layers.Dense(1, name="y")(x))
    about = Details("wrong", "1", "0..1", True, mode="brisque")
    path = export_h5(model, tmp_path / "wrong.h5", about)
    with pytest.raises(ValueError, match="Expected a regression"):
        Scorer(path).info  # noqa: B018
