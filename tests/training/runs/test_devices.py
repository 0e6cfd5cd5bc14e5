"""Where a training runs: GPUs by number, the number format, and when XLA compiles."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from kiqa.training.runs import devices
from kiqa.training.runs.devices import (
    gpu_devices,
    jit_compile,
    number_format,
    require_tensorflow,
    several_devices,
    slowdown,
)


@pytest.fixture
def visible(monkeypatch):
    """The function ``visible(count)``: TensorFlow sees so many GPUs."""

    def see(count):
        monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind] * count)

    return see


@pytest.fixture
def on_jax(monkeypatch):
    """Keras says that it runs on JAX."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")


@pytest.mark.parametrize(("gpus", "compiled"), [(0, False), (1, "auto"), (2, "auto")])
def test_xla_is_left_to_keras_where_there_is_a_gpu(visible, gpus, compiled):
    """And off on CPUs."""
    visible(gpus)
    assert jit_compile() == compiled


def test_xla_is_left_to_keras_on_other_backends(visible, on_jax):
    """Whatever TensorFlow would see."""
    visible(0)
    assert jit_compile() == "auto"


@pytest.mark.parametrize(
    ("count", "names"),
    [(None, ("GPU:0", "GPU:1", "GPU:2")), (2, ("GPU:0", "GPU:1")), (1, ())],
)
def test_gpus_are_named(visible, count, names):
    """All, or so many; one needs no name."""
    visible(3)
    assert gpu_devices(count) == names


@pytest.mark.parametrize(
    ("seen", "count", "message"),
    [(0, None, "Expected 1 GPUs .* Received: 0"), (2, 3, "Expected 3 GPUs .* Received: 2"),
     (2, 0, "Expected 1 GPUs .* Received: 2")],
)  # fmt: skip
def test_gpus_that_are_not_there(visible, seen, count, message):
    """None, too few, and no number of any."""
    visible(seen)
    with pytest.raises(ValueError, match=message):
        gpu_devices(count)


def test_several_devices_need_tensorflow(on_jax):
    """Without any named, nothing is asked of the backend."""
    with several_devices(()):
        pass
    with pytest.raises(ValueError, match="Several devices need .* Received: jax"), \
            several_devices(("CPU:0", "CPU:1")):  # fmt: skip
        pass
    with pytest.raises(ValueError, match="Several GPUs need"):
        gpu_devices(None)
    with pytest.raises(ValueError, match="This need .* Unset KERAS_BACKEND"):
        require_tensorflow("This")


def test_models_share_a_batch_within_only(two_devices):
    """The strategy holds while models are built, and no longer."""
    with several_devices(two_devices):
        assert tf.distribute.get_strategy().num_replicas_in_sync == 2
    assert tf.distribute.get_strategy().num_replicas_in_sync == 1


def test_the_number_format_is_set_back():
    """Also after an error."""
    before = keras.config.dtype_policy()
    with pytest.raises(RuntimeError, match="midway"), number_format("mixed_bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
        raise RuntimeError("midway")
    assert keras.config.dtype_policy() == before


@pytest.mark.parametrize("seconds", [{"mixed_bfloat16": 0.5, "float32": 0.25}])
def test_slowdown_is_the_quotient_of_the_seconds(monkeypatch, seconds):
    """Float32 is not measured against itself."""
    asked = []

    def measured(policy):
        asked.append(policy)
        return seconds[policy]

    monkeypatch.setattr(devices, "_step_seconds", measured)
    assert slowdown("float32") == 1 and asked == []
    assert slowdown("mixed_bfloat16") == 2 and asked == ["mixed_bfloat16", "float32"]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_slowdown_measures_a_training_step(policy):
    """The policy is set back, and no generator is drawn from, so that trainings stay the same."""
    before, drawn = keras.config.dtype_policy(), random.getstate()
    assert 0 < slowdown(policy) < np.inf
    assert keras.config.dtype_policy() == before and random.getstate() == drawn
