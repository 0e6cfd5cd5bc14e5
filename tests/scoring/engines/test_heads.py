"""Heads over pooled features in the scorer, with a small body."""

import keras
import numpy as np
import pytest

from kiqa.comparators.learned.body import PooledBody
from kiqa.comparators.learned.views import VIEWS
from kiqa.io.weights import Companion, Details, export_h5, read_info
from kiqa.models import builder
from kiqa.scoring import Scorer


@pytest.fixture
def headed(tmp_path, feature_body):
    """The function ``headed(mode, model) -> path``, beside the body that it names."""
    body = read_info(feature_body)
    (tmp_path / "little.h5").write_bytes(feature_body.read_bytes())

    def make(mode, model):
        details = Details(
            "h", "1", "0..1", True, mode=mode, companions={"body": Companion("little", body.sha256)}
        )
        return export_h5(model, tmp_path / "h.h5", details)

    return make


@pytest.mark.slow
@pytest.mark.parametrize("mode", VIEWS)
def test_the_score_is_the_heads(headed, feature_body, photo, mode):
    """Of the features of what the method looks at; too small an image is a row with an error."""
    model = builder(mode)(seed=4)
    scorer, image = Scorer(headed(mode, model)), photo[:90, :120]
    features = PooledBody(read_info(feature_body), VIEWS[mode]).features(image)
    expected = float(np.asarray(model(features[None].astype(np.float32)))[0, 0])
    assert scorer.score(image) == pytest.approx(
        expected, rel=1e-3
    )  # a large head is stored as float16
    (row,) = scorer([photo[:31]])
    assert f"32x32 pixels for {mode}" in row["error"]
    with pytest.raises(ValueError, match="whole images only"):
        Scorer(scorer.info.path, stride=8).score(image)


def test_another_head_or_body_is_refused(headed, tmp_path):
    """A head of another width; a body that is not the one named."""
    x = keras.Input((4,), name="x")
    path = headed("nima", keras.Model(x, keras.layers.Dense(1, name="y")(x)))
    with pytest.raises(ValueError, match=r"head of features, \(n, 1280\).*train_comparator nima"):
        Scorer(path).score(np.zeros((40, 40, 3), np.uint8))
    path = headed("nima", builder("nima")(seed=1))
    (tmp_path / "little.h5").unlink()
    with pytest.raises(ValueError, match="no little.h5 beside"):
        Scorer(path).score(np.zeros((40, 40, 3), np.uint8))
