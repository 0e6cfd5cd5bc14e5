"""Epochs of a plan through ``fit``: the loss, errors, and other backends than TensorFlow."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from kiqa.data.plans import ArraySpec, EpochPlan, in_batches
from kiqa.io.images import ImageError
from kiqa.training.runs.devices import several_devices
from kiqa.training.runs.feeding import fit_epoch
from kiqa.training.runs.replicas import whole_batch


def _plan(read=float, count=10, batch_size=4):
    return EpochPlan(
        order=in_batches(np.arange(count), batch_size),
        read=read,
        batch=lambda samples, chosen, rng: (np.array(samples, np.float32)[:, None],) * 2,
        signature=(ArraySpec("float32", (None, 1)),) * 2,
        generator=lambda number: np.random.default_rng(number),
    )


@pytest.fixture
def model():
    return _model()


def _model(rate=0.0):
    """Halves its input; its learning rate is zero, unless another one is given."""
    inputs = keras.Input((1,))
    half = keras.initializers.Constant(0.5)
    model = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer=half)(inputs))
    model.compile(
        keras.optimizers.SGD(rate),
        loss=whole_batch(lambda target, predicted: keras.ops.mean((target - predicted) ** 2)),
    )
    return model


def test_loss_is_the_mean_over_samples(model):
    """Batches of different sizes weigh as many as their samples."""
    losses = fit_epoch(model, _plan(), epoch=3, title=None)
    assert list(losses) == ["loss"] and losses["loss"] == pytest.approx(
        np.mean((np.arange(10) / 2) ** 2), rel=1e-6
    )


@pytest.mark.parametrize("devices", [1, 2])
def test_each_output_has_its_own_loss(two_devices, devices):
    """Before its weight, on any number of devices; ``loss`` is the weighted sum."""

    def error(target, predicted):
        return keras.ops.mean((target - predicted) ** 2)

    half = keras.initializers.Constant(0.5)
    with several_devices(two_devices[:devices]):
        inputs = keras.Input((1,))
        outputs = {
            name: keras.layers.Dense(1, kernel_initializer=half, name=name)(inputs)
            for name in ("near", "far")
        }
        model = keras.Model(inputs, outputs)
        model.compile(
            keras.optimizers.SGD(0.0),
            loss={name: whole_batch(error) for name in outputs},
            loss_weights={"near": 1.0, "far": 3.0},
        )
    plan = replace(
        _plan(count=8),
        batch=lambda samples, chosen, rng: (
            (column := np.array(samples, np.float32)[:, None]),
            {"near": column / 2, "far": column},
        ),
        signature=(
            ArraySpec("float32", (None, 1)),
            {name: ArraySpec("float32", (None, 1)) for name in ("near", "far")},
        ),
    )
    far = np.mean((np.arange(8) / 2) ** 2)
    losses = fit_epoch(model, plan, epoch=0, title=None)
    assert losses == pytest.approx({"loss": 3 * far, "near_loss": 0.0, "far_loss": far})


def test_an_epoch_without_batches_is_refused(model):
    """Before Keras says something else."""
    with pytest.raises(ValueError, match="Expected a batch in each epoch"):
        fit_epoch(model, _plan(count=0), epoch=0, title=None)


def test_several_devices_need_an_equal_share_of_the_first_batch(two_devices):
    """Keras learns the shapes from it, with an error that names no remedy; the last may be odd."""
    with several_devices(two_devices):
        model = _model()
        losses = fit_epoch(model, _plan(count=11), epoch=0, title=None)
        assert losses["loss"] == pytest.approx(np.mean((np.arange(11) / 2) ** 2), rel=1e-6)
        with pytest.raises(ValueError, match="2 devices share equally. Received: 5 samples. Use a"):
            fit_epoch(model, _plan(batch_size=5), epoch=0, title=None)
        shared = _model(rate=0.01)
        fit_epoch(shared, _plan(count=11), epoch=0, title=None)
    alone = _model(rate=0.01)
    fit_epoch(alone, _plan(count=11), epoch=0, title=None)
    weights = shared.get_weights(), alone.get_weights()
    for one, two, first in zip(*weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6)
        assert np.abs(one - first).min() > 0.05


def test_a_reader_error_keeps_its_kind_and_text(model):
    """The image is named, as without TensorFlow."""

    def read(index):
        raise ImageError(f"{index}.png is damaged")

    with pytest.raises(ImageError, match=r"^0\.png is damaged$"):
        fit_epoch(model, _plan(read), epoch=0, title=None)


def test_other_backends_get_the_same_batches(model, monkeypatch):
    """As a PyDataset, whose batches are made in threads too, in the plan's order."""
    wanted = fit_epoch(model, _plan(), epoch=0, title=None)
    read = []
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    losses = fit_epoch(model, _plan(lambda index: read.append(index) or index), epoch=0, title=None)
    assert losses == pytest.approx(wanted) and set(read) == set(range(10))
