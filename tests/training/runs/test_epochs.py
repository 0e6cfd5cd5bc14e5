"""The loop over epochs: best weights, patience, more epochs later."""

import keras
import numpy as np
import pytest

from kiqa.training.runs.checkpoint import read_checkpoint
from kiqa.training.runs.epochs import train_to_best
from kiqa.training.runs.optimizers import compile_model


def counting_model():
    """One weight, so that a test can write the epoch's number into it."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    compile_model(model, optimizer=keras.optimizers.SGD(), loss=keras.losses.MeanSquaredError())
    return model


def run(model, scores, path, *, epochs=None, **options):
    """Train with given scores; epoch ``i`` leaves the weight ``i``."""

    def run_epoch(epoch):
        model.set_weights([np.array([[epoch]], np.float32)])
        return {"score": scores[epoch]}

    options = {"maximise": False, **options}
    return train_to_best(
        model,
        run_epoch=run_epoch,
        epochs=epochs or len(scores),
        monitor="score",
        checkpoint_path=path,
        **options,
    )


@pytest.mark.parametrize(("maximise", "best"), [(False, 1), (True, 3)])
def test_model_ends_with_the_weights_of_the_best_epoch(tmp_path, maximise, best):
    """The least (or greatest) score decides, the first of equal ones."""
    model = counting_model()
    scores = [0.5, 0.2, 0.2, 0.9, 0.9, 0.4]
    state = run(model, scores, tmp_path / "c.npz", maximise=maximise)
    assert model.get_weights()[0].item() == best
    assert (state.best_epoch, state.best_score) == (best + 1, scores[best])
    assert [row["epoch"] for row in state.history] == [1, 2, 3, 4, 5, 6]


def test_patience_stops_after_epochs_without_a_better_score(tmp_path):
    """With patience 2 the run ends two epochs after the best one, also when it is continued."""
    scores = [0.5, 0.2, 0.3, 0.3, 0.1]
    path = tmp_path / "c.npz"
    assert run(counting_model(), scores, path, patience=2).epoch == 4
    again = run(counting_model(), scores, path, patience=2, resume_from=read_checkpoint(path))
    assert (again.epoch, again.best_epoch) == (4, 2)


def test_best_weights_survive_an_interruption(tmp_path):
    """A run continued past its best epoch ends with that epoch's weights, not its own."""
    path = tmp_path / "c.npz"
    scores = [0.5, 0.1, 0.4, 0.3]
    run(counting_model(), scores, path, epochs=3)
    model = counting_model()
    state = run(model, scores, path, resume_from=read_checkpoint(path))
    assert model.get_weights()[0].item() == 1
    assert (state.epoch, state.best_epoch) == (4, 2)


def test_state_is_reported_after_its_checkpoint(tmp_path):
    """When the caller hears of an epoch, the file on disk already holds it."""
    path = tmp_path / "c.npz"
    seen = []
    run(
        counting_model(),
        [3.0, 2.0],
        path,
        after_epoch=lambda state: seen.append((state.epoch, read_checkpoint(path).state.epoch)),
    )
    assert seen == [(1, 1), (2, 2)]
