"""Run epochs, keep the weights of the best one, continue after a kill.

`train_to_best` knows nothing of data: an experiment hands it a function that
trains and validates one epoch. After every epoch a checkpoint is written, so
that a killed run loses at most one epoch and then gives the same weights as
an uninterrupted one, provided that ``run_epoch`` draws its random numbers
from the epoch's number (`kiqa.training.runs.seeding`).
"""

import os
from collections.abc import Callable

import keras

from kiqa.training.runs.checkpoint import (
    Checkpoint,
    RunState,
    restore_variables,
    save_checkpoint,
)


def train_to_best(
    model: keras.Model,
    *,
    run_epoch: Callable[[int], dict[str, float]],
    epochs: int,
    monitor: str | None,
    maximise: bool,
    checkpoint_path: str | os.PathLike,
    resume_from: Checkpoint | None = None,
    notes: dict | None = None,
    patience: int | None = None,
    after_epoch: Callable[[RunState], None] | None = None,
) -> RunState:
    """Train epoch by epoch and leave the best weights in the model.

    Args:
        model: Compiled model; trained in place.
        run_epoch: Trains epoch ``i``, counted from 0, and returns its
            numbers, among them ``monitor``.
        epochs: Number of epochs in all, those before a kill included.
        monitor: Key of the number that decides which epoch is best; ``None``
            keeps the last one.
        maximise: ``True`` if a high number is good. Of equal epochs the
            first one is kept.
        checkpoint_path: Written after each epoch.
        resume_from: Where to continue; ``None`` starts from the model's
            present weights.
        notes: Kept in the checkpoint, for the experiment's own use.
        patience: Stop after so many epochs without a better number.
        after_epoch: Called with the state after each epoch's checkpoint.

    Returns:
        The state after the last epoch.

    Raises:
        ValueError: If the checkpoint does not fit the model.
        OSError: If a checkpoint cannot be written; the last one stays.
    """
    if resume_from is None:
        state, best = RunState(notes=notes or {}), model.get_weights()
    else:
        state, best = resume_from.state, resume_from.best
        restore_variables(model, resume_from)
    sign = 1 if maximise else -1
    while state.epoch < epochs:
        if patience is not None and state.epoch - state.best_epoch >= patience:
            break
        numbers = run_epoch(state.epoch)
        state.epoch += 1
        state.history.append({"epoch": state.epoch, **numbers})
        score = None if monitor is None else numbers[monitor]
        if score is None or state.best_score is None or sign * score > sign * state.best_score:
            state.best_score, state.best_epoch = score, state.epoch
            best = model.get_weights()
        save_checkpoint(checkpoint_path, model, state=state, best=best)
        if after_epoch is not None:
            after_epoch(state)
    model.set_weights(best)
    return state
