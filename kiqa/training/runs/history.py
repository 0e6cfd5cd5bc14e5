"""The numbers of trainings: a row for each epoch, and the best one.

Public names: `score_numbers`, `history_writer`, `best_numbers`, `HISTORY_FILE`.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from kiqa.evaluation.correlation import plcc, srocc
from kiqa.evaluation.report import write_csv
from kiqa.training.runs.checkpoint import RunState
from kiqa.training.runs.devices import require_tensorflow

HISTORY_FILE = "history.csv"


def score_numbers(predicted: np.ndarray, wanted: np.ndarray) -> dict[str, float]:
    """Compare predicted scores of validation images with what they should be.

    Args:
        predicted: Shape (n,).
        wanted: Shape (n,).

    Returns:
        ``val_srocc``, ``val_plcc`` (no logistic) and ``val_mse``.

    Raises:
        ValueError: If predictions are not finite, or all the same: the training
            has diverged.
    """
    if not np.isfinite(predicted).all() or np.ptp(predicted) == 0:
        raise ValueError(
            "Expected predictions for the validation images that are finite and differ. Received: "
            f"{np.ravel(predicted)[:3]} and so on: the training has diverged. Begin again with a "
            "lower --learning-rate, or --precision float32."
        )
    return {
        "val_srocc": srocc(predicted, wanted),
        "val_plcc": plcc(predicted, wanted, logistic=None),
        "val_mse": float(np.mean((predicted - wanted) ** 2)),
    }


def history_writer(
    folder: Path, report: Callable[[str], object], *, tensorboard: bool = False
) -> Callable[[RunState], None]:
    """Return an ``after_epoch`` for `kiqa.training.runs.epochs.train_to_best`.

    Args:
        folder: Folder that gets ``history.csv``.
        report: Called with each epoch's numbers in one line.
        tensorboard: Write event files as well, into ``tensorboard``.

    Returns:
        The function.

    Raises:
        ValueError: If event files are asked for on another backend than
            TensorFlow.
    """
    write_scalars = _scalar_writer(folder / "tensorboard") if tensorboard else None

    def after_epoch(state):
        write_csv(state.history, folder / HISTORY_FILE)
        last = state.history[-1]
        if write_scalars is not None:
            write_scalars({key: last[key] for key in last if key != "epoch"}, state.epoch)
        report(", ".join(f"{name} {value:.5g}" for name, value in last.items()))

    return after_epoch


def best_numbers(state: RunState) -> dict[str, float]:
    """Return the result of a run: its best epoch's row, if there is one, epochs and time."""
    return {
        **(state.history[state.best_epoch - 1] if state.history else {}),
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        "training_seconds": round(sum(row["seconds"] for row in state.history), 1),
    }


def _scalar_writer(folder: str | os.PathLike) -> Callable[[Mapping[str, float], int], None]:
    """Open a TensorBoard event file with one point per epoch.

    Keras's own callback starts a new series at each call of ``fit``, and here
    every epoch is one; TensorFlow can write the files without TensorBoard.

    Args:
        folder: Folder for TensorBoard's ``--logdir``. A continued run adds
            a file, which TensorBoard joins to the earlier ones.

    Returns:
        Function of numbers by name and an epoch that writes them.

    Raises:
        ValueError: If Keras does not run on TensorFlow.
    """
    require_tensorflow("TensorBoard files")
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(folder))
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
    )

    def write(numbers, epoch):
        with writer.as_default():
            for name, value in numbers.items():
                tf.summary.write(name, tf.constant(value, tf.float32), epoch, metadata)
        writer.flush()

    return write
