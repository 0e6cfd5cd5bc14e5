"""Where and in which number format a training runs.

One device and float32 need nothing of this and run on every Keras backend;
several GPUs need TensorFlow.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence

import keras
import numpy as np

_STEPS = 4  # of which the first builds; the fastest of the others counts


def gpu_devices(count: int | None) -> tuple[str, ...]:
    """Name the GPUs of a training.

    Args:
        count: How many GPUs; ``None`` takes all that TensorFlow sees.

    Returns:
        Device names for `several_devices`; empty for a single GPU.

    Raises:
        ValueError: If there are fewer GPUs, or Keras does not run on
            TensorFlow.
    """
    require_tensorflow("Several GPUs")
    import tensorflow as tf

    visible = len(tf.config.list_logical_devices("GPU"))
    if count is None:
        count = visible
    if count < 1 or count > visible:
        raise ValueError(
            f"Expected {max(count, 1)} GPUs that TensorFlow can use. Received: {visible}. "
            "`kiqa doctor` says why a GPU is not seen; without --gpus the training uses what is "
            "there."
        )
    return tuple(f"GPU:{index}" for index in range(count)) if count > 1 else ()


@contextlib.contextmanager
def several_devices(devices: Sequence[str]) -> Iterator[None]:
    """Build and compile a model for several devices.

    Args:
        devices: TensorFlow's device names; empty does nothing.

    Yields:
        Nothing; models built inside share each batch among the devices.

    Raises:
        ValueError: If Keras does not run on TensorFlow.
    """
    if not devices:
        yield
        return
    require_tensorflow("Several devices")
    import tensorflow as tf

    # CPUs, as in tests, have no collective operations that several of them could mix up.
    on_cpus = all("CPU" in device for device in devices)
    operations = tf.distribute.ReductionToOneDevice() if on_cpus else None
    with tf.distribute.MirroredStrategy(list(devices), cross_device_ops=operations).scope():
        yield


@contextlib.contextmanager
def number_format(policy: str) -> Iterator[None]:
    """Build models with a Keras dtype policy, then set the old one again.

    Args:
        policy: ``"float32"``, ``"mixed_bfloat16"`` or ``"mixed_float16"``.

    Yields:
        Nothing.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def slowdown(policy: str) -> float:
    """Measure a training step in a number format against one in float32, on this machine.

    Processors without arithmetic of 16 bits imitate it: convolutions then train
    six to ten times as slowly (measured with AVX2).

    Args:
        policy: As for `number_format`.

    Returns:
        The quotient of the seconds, by the step of one small convolution:
        above 1 where float32 is faster, and 1 for float32 itself.
    """
    if policy == "float32":
        return 1.0
    return _step_seconds(policy) / _step_seconds("float32")


def jit_compile() -> bool | str:
    """Return ``compile``'s ``jit_compile`` for the backend in use.

    Returns:
        ``False`` where TensorFlow sees no GPU: XLA on a CPU is slower for
        these networks and recompiles for the last batch. ``"auto"`` on a GPU
        and on other backends; JAX without it would run operation by
        operation.
    """
    if keras.backend.backend() != "tensorflow":
        return "auto"
    import tensorflow as tf

    return "auto" if tf.config.list_logical_devices("GPU") else False


def _step_seconds(policy):
    """The shortest of some training steps of a convolution."""
    maps = np.zeros((8, 32, 32, 64), np.float32)
    with number_format(policy):
        layer = keras.layers.Conv2D(64, 3, padding="same", kernel_initializer="zeros")
        model = keras.Sequential([keras.Input(maps.shape[1:]), layer])
        model.compile(optimizer="sgd", loss="mse", jit_compile=jit_compile())
    seconds = []
    for _ in range(_STEPS):
        began = time.perf_counter()
        model.train_on_batch(maps, maps)
        seconds.append(time.perf_counter() - began)
    return min(seconds[1:])


def require_tensorflow(what: str) -> None:
    """Refuse what only Keras's TensorFlow backend can do.

    Args:
        what: Begins the message.

    Raises:
        ValueError: If Keras runs on another backend.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"{what} need Keras's TensorFlow backend. Received: {keras.backend.backend()}. "
            "Unset KERAS_BACKEND, or do without."
        )
