"""CNNIQA's graph."""

import numpy as np

from kiqa.models.cnniqa import build_cnniqa


def test_layers_and_parameters():
    """Names and shapes of the weights, and their number by hand."""
    model = build_cnniqa(seed=1)
    shapes = [(layer.name, [w.shape for w in layer.get_weights()]) for layer in model.layers]
    assert [s for s in shapes if s[1]] == [
        ("convolution", [(7, 7, 1, 50), (50,)]),
        ("dense1", [(100, 800), (800,)]),
        ("dense2", [(800, 800), (800,)]),
        ("quality", [(800, 1), (1,)]),
    ]
    assert model.count_params() == 50 * 50 + 101 * 800 + 801 * 800 + 801
    assert (model.input_shape, model.output_shape) == ((None, 32, 32, 1), (None, 1))


def test_pooling_is_of_the_largest_and_the_smallest():
    """A patch of one bright pixel: what the filters say of it, and of nothing."""
    import keras

    model = build_cnniqa(seed=2)
    pooled = keras.Model(model.input, model.get_layer("both").output)
    patch = np.zeros((1, 32, 32, 1), np.float32)
    patch[0, 15, 15, 0] = 1
    kernel = model.get_layer("convolution").get_weights()[0][:, :, 0]
    largest, smallest = kernel.max(axis=(0, 1)), kernel.min(axis=(0, 1))
    expected = np.concatenate([np.maximum(largest, 0), np.maximum(-smallest, 0)])
    np.testing.assert_allclose(np.asarray(pooled(patch))[0], expected, atol=1e-6)
