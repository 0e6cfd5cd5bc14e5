"""A network as a function of arrays."""

import keras
import numpy as np

from kiqa.maps.network_function import network_function


def test_one_output_is_an_array_of_any_size():
    """Of ``uint8``, the network sees the values as they are."""
    x = keras.Input((None, None, 3), name="image")
    run = network_function(keras.Model(x, keras.layers.GlobalAveragePooling2D()(x)), dtype="uint8")
    for shape in ((1, 5, 7, 3), (2, 9, 4, 3)):
        values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        found = run(values)
        assert type(found) is np.ndarray and found.dtype == np.float32
        np.testing.assert_allclose(found, values.mean(axis=(1, 2)), rtol=1e-6)


def test_several_outputs_are_a_list_of_arrays():
    """In the order of the network's."""
    x = keras.Input((3,), name="values")
    run = network_function(keras.Model(x, [keras.layers.ReLU()(x), keras.layers.Softmax()(x)]))
    positive, shares = run(np.array([[-1, 0, 2]], np.float32))
    np.testing.assert_array_equal(positive, [[0, 0, 2]])
    np.testing.assert_allclose(shares.sum(), 1, rtol=1e-6)
