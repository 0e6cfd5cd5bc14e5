"""The network that holds NIQE's Gaussian."""

import keras
import numpy as np
import pytest

from kiqa.models.niqe import FEATURES, build_niqe, pristine_of


def test_layers_and_gaussian():
    """Names and shapes of the weights; a fresh one has zero means and unit variances."""
    model = build_niqe(seed=1)
    shapes = [(layer.name, [w.shape for w in layer.get_weights()]) for layer in model.layers]
    assert [s for s in shapes if s[1]] == [
        ("deviations", [(FEATURES,), (FEATURES,), ()]),
        ("correlations", [(FEATURES, FEATURES)]),
    ]
    mean, covariance = pristine_of(model)
    np.testing.assert_array_equal(mean, np.zeros(FEATURES))
    np.testing.assert_array_equal(covariance, model.get_layer("correlations").get_weights()[0])


def test_another_network_is_refused():
    """The message says which layers are sought."""
    x = keras.Input((FEATURES,), name="statistics")
    other = keras.Model(x, keras.layers.Dense(FEATURES, name="dense")(x))
    with pytest.raises(ValueError, match="layers deviations and correlations"):
        pristine_of(other)
