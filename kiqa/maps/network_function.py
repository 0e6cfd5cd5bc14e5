"""A network as a function of arrays, compiled once.

Public name: `network_function`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


def network_function(
    model: "keras.Model", *, dtype: str = "float32"
) -> Callable[[np.ndarray], Any]:
    """Return a network as a function of arrays, on any Keras backend.

    Args:
        model: Network of one input or several.
        dtype: Of the arrays; the network sees ``float32``.

    Returns:
        The function of an array for each input: it returns the output as an
        array, or the list or dictionary of several; with TensorFlow it is traced
        once for all sizes.
    """
    import keras

    def given(values):
        return values if len(values) > 1 else values[0]

    if keras.backend.backend() != "tensorflow":
        return lambda *values: model.predict_on_batch(given([v.astype(np.float32) for v in values]))
    import tensorflow as tf

    specs = [tf.TensorSpec(tensor.shape, dtype) for tensor in model.inputs]

    @tf.function(input_signature=specs, autograph=False)
    def run(*values):
        return model(given([tf.cast(value, tf.float32) for value in values]), training=False)

    return lambda *values: keras.tree.map_structure(np.asarray, run(*values))
