"""The run that all trainings share: a folder, checkpoints, the best epoch, a result.

A system says what is its own in a `Training`: data, network, batches,
validation, export. `run_training` does the rest in one order: check the parts,
build, open the working folder, train to the best epoch, export, write the
result. The folder then holds

- ``settings.json``: settings, data and backend, checked when continued, and versions;
- ``images.csv``: which image was in which part;
- ``history.csv``: a row for each epoch;
- ``checkpoint.npz``: all that a killed run needs to continue;
- the weights; and ``result.json``, which the model card quotes;
- ``tensorboard/``, where asked for.

Public names: `Training`, `RunOptions`, `run_training`, `train_epochs`.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Required, TypedDict

import keras

from kiqa.data.plans import EpochPlan
from kiqa.evaluation.report import write_csv, write_json
from kiqa.startup import check_process, run_in_order
from kiqa.training.runs.checkpoint import RunState, read_checkpoint
from kiqa.training.runs.devices import number_format, several_devices
from kiqa.training.runs.epochs import train_to_best
from kiqa.training.runs.feeding import fit_epoch
from kiqa.training.runs.history import HISTORY_FILE, best_numbers, history_writer
from kiqa.training.runs.optimizers import swap_average
from kiqa.training.runs.options import settings_to_json
from kiqa.training.runs.origin import Judged, report_seen, started_from
from kiqa.training.runs.parts import refuse_shared_contents
from kiqa.training.runs.replicas import share_statistics
from kiqa.training.runs.workdir import machine, open_workdir, text_sha256

CHECKPOINT_FILE, RESULT_FILE = "checkpoint.npz", "result.json"


class RunOptions(TypedDict, total=False):
    """How a training is run; what it computes does not depend on it.

    Attributes:
        workdir: Folder of the run, made if missing.
        resume: Continue the run in the folder after its last epoch. On a CPU
            the weights are those of an uninterrupted run, bit by bit, where
            `kiqa.startup.run_in_order` came before TensorFlow's first operation,
            as it does from the command line.
        tensorboard: Write event files as well (TensorFlow only).
        progress: Show a bar, if standard error is a terminal.
        report: Called with a line after each epoch.
    """

    workdir: Required[str | os.PathLike]
    resume: bool
    tensorboard: bool
    progress: bool
    report: Callable[[str], object]


@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    """What one system tells the run.

    Attributes:
        settings: Dataclass with ``seed``, ``epochs``, ``precision`` and
            ``devices``; ``early_stopping`` where it has one.
        parts: Rows of ``images.csv`` by part (``"train"``, ``"val"`` and
            ``"test"``), each with ``image_name`` and ``content``, the scene
            or reference: no content may be in two parts.
        build: Returns the compiled model; called for the settings' devices
            and precision.
        plan: From an epoch, counted from 0, to its batches.
        validate: From the model to numbers for the epoch's row, among them
            ``monitor``; `kiqa.training.runs.history.score_numbers` makes
            those of predicted scores.
        export: Writes the weights of the best epoch, which the model has,
            into the folder.
        monitor: Key of the number that decides which epoch is best; ``None``
            keeps the last one.
        maximise: Whether a high number is good.
        initial: What the network starts from, for ``settings.json``.
        data: More of what identifies the data, JSON types.
        extendable: Whether a finished run can be continued with more epochs:
            not where the learning rate depends on their number.
    """

    settings: Any
    parts: Mapping[str, Sequence[Mapping[str, Any]]]
    build: Callable[[], keras.Model]
    plan: Callable[[int], EpochPlan]
    validate: Callable[[keras.Model], Mapping[str, float]]
    export: Callable[[keras.Model, Path], object]
    monitor: str | None = "val_srocc"
    maximise: bool = True
    initial: str | os.PathLike | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    extendable: bool = True


def run_training(
    training: Training,
    *,
    workdir: str | os.PathLike,
    resume: bool = False,
    tensorboard: bool = False,
    progress: bool = False,
    report: Callable[[str], object] = lambda message: None,
) -> dict:
    """Run a training to its result, or continue it.

    Args:
        training: What is trained.
        workdir: See `RunOptions`, as the others.
        resume: See there.
        tensorboard: See there.
        progress: See there.
        report: See there.

    Returns:
        The result: the best epoch's row of the history with ``best_epoch``,
        ``epochs``, ``training_seconds``, the number of images in each part,
        parameters and machine.

    Raises:
        ValueError: If a content is in two parts, an image cannot be read, or
            the folder holds another run.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    check_process()
    refuse_shared_contents(training.parts)
    rows = [{**row, "set": part} for part, members in training.parts.items() for row in members]
    counts = {part: len(members) for part, members in training.parts.items()}
    model = _built(training)  # first: what cannot be built leaves the folder free
    judged = {
        part: [Judged(row["image_name"], row["content"]) for row in training.parts.get(part, ())]
        for part in ("val", "test")
    }
    report_seen(training.initial, judged, role="initial", report=report)
    folder = open_workdir(
        workdir,
        settings=settings_to_json(training.settings) | started_from(training.initial),
        data={
            **counts,
            **training.data,
            "sha256": text_sha256(repr(([tuple(row.values()) for row in rows], training.data))),
        },
        resume=resume,
        extendable=("epochs",) if training.extendable else (),
    )
    if rows:
        write_csv(rows, folder / "images.csv")
    model, state = train_epochs(
        training,
        model=model,
        folder=folder,
        resume=resume,
        progress=progress,
        after_epoch=history_writer(folder, report, tensorboard=tensorboard),
    )
    if state.history:  # a kill after the last checkpoint left its row out
        write_csv(state.history, folder / HISTORY_FILE)
    training.export(model, folder)
    result = {
        **best_numbers(state),
        "images": counts,
        "parameters": model.count_params(),
        "machine": machine(training.settings.devices),
    }
    write_json(result, folder / RESULT_FILE)
    return result


