"""Train RNN-BIQA's pooling network, or the averaging it is compared with.

Public names: `train_pooling`, `pooling_network`, `compile_pooling`, `Rated`.

References:
    Korhonen et al. 2021, sections 4.3 and 4.4.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from kiqa.constants import RNN_BIQA
from kiqa.evaluation.report import write_json
from kiqa.models.rnn_biqa import build_average_biqa, build_rnn_biqa
from kiqa.training.rnn_biqa.batches import epoch_batches, predict_sequences
from kiqa.training.rnn_biqa.settings import PoolingSettings
from kiqa.training.runs.checkpoint import read_checkpoint
from kiqa.training.runs.devices import jit_compile, number_format
from kiqa.training.runs.epochs import train_to_best
from kiqa.training.runs.history import epoch_numbers, history_writer
from kiqa.training.runs.options import settings_to_json
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.workdir import arrays_sha256, open_workdir

CHECKPOINT_FILE = "checkpoint.npz"
_BUILDERS = {"rnn": build_rnn_biqa, "average": build_average_biqa}


@dataclass(frozen=True, eq=False)
class Rated:
    """Images with features and scores.

    Attributes:
        names: Of the images.
        sequences: Of each image its features, shape (patches, features).
        mos: Their scores, MOS / 100 or on another scale 0..1.
    """

    names: Sequence[str]
    sequences: Sequence[np.ndarray]
    mos: np.ndarray

    def __len__(self):
        return len(self.names)


def train_pooling(
    train: Rated,
    settings: PoolingSettings,
    *,
    workdir: str | os.PathLike,
    validation: Rated | None = None,
    resume: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> tuple[keras.Model, dict]:
    """Train a pooling network on the features of rated images.

    The folder then holds ``settings.json``, ``history.csv``,
    ``checkpoint.npz`` and ``result.json``.

    Args:
        train: Images to train on.
        settings: What decides the numbers; the method is ``"rnn"`` or
            ``"average"``.
        workdir: Folder of the run.
        validation: Images that are predicted after each epoch, and choose it
            with ``keep="best"``.
        resume: Continue the run in the folder after its last epoch. On a CPU
            the weights are those of an uninterrupted run, bit by bit.
        report: Told one line after each epoch.

    Returns:
        The network with the weights kept, and the result: last or best epoch
        with its numbers, seconds.

    Raises:
        ValueError: If there are too few images, validation is missing where
            it chooses, an image is in both or has features or a score that
            are not finite, or the folder holds another run.
        OSError: If a file cannot be written; what is finished stays.
    """
    _check(train, validation, settings)
    workdir = open_workdir(
        workdir,
        settings=settings_to_json(settings),
        data={
            "train": len(train),
            "val": 0 if validation is None else len(validation),
            "sha256": arrays_sha256(*(a for part in (train, validation) if part
                                      for a in (part.mos, *part.sequences))),
        },
        resume=resume,
    )  # fmt: skip
    model = compile_pooling(pooling_network(train.sequences, settings), settings)
    path = workdir / CHECKPOINT_FILE
    best = settings.keep == "best"
    state = train_to_best(
        model,
        run_epoch=_epoch_runner(model, train, validation, settings),
        epochs=settings.epochs,
        monitor="val_srocc" if best else "steps",  # steps grow: the last epoch is kept
        maximise=True,
        checkpoint_path=path,
        resume_from=read_checkpoint(path) if resume and path.is_file() else None,
        after_epoch=history_writer(workdir, report),
    )
    result = {
        **state.history[state.best_epoch - 1],
        "epochs": state.epoch,
        "kept_epoch": state.best_epoch,
        "training_seconds": round(sum(row["seconds"] for row in state.history), 1),
    }
    write_json(result, workdir / "result.json")
    return model, result


def pooling_network(sequences: Sequence[np.ndarray], settings: PoolingSettings) -> keras.Model:
    """Build the network that the settings name, centred on training sequences.

    Args:
        sequences: Each of shape (patches, features).
        settings: What decides the numbers.

    Returns:
        Network with random weights, of `kiqa.models.rnn_biqa`.
    """
    mean, variance = _statistics(sequences)
    with number_format(settings.precision):
        return _BUILDERS[settings.method](
            features=sequences[0].shape[1],
            masked=settings.masked,
            mean=mean,
            variance=variance if settings.normalisation == "standardise" else None,
            seed=model_seed(settings.seed),
        )


def _statistics(sequences):
    """Mean and variance of each feature over all patches; 1 for one that never changes."""
    count, total, squares = 0, 0.0, 0.0
    for sequence in sequences:
        values = sequence.astype(np.float64)
        count += len(values)
        total, squares = total + values.sum(axis=0), squares + (values**2).sum(axis=0)
    mean = total / count
    variance = squares / count - mean**2
    return mean, np.where(variance > 1e-12 * np.maximum(1, mean**2), variance, 1)


def compile_pooling(model: keras.Model, settings: PoolingSettings) -> keras.Model:
    """Give a network its optimiser, loss and penalty.

    Args:
        model: From `pooling_network`; compiled in place.
        settings: What decides the numbers.

    Returns:
        The same model.
    """
    for variable in model.trainable_variables:
        if variable.name != "bias" and settings.l2:  # its gradient is l2 times the weight
            variable.regularizer = keras.regularizers.L2(settings.l2 / 2)
    model.compile(
        optimizer=keras.optimizers.Adam(
            settings.learning_rate,
            beta_1=settings.beta_1,
            beta_2=settings.beta_2,
            epsilon=RNN_BIQA.epsilon,
        ),
        loss=keras.losses.Huber(
            delta=settings.huber_delta,
            reduction="sum" if settings.loss_reduction == "sum" else "sum_over_batch_size",
        ),
        jit_compile=jit_compile(),
    )
    return model


def _epoch_runner(model, train, validation, settings):
    """A function that trains and validates one epoch, for `train_to_best`."""
    steps = len(train) / settings.batch
    steps = int(steps) if settings.whole_batches else int(np.ceil(steps))

    def run_epoch(epoch):
        began = time.monotonic()
        model.optimizer.learning_rate = settings.learning_rate * settings.rate_decay**epoch
        batches = epoch_batches(
            train.sequences, train.mos, batch=settings.batch, masked=settings.masked,
            whole_batches=settings.whole_batches, seed=settings.seed, epoch=epoch,
            names=train.names,
        )  # fmt: skip
        losses = [float(model.train_on_batch(*batch)) for batch in batches]
        numbers = {"steps": steps * (epoch + 1), "learning_rate": _rate(model)}
        if validation is None:
            seconds = round(time.monotonic() - began, 1)
            return {"loss": float(np.mean(losses)), "seconds": seconds, **numbers}
        predicted = predict_sequences(
            model, validation.sequences, masked=settings.masked, names=validation.names
        )
        return {**epoch_numbers(losses, predicted, validation.mos, began=began), **numbers}

    return run_epoch


def _rate(model):
    return float(model.optimizer.learning_rate.numpy())


def _check(train, validation, settings):
    if settings.method not in _BUILDERS:
        raise ValueError(
            f"Expected a method with a network, one of {', '.join(_BUILDERS)}. "
            f"Received: {settings.method!r}."
        )
    least = settings.batch if settings.whole_batches else 1
    if len(train) < least:
        raise ValueError(
            f"Expected at least {least} images to train on, one step. Received: {len(train)}."
        )
    if validation is None and settings.keep == "best":
        raise ValueError("Expected validation images with keep='best'. Received: none.")
    if validation is not None and len(validation) < 3:
        raise ValueError(f"Expected at least 3 images to validate. Received: {len(validation)}.")
    shared = sorted(set(train.names) & set(() if validation is None else validation.names))
    if shared:
        raise ValueError(
            "Expected every image on one side of the split. Received: "
            f"{len(shared)} in both train and val, such as {shared[:3]}."
        )
    bad = [
        name
        for part in (train, validation)
        if part is not None
        for name, sequence, mos in zip(part.names, part.sequences, part.mos, strict=True)
        if not (np.isfinite(mos) and np.isfinite(sequence).all())
    ]
    if bad:
        raise ValueError(
            "Expected finite features and a finite score of every image. Received: "
            f"{len(bad)} without, such as {bad[:3]}. Correct them or leave these images out."
        )
