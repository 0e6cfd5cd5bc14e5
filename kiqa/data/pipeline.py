"""tf.data pipelines of trainings, made of plans.

Public names: `epoch_dataset`, `reader_errors`.

Pixels are RGB uint8, 0..255, and stay so: networks scale inside. Everything
random follows from the plan and not from TensorFlow's global seed, so a
resumed run sees the batches of an uninterrupted one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from kiqa.data.plans import EpochPlan

_READERS = 2  # batches that are read and augmented at the same time
_AHEAD = 4  # batches that wait while one is trained on


def epoch_dataset(
    plan: EpochPlan, *, failures: dict[int, Exception] | None = None
) -> tf.data.Dataset:
    """Make the pipeline of one epoch, for ``Model.fit``.

    Args:
        plan: The epoch's batches.
        failures: Gets what making a batch raised, by its number; see
            `reader_errors`.

    Returns:
        Dataset of ``(inputs, targets)`` as the plan's signature says, every
        batch once, in the plan's order. Under a ``MirroredStrategy`` Keras
        splits each batch among the devices.
    """
    failures = {} if failures is None else failures
    specs = [tf.TensorSpec(array.shape, array.dtype) for array in tf.nest.flatten(plan.signature)]

    def made(number):
        try:
            batch = plan.make(int(number))
        except Exception as error:  # raised again, as it is, by `reader_errors`
            failures[int(number)] = error
            raise
        return [np.asarray(array) for array in tf.nest.flatten(batch)]

    @tf.autograph.experimental.do_not_convert  # nothing to convert, which takes longer than it
    def read_augmented_batch(number):
        arrays = tf.numpy_function(made, [number], [spec.dtype for spec in specs])
        shaped = [tf.ensure_shape(a, spec.shape) for a, spec in zip(arrays, specs, strict=True)]
        return tf.nest.pack_sequence_as(plan.signature, shaped)

    numbers = tf.data.Dataset.range(len(plan))  # the list, in the epoch's seeded order
    batches = numbers.map(read_augmented_batch, num_parallel_calls=_READERS, deterministic=True)
    options = tf.data.Options()
    options.threading.private_threadpool_size = _READERS  # not the one that the network runs in
    # Nothing here is tuned. The tuner sleeps for 10 ms, then twice as long each time, up to a
    # minute, and an iterator that ends waits for it to wake: an epoch took up to twice its time.
    options.autotune.enabled = False
    return batches.prefetch(_AHEAD).with_options(options)


@contextmanager
def reader_errors(failures: dict[int, Exception]) -> Iterator[None]:
    """Raise what the readers of a pipeline raised, not TensorFlow's account of it.

    Args:
        failures: The dictionary that `epoch_dataset` was given.

    Raises:
        Exception: That of the first batch among them, where TensorFlow failed for it.
    """
    try:
        yield
    except tf.errors.OpError:
        if not failures:
            raise
        raise failures[min(failures)] from None
