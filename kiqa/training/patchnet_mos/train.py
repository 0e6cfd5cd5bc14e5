"""Patchnet from whole photographs' MOS: how the shipped weights were made.

KonPatch's votes are not public. This experiment needs none: it trains
Patchnet on random pieces of rated photographs, of distorted copies of them
and of unrated pristine photographs, with the losses of
`kiqa.training.patchnet_mos.losses`, and keeps the epoch whose mean map ranks the
validation photographs best (SROCC). The result is an ordinary Patchnet.

The working folder then holds ``patchnet.h5``, ``settings.json``,
``history.csv``, ``checkpoint.npz``, ``images.csv`` (which photograph was in
which part) and ``result.json``.

Runs on any Keras backend.
"""

import dataclasses
import functools
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from kiqa import __version__
from kiqa.constants import PATCHNET
from kiqa.data.records import ScoredImage
from kiqa.data.trained import files_trained_on, trained_on
from kiqa.evaluation.report import write_csv, write_json
from kiqa.io.weights import Details, export_h5
from kiqa.io.weights.details import SLIDING_WINDOW
from kiqa.models.patchnet import build_patchnet
from kiqa.training.patchnet_mos.batches import epoch_steps
from kiqa.training.patchnet_mos.losses import piece_loss
from kiqa.training.patchnet_mos.settings import MosSettings
from kiqa.training.runs.checkpoint import read_checkpoint
from kiqa.training.runs.convolutional import fold, training_form
from kiqa.training.runs.devices import jit_compile, number_format
from kiqa.training.runs.epochs import train_to_best
from kiqa.training.runs.history import best_numbers, epoch_numbers, history_writer
from kiqa.training.runs.photographs import PhotographStore
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.workdir import open_workdir, text_sha256

CHECKPOINT_FILE = "checkpoint.npz"

_PSEUDO = "one score for pristine photographs, parts of it for locally distorted copies"


