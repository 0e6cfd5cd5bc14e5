"""Networks without dropout, and the numbers that a run ends with."""

import keras
import numpy as np
import pytest

from kiqa.training.runs.checkpoint import read_checkpoint


@pytest.fixture
def no_dropout(monkeypatch):
    """Dropout, which each device draws for itself, changes nothing."""
    monkeypatch.setattr(keras.layers.Dropout, "call", lambda self, inputs, training=False: inputs)


@pytest.fixture(scope="session")
def last_arrays():
    """The function ``last_arrays(folder) -> list``: the model's variables, then the optimiser's."""

    def read(folder) -> list[np.ndarray]:
        checkpoint = read_checkpoint(folder / "checkpoint.npz")
        return [*checkpoint.model, *checkpoint.optimizer]

    return read
