"""A training before or after that of the tuned stages, with checkpoints and a history of its own.

Public names: `train_phase`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import keras

from kiqa.data.plans import EpochPlan
from kiqa.training.lite.settings import LiteSettings
from kiqa.training.runs.history import history_writer
from kiqa.training.runs.run import RunOptions, Training, train_epochs


def train_phase(
    build: Callable[[], keras.Model],
    plan: Callable[[int], EpochPlan],
    settings: LiteSettings,
    run: RunOptions,
    *,
    model: keras.Model | None = None,
    epochs: int,
    folder: Path,
    resume: bool,
    validate: Callable[[keras.Model], Mapping[str, float]] = lambda model: {},
) -> keras.Model:
    """Train a network for some epochs; the last one is kept.

    Args:
        build: Returns the compiled network; called for the settings' devices.
        plan: From an epoch, counted from 0, to its batches.
        settings: Of the run.
        run: How the run is run.
        model: What ``build`` made, where the devices have been chosen
            already; ``None`` builds it.
        epochs: Of this network.
        folder: Gets ``checkpoint.npz`` and ``history.csv``; made if missing.
            Its name begins the lines of the report.
        resume: Continue from the checkpoint, if there is one.
        validate: From the network to numbers for an epoch's row.

    Returns:
        The trained network.

    Raises:
        ValueError: If the checkpoint is of another network.
        OSError: If a file cannot be written.
    """
    report = run.get("report", lambda message: None)
    training = Training(
        # Its network is small and exported as it is: mixed precision would gain nothing.
        settings=replace(settings, epochs=epochs, early_stopping=None, precision="float32"),
        parts={},
        build=build,
        plan=plan,
        validate=validate,
        export=lambda model, folder: None,
        monitor=None,
    )
    folder.mkdir(parents=True, exist_ok=True)
    trained, _ = train_epochs(
        training,
        model=model,
        folder=folder,
        resume=resume,
        progress=run.get("progress", False),
        title=f"{folder.name}: ",
        after_epoch=history_writer(folder, lambda line: report(f"{folder.name}: {line}")),
    )
    return trained
