"""What several devices share: the loss, the statistics and the norm of the whole batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kiqa.data.plans import ArraySpec, EpochPlan, in_batches
from kiqa.training.runs.devices import several_devices
from kiqa.training.runs.feeding import fit_epoch
from kiqa.training.runs.optimizers import adam, compile_model
from kiqa.training.runs.replicas import (
    mean_over_replicas,
    pearson,
    predict_batch,
    replica_count,
    share_statistics,
    whole_batch,
)


def _loss(target, predicted):
    """Squared error and a correlation: half a batch has another one than the whole."""
    a, b = predicted - ops.mean(predicted), target - ops.mean(target)
    norm = ops.sqrt(ops.sum(a * a) * ops.sum(b * b)) + 1e-6
    return ops.mean(ops.square(predicted - target)) + 1 - ops.sum(a * b) / norm


def _plan(count):
    rng = np.random.default_rng(0)
    x, y = rng.random((count, 4), np.float32), rng.random((count, 1), np.float32)
    return EpochPlan(
        order=in_batches(np.arange(count), 16),
        read=lambda index: (x[index], y[index]),
        batch=lambda samples, chosen, rng: tuple(map(np.stack, zip(*samples, strict=True))),
        signature=(ArraySpec("float32", (None, 4)), ArraySpec("float32", (None, 1))),
        generator=lambda number: np.random.default_rng(number),
    )


def _trained(devices, *, count, clip_norm, loss=_loss, shared=True):
    with several_devices(devices):
        model = keras.Sequential(
            [
                keras.Input((4,)),
                keras.layers.Dense(8, kernel_initializer=keras.initializers.GlorotUniform(1)),
                keras.Sequential([keras.layers.BatchNormalization()]),
                keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(2)),
            ]
        )
        if shared:
            share_statistics(model)
        optimizer = adam(0.01, clip_norm=clip_norm, epsilon=1e-3)
        compile_model(model, optimizer=optimizer, loss=whole_batch(loss))
    losses = fit_epoch(model, _plan(count), epoch=0, title=None)
    return model.get_weights(), losses["loss"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clip_norm", "each"), [(0.0, "each_by_operations"), (0.05, "one_then_two")]
)
@pytest.mark.parametrize("count", [32, 35, 33], ids=["halves", "uneven", "one left over"])
def test_two_devices_take_the_steps_of_one(request, shares, count, clip_norm, each):
    """Equal weights and loss, whatever the last batch and the clipping; clipped, as a graph."""
    (one, loss), (two, shared_loss) = [
        _trained(devices, count=count, clip_norm=clip_norm)
        for devices in request.getfixturevalue(each)
    ]
    assert shares[:4] == [8] * 4 and sum(shares) == count
    assert shared_loss == pytest.approx(loss, abs=1e-5)
    for first, second in zip(one, two, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


@pytest.mark.slow
def test_unshared_statistics_are_noticed(each_by_operations):
    """The comparison above can fail: it does without shared batch normalisation."""
    one, two = [
        _trained(devices, count=48, clip_norm=0.0, shared=not devices)[0]
        for devices in each_by_operations
    ]
    assert max(np.abs(a - b).max() for a, b in zip(one, two, strict=True)) > 1e-4


def test_one_device_changes_nothing():
    """The very loss and gradients; batch normalisation as it was."""
    target, predicted = np.ones((3, 1), np.float32), np.zeros((3, 1), np.float32)
    assert float(whole_batch(_loss)(target, predicted)) == float(_loss(target, predicted))
    gradients = [object(), None]
    assert mean_over_replicas(gradients) == gradients
    assert replica_count() == 1
    model = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])
    share_statistics(model)
    assert not model.layers[0].synchronized


@pytest.mark.parametrize("count", [1, 5])
def test_a_batch_is_predicted_once_on_several_devices(two_devices, count):
    """One row for each sample, in their order."""
    with several_devices(two_devices):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    x = np.random.default_rng(0).random((count, 3), np.float32)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(predict_batch(model, x), x @ kernel + bias, rtol=1e-5)


def test_sharing_is_taken_back(two_devices):
    """A network that is written does not ask for several devices."""
    with several_devices(two_devices):
        model = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])
        share_statistics(model)
    assert model.layers[0].synchronized
    share_statistics(model, shared=False)
    assert not model.layers[0].get_config()["synchronized"]


@pytest.mark.slow
def test_a_loss_always_sees_a_whole_batch(two_devices):
    """Also where Keras traces the shapes, outside of the devices: no loss has to bear a part."""
    seen = []

    def loss(target, predicted):
        seen.append(predicted.shape[0])
        return ops.mean(ops.square(predicted - target))

    with several_devices(two_devices):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        compile_model(model, optimizer=adam(0.01), loss=whole_batch(loss))
    fit_epoch(model, _plan(16), epoch=0, title=None)
    assert set(seen) - {None} == {16}


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "XLA"])
@pytest.mark.parametrize(
    ("predicted", "wanted"),
    [([0.1, 0.2, 0.6], [0.5, 0.5, 0.5]), ([0.5, 0.5, 0.5], [0.1, 0.2, 0.6]), ([0.5] * 3,) * 2],
    ids=["wanted", "predicted", "both"],
)
def test_a_constant_has_no_correlation_and_a_finite_gradient(predicted, wanted, compiled):
    """A batch of images that people rated the same is no end of a training."""
    predicted = tf.Variable(predicted)

    @tf.function(jit_compile=compiled)
    def step():
        with tf.GradientTape() as tape:
            correlation = pearson(predicted, tf.constant(wanted))
        return correlation, tape.gradient(correlation, predicted)

    correlation, gradient = step()
    assert abs(float(correlation)) < 1e-6 and np.isfinite(gradient).all()


@pytest.mark.parametrize("size", [1e-3, 1.0, 100.0])
def test_correlation_is_pearsons(size):
    """At any size of the numbers that scores have; weighted, as if elements were there twice."""
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 8)).astype(np.float32)
    weight = np.repeat([2.0, 1.0], 4).astype(np.float32)
    expected = np.corrcoef(a, b)[0, 1]
    assert float(pearson(a, size * b)) == pytest.approx(expected, abs=2e-3 if size < 1 else 1e-5)
    twice = np.corrcoef(np.repeat(a, weight.astype(int)), np.repeat(b, weight.astype(int)))[0, 1]
    found = float(pearson(a, size * b, weight / weight.mean()))
    assert found == pytest.approx(twice, abs=2e-3 if size < 1 else 1e-5)