def train_epochs(
    training: Training,
    *,
    model: keras.Model | None = None,
    folder: Path,
    resume: bool,
    progress: bool = False,
    title: str = "",
    notes: dict | None = None,
    after_epoch: Callable[[RunState], None] = lambda state: None,
) -> tuple[keras.Model, RunState]:
    """Build the network, unless that has been done, and train it to its best epoch.

    Args:
        training: What is trained.
        model: What its ``build`` made; ``None`` builds it.
        folder: Where the checkpoint lies.
        resume: Continue from the checkpoint, if there is one.
        progress: Show a bar, if standard error is a terminal.
        title: Begins the bar's text.
        notes: Kept in the checkpoint, for the experiment's own use.
        after_epoch: Called after each epoch's checkpoint.

    Returns:
        The model with the weights of the best epoch, and the last state.

    Raises:
        ValueError: As `run_training`.
        OSError: Likewise.
    """
    check_process()
    settings, path = training.settings, folder / CHECKPOINT_FILE
    start = read_checkpoint(path) if resume and path.is_file() else None
    model = _built(training) if model is None else model

    def run_epoch(epoch):
        began = time.monotonic()
        shown = f"{title}epoch {epoch + 1}" if progress else None
        if epoch:
            swap_average(model)
        losses = fit_epoch(model, training.plan(epoch), epoch=epoch, title=shown)
        swap_average(model)  # checkpoints have the average in the model, as the best epoch has
        numbers = training.validate(model)
        return {**losses, **numbers, "seconds": round(time.monotonic() - began, 3)}

    state = train_to_best(
        model,
        run_epoch=run_epoch,
        epochs=settings.epochs,
        monitor=training.monitor,
        maximise=training.maximise,
        checkpoint_path=path,
        resume_from=start,
        notes=notes,
        patience=getattr(settings, "early_stopping", None),
        after_epoch=after_epoch,
    )
    share_statistics(model, shared=False)
    return model, state


def _built(training):
    """The model, for the settings' devices and precision."""
    run_in_order()
    settings = training.settings
    with several_devices(settings.devices), number_format(settings.precision):
        model = training.build()
        share_statistics(model)
    return model