def train_patchnet_mos(
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage],
    settings: MosSettings,
    *,
    unrated: Sequence[Path] = (),
    workdir: str | os.PathLike,
    resume: bool = False,
    keep_bytes: int = 4 * 2**30,
    progress: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> dict:
    """Train Patchnet on rated photographs.

    Args:
        train: Photographs to train on.
        validation: Photographs that choose the epoch; none of ``train``.
        settings: What decides the numbers.
        unrated: Photographs without a score, as pristine as can be had.
        workdir: Folder of the run.
        resume: Continue the run in the folder after its last epoch. On a CPU
            the weights are those of an uninterrupted run, bit by bit.
        keep_bytes: Memory for decoded photographs.
        progress: Show a bar, if standard error is a terminal.
        report: Told one line after each epoch.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        ValueError: If photographs do not suit, or the folder holds another
            run.
        OSError: If a file cannot be written; what is finished stays.
    """
    if len(train) < settings.photographs or len(validation) < 3:
        raise ValueError(
            f"Expected at least {settings.photographs} photographs to train and 3 to validate. "
            f"Received: {len(train)} and {len(validation)}."
        )
    if bool(unrated) != bool(settings.unrated_pieces):
        raise ValueError(
            "Expected unrated photographs together with unrated_pieces. Received: "
            f"{len(unrated)} photographs, unrated_pieces={settings.unrated_pieces}."
        )
    rows = [
        {"image_name": record.name, "set": part, "mos01": record.mos01}
        for part, records in (("train", train), ("val", validation))
        for record in records
    ] + [{"image_name": path.name, "set": "unrated", "mos01": None} for path in unrated]
    workdir = open_workdir(
        workdir,
        settings=dataclasses.asdict(settings),
        data={
            "train": len(train),
            "val": len(validation),
            "unrated": len(unrated),
            "sha256": text_sha256(repr([tuple(row.values()) for row in rows])),
        },
        resume=resume,
        extendable=(),  # the learning rate's fall depends on the epochs
    )
    write_csv(rows, workdir / "images.csv")
    batches = functools.partial(
        epoch_steps,
        PhotographStore(_paths(train), smallest=settings.side, keep_bytes=keep_bytes),
        _mos(train),
        unrated=PhotographStore(unrated, smallest=settings.side, keep_bytes=keep_bytes // 4),
        unrated_pieces=settings.unrated_pieces,
        unrated_quality=settings.unrated_quality,
        photographs=settings.photographs,
        pieces=settings.pieces,
        side=settings.side,
        copies=settings.copies,
        seed=settings.seed,
    )
    held_out = PhotographStore(
        _paths(validation), smallest=PATCHNET.patch, keep_bytes=keep_bytes // 4
    )
    steps = len(train) // settings.photographs
    path = workdir / CHECKPOINT_FILE
    start = read_checkpoint(path) if resume and path.is_file() else None
    first_pieces, _ = next(batches(epoch=0))
    model = _compiled(settings, first_pieces, steps=steps)

    state = train_to_best(
        model,
        run_epoch=_epoch_runner(
            model, batches, held_out, _mos(validation), steps=steps, progress=progress
        ),
        epochs=settings.epochs,
        monitor="val_srocc",
        maximise=True,
        checkpoint_path=path,
        resume_from=start,
        after_epoch=history_writer(workdir, report),
    )
    best = build_patchnet()
    fold(model, best)
    result = best_numbers(state)
    export_h5(
        best,
        workdir / "patchnet.h5",
        Details(
            name="patchnet",
            version=__version__,
            scale="0..1",
            higher_is_better=True,
            pooling="mean",
            patch_grid=SLIDING_WINDOW,
            trained_on=(
                *trained_on(train, validation, scores="human", about="MOS of whole photographs"),
                *files_trained_on(unrated, scores="pseudo", about=_PSEUDO),
            ),
        ),
    )
    write_json(result, workdir / "result.json")
    return result


def _compiled(settings, pieces, *, steps):
    """The form to train, with optimiser and loss."""
    with number_format(settings.precision):
        patchnet = build_patchnet(seed=model_seed(settings.seed))
        model = training_form(patchnet, pieces=pieces)
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, settings.epochs * steps - settings.warmup_steps),
            warmup_target=settings.learning_rate,
            warmup_steps=settings.warmup_steps,
        )
        model.compile(
            optimizer=keras.optimizers.AdamW(
                schedule, weight_decay=settings.weight_decay, global_clipnorm=1.0
            ),
            loss=piece_loss(
                settings.losses,
                photographs=settings.photographs,
                pieces=settings.pieces,
                copies=settings.copies,
            ),
            jit_compile=jit_compile(),
        )
    return model


def _paths(records):
    return [record.path for record in records]


def _mos(records):
    return np.array([record.mos01 for record in records], np.float32)


def _epoch_runner(model, batches, held_out, mos, *, steps, progress):
    """A function that trains and validates one epoch, for `train_to_best`."""

    def run_epoch(epoch):
        began = time.monotonic()
        bar = tqdm(
            batches(epoch=epoch),
            total=steps,
            desc=f"epoch {epoch + 1}",
            leave=False,
            disable=None if progress else True,
        )
        losses = [float(model.train_on_batch(pixels, targets)) for pixels, targets in bar]
        predicted = mean_qualities(model, held_out)
        return epoch_numbers(losses, predicted, mos, began=began)

    return run_epoch


def mean_qualities(model: keras.Model, store: PhotographStore) -> np.ndarray:
    """Return the mean of each photograph's map.

    Args:
        model: Network in the form that is trained.
        store: Photographs.

    Returns:
        ``float32`` of shape (n,).
    """
    return np.array(
        [
            np.mean(keras.ops.convert_to_numpy(model.predict_on_batch(store.pixels(i)[None])))
            for i in range(len(store.paths))
        ],
        np.float32,
    )
