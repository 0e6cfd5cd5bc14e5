"""The network of BRISQUE's regression."""

import numpy as np
import pytest

from kiqa.models.brisque import FEATURES, build_brisque


def test_it_is_a_sum_of_gaussian_kernels():
    """With one vector at the origin: exp(-gamma |x|^2), times its weight, plus the intercept."""
    model = build_brisque(vectors=1, seed=3)
    shapes = [(layer.name, [w.shape for w in layer.get_weights()]) for layer in model.layers]
    assert [s for s in shapes if s[1]] == [
        ("scaled", [(FEATURES,), (FEATURES,), ()]),
        ("kernels", [(FEATURES + 1, 1), (1,)]),
        ("quality", [(1, 1), (1,)]),
    ]
    kernel = np.zeros((FEATURES + 1, 1))
    kernel[-1] = -0.05
    model.get_layer("kernels").set_weights([kernel, np.zeros(1)])
    model.get_layer("quality").set_weights([np.array([[2.0]]), np.array([0.25])])
    x = np.random.default_rng(0).uniform(-1, 1, (5, FEATURES)).astype(np.float32)
    expected = 0.25 + 2 * np.exp(-0.05 * np.sum(x**2, axis=1))
    np.testing.assert_allclose(np.asarray(model(x))[:, 0], expected, atol=1e-6)
    with pytest.raises(ValueError, match="at least 1 support vector"):
        build_brisque(vectors=0)
