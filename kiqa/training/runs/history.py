"""The numbers of trainings that are validated by the MOS of photographs."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kiqa.evaluation.correlation import plcc, srocc
from kiqa.evaluation.report import write_csv
from kiqa.training.runs.checkpoint import RunState


def epoch_numbers(
    losses: Sequence[float], predicted: np.ndarray, wanted: np.ndarray, *, began: float
) -> dict[str, float]:
    """Return an epoch's row of the history.

    Args:
        losses: Of its steps.
        predicted: Scores of the validation photographs, shape (n,).
        wanted: What they should be, shape (n,).
        began: ``time.monotonic()`` when the epoch began.

    Returns:
        ``loss``, ``val_srocc``, ``val_plcc`` (no logistic), ``val_mse`` and
        ``seconds``.
    """
    return {
        "loss": float(np.mean(losses)),
        "val_srocc": srocc(predicted, wanted),
        "val_plcc": plcc(predicted, wanted, logistic=None),
        "val_mse": float(np.mean((predicted - wanted) ** 2)),
        "seconds": round(time.monotonic() - began, 1),
    }


def history_writer(workdir: Path, report: Callable[[str], None]) -> Callable[[RunState], None]:
    """Return an ``after_epoch`` for `kiqa.training.runs.epochs.train_to_best`.

    Args:
        workdir: Folder that gets ``history.csv``.
        report: Told each epoch's numbers in one line.

    Returns:
        The function.
    """

    def after_epoch(state):
        write_csv(state.history, workdir / "history.csv")
        last = state.history[-1]
        report(", ".join(f"{name} {value:.5g}" for name, value in last.items()))

    return after_epoch


def best_numbers(state: RunState) -> dict[str, float]:
    """Return the result of a run: its best epoch's row, epochs and time."""
    return {
        **state.history[state.best_epoch - 1],
        "epochs": state.epoch,
        "best_epoch": state.best_epoch,
        "training_seconds": round(sum(row["seconds"] for row in state.history), 1),
    }
