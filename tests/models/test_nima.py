"""NIMA's graph."""

import keras
import numpy as np

from kiqa.models.nima import build_nima


def test_layers_and_parameters():
    """Ten scores of 1280 features; their mean is not trained."""
    model = build_nima(seed=1)
    assert model.get_layer("dropout").rate == 0.75
    assert [w.shape for w in model.trainable_weights] == [(1280, 10), (10,)]
    assert model.count_params() == 1281 * 10 + 10
    assert (model.input_shape, model.output_shape) == ((None, 1280), (None, 1))


def test_the_quality_is_the_mean_of_the_scores():
    """In the middles of ten parts of 0..1."""
    model = build_nima(seed=1)
    bins = keras.Model(model.input, model.get_layer("bins").output)
    features = np.random.default_rng(3).uniform(0, 3, (4, 1280)).astype(np.float32)
    probabilities = np.asarray(bins(features))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    expected = probabilities @ np.linspace(0.05, 0.95, 10)
    np.testing.assert_allclose(np.asarray(model(features))[:, 0], expected, rtol=1e-5)
