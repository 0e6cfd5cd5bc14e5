"""DeepBIQ's graph."""

import numpy as np

from kiqa.models.deepbiq import build_deepbiq


def test_it_is_linear():
    """1280 weights and one constant."""
    model = build_deepbiq(seed=1)
    assert model.count_params() == 1281
    model.get_layer("quality").set_weights([np.full((1280, 1), 0.5), np.array([0.25])])
    features = np.ones((2, 1280), np.float32) * [[1], [2]]
    np.testing.assert_allclose(np.asarray(model(features))[:, 0], [640.25, 1280.25])
