"""CNNIQA in the scorer, with random weights."""

import keras
import numpy as np
import pytest

from kiqa.comparators.learned.cnniqa import all_patches
from kiqa.io.weights import Details, export_h5
from kiqa.models.cnniqa import build_cnniqa
from kiqa.scoring import Scorer


def test_score_is_the_mean_of_the_map(tmp_path, photo):
    """Of all patches; the map says where they are."""
    model = build_cnniqa(seed=4)
    path = export_h5(model, tmp_path / "c.h5", Details("c", "1", "0..1", True, mode="cnniqa"))
    scorer, image = Scorer(path), photo[:70, :100]
    expected = np.asarray(model(all_patches(image).reshape(6, 32, 32, 1)))[:, 0]
    found = scorer.map(image)
    np.testing.assert_allclose(found.values.ravel(), expected, atol=1e-5)
    assert (found.stride, found.offset, found.model) == (32, 15.5, "c")
    assert scorer.score(image) == pytest.approx(expected.mean(), abs=1e-5)
    (row,) = scorer([photo[:31]])
    assert "32x32 pixels for cnniqa" in row["error"]


def test_another_network_is_refused(tmp_path):
    """Of the mode, but not of its shape."""
    x = keras.Input((4,), name="x")
    model = keras.Model(x, keras.layers.Dense(1, name="y")(x))
    path = export_h5(model, tmp_path / "w.h5", Details("w", "1", "0..1", True, mode="cnniqa"))
    with pytest.raises(ValueError, match="network of patches"):
        Scorer(path).info  # noqa: B018
