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
        model: Network of one input.
        dtype: Of the arrays; the network sees ``float32``.

    Returns:
        The function: it returns the output as an array, or the list of several;
        with TensorFlow it is traced once for all sizes.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return lambda values: model.predict_on_batch(values.astype(np.float32))
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec(model.inputs[0].shape, dtype)], autograph=False)
    def run(values):
        return model(tf.cast(values, tf.float32), training=False)

    return lambda values: keras.tree.map_structure(np.asarray, run(values))
