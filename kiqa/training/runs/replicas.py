"""The whole batch, where several devices have a part of it each.

Under a ``MirroredStrategy`` Keras splits each batch among the devices, and
each one sees its own part: a correlation over half a batch is not that over
all of it, nor are the statistics of batch normalisation or the norm of a
gradient. The functions here put the parts together, so that training on
several devices takes the steps of one device. On one device, and on other
backends than TensorFlow, they change nothing.

Public names: `replica_count`, `whole_batch`, `squared_error`, `pearson`,
`share_statistics`, `mean_over_replicas`, `predict_batch`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

# Under a root whose slope at 0 is infinite; no number that a correlation is made of is so small.
_TINY = 1e-20


def replica_count() -> int:
    """Return the number of devices that share the batches of what is built here."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def whole_batch(loss: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Make a loss see the whole batch.

    Keras scales no scalar loss for the number of devices and sums their
    gradients; the loss made here is divided by it.

    Args:
        loss: From targets and predictions of a batch to a scalar.

    Returns:
        The same function, for ``compile``; on several devices it gathers
        their targets and predictions first. Where Keras traces the shapes,
        outside of all devices, it repeats one device's part as often as there
        are devices: the loss always sees as many rows as a batch has.
    """

    def gathered_loss(target, predicted):
        count = replica_count()
        if count == 1:
            return loss(target, predicted)
        context = _shared_context()
        if context is None:
            parts = (ops.concatenate([part] * count) for part in (target, predicted))
        else:
            parts = (context.all_gather(part, axis=0) for part in (target, predicted))
        return loss(*parts) / count

    return gathered_loss


def squared_error(target: Any, predicted: Any) -> Any:
    """Return the mean squared error over all elements, a scalar."""
    return ops.mean(ops.square(target - predicted))


def pearson(a: Any, b: Any, weight: Any = 1.0) -> Any:
    """Return Pearson's correlation of two tensors.

    Args:
        a: Shape (n,) or (n, 1).
        b: The same shape.
        weight: Of each element, of the same shape, with a mean of 1.

    Returns:
        A scalar; 0, with finite gradients, where one of them is constant.
    """
    a, b = a - ops.mean(weight * a), b - ops.mean(weight * b)
    squares = [ops.sum(weight * ops.square(values)) for values in (a, b)]
    norm = ops.sqrt(squares[0] * squares[1] + _TINY)
    return ops.sum(weight * a * b) / (norm + 1e-6)


def share_statistics(model: keras.Model, *, shared: bool = True) -> None:
    """Let batch normalisation look at the whole batch on several devices.

    Args:
        model: Changed in place, before its first step.
        shared: ``False`` takes it back, before the model is written: a file
            is for any machine.
    """
    for layer in _layers(model):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = shared and replica_count() > 1


def predict_batch(model: keras.Model, inputs: Any) -> np.ndarray:
    """Predict one batch.

    Args:
        model: With one input and one output.
        inputs: Array whose first axis is the batch.

    Returns:
        The output. On several devices each computes the whole batch, and
        Keras joins what they say; here it is said once.
    """
    return ops.convert_to_numpy(model.predict_on_batch(inputs))[: len(inputs)]


def mean_over_replicas(gradients: Sequence[Any]) -> list[Any]:
    """Return the mean of each gradient over the devices.

    Args:
        gradients: This device's; ``None`` where a variable has none.

    Returns:
        The means; on one device the gradients themselves.
    """
    context = _shared_context()
    if context is None:
        return list(gradients)
    import tensorflow as tf

    # In one call: each walks through the whole graph once, while it is traced.
    tensors = [ops.convert_to_tensor(part) for part in gradients if part is not None]
    means = iter(context.all_reduce(tf.distribute.ReduceOp.MEAN, tensors))
    return [gradient if gradient is None else next(means) for gradient in gradients]


def _shared_context():
    """TensorFlow's context of one of several devices; ``None`` elsewhere.

    Keras traces a model once outside of all devices, to learn its shapes.
    """
    if replica_count() == 1:
        return None
    import tensorflow as tf

    return tf.distribute.get_replica_context()


def _layers(model):
    """All layers, those of models inside it too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer
