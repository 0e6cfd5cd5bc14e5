"""Checkpoints: complete, atomic, and refused where they do not fit."""

import keras
import numpy as np
import pytest

from kiqa.training.runs import checkpoint
from kiqa.training.runs.checkpoint import (
    RunState,
    read_checkpoint,
    restore_variables,
    save_checkpoint,
)
from kiqa.training.runs.devices import number_format
from kiqa.training.runs.optimizers import compile_model
from kiqa.training.runs.options import PRECISIONS

X = np.random.default_rng(0).random((32, 6)).astype(np.float32)
Y = X[:, :1]


def small_model(units=5):
    """A compiled network with dropout, so that a random state must be kept as well."""
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(units, kernel_initializer=keras.initializers.HeUniform(seed=1)),
            keras.layers.Dropout(0.5, seed=3),
            keras.layers.Dense(1, kernel_initializer=keras.initializers.HeUniform(seed=2)),
        ]
    )
    compile_model(
        model, optimizer=keras.optimizers.Adam(0.01), loss=keras.losses.MeanSquaredError()
    )
    return model


def train(model, steps):
    for _ in range(steps):
        model.train_on_batch(X, Y)


@pytest.mark.slow
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("steps", [0, 1], ids=["fresh", "trained"])
def test_restored_model_continues_bit_by_bit(tmp_path, precision, steps):
    """Weights, Adam's moments, float16's scale and the dropout's random state come back exactly."""
    with number_format(precision):
        model, again = small_model(), small_model()
    train(model, 3)
    save_checkpoint(tmp_path / "c.npz", model, state=RunState(), best=model.get_weights())
    train(model, 3)
    train(again, steps)
    restore_variables(again, read_checkpoint(tmp_path / "c.npz"))
    train(again, 3)
    for expected, received in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(received, expected)


def test_state_and_best_weights_come_back(tmp_path):
    """Numbers keep every bit in the JSON text; best weights keep their order."""
    model = small_model()
    state = RunState(
        epoch=2,
        best_epoch=1,
        best_score=0.1 + 0.2,
        history=[{"epoch": 1, "loss": 1 / 3}],
        notes={"restarts": [{"reason": "constant"}]},
    )
    best = [value + 1 for value in model.get_weights()]
    save_checkpoint(tmp_path / "c.npz", model, state=state, best=best)
    found = read_checkpoint(tmp_path / "c.npz")
    assert found.state == state
    for expected, received in zip(best, found.best, strict=True):
        np.testing.assert_array_equal(received, expected)


def test_failed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    """On a full disk the earlier file stays readable and no other file remains."""
    path = tmp_path / "c.npz"
    model = small_model()
    save_checkpoint(path, model, state=RunState(epoch=1), best=model.get_weights())

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, model, state=RunState(epoch=2), best=model.get_weights())
    assert read_checkpoint(path).state.epoch == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"text"])
def test_damaged_checkpoint_is_refused(tmp_path, content):
    """A torn or foreign file is an error with its name and what to do."""
    path = tmp_path / "c.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="c.npz.*delete it"):
        read_checkpoint(path)


def test_truncated_checkpoint_is_refused(tmp_path):
    """The first half of a checkpoint is an error, not a network."""
    path = tmp_path / "c.npz"
    model = small_model()
    save_checkpoint(path, model, state=RunState(), best=model.get_weights())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match="damaged"):
        read_checkpoint(path)


def test_missing_checkpoint_is_named(tmp_path):
    """A path without a file is a FileNotFoundError with the path."""
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        read_checkpoint(tmp_path / "none.npz")


def test_checkpoint_of_another_network_is_refused(tmp_path):
    """Other shapes are an error, not a half-restored model."""
    model = small_model()
    save_checkpoint(tmp_path / "c.npz", model, state=RunState(), best=model.get_weights())
    with pytest.raises(ValueError, match="another network"):
        restore_variables(small_model(units=7), read_checkpoint(tmp_path / "c.npz"))
