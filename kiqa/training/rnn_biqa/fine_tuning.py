"""Fine-tune RNN-BIQA's feature extractor on distributions of votes.

The working folder then holds ``rnn_features.h5`` (the extractor, without its
head), ``settings.json``, ``history.csv``, ``checkpoint.npz`` and
``result.json``.

Public names: `fine_tune`, `compile_extractor`.

References:
    Korhonen et al. 2021, section 4.2.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from kiqa import __version__
from kiqa.data.label_distributions import bins_of_records
from kiqa.data.records import ScoredImage
from kiqa.data.trained import in_chain, trained_on
from kiqa.evaluation.report import write_json
from kiqa.io.weights import Details, export_h5
from kiqa.models.rnn_features import BINS, build_extractor, without_head
from kiqa.training.rnn_biqa.patches import epoch_batches, expected_scores, patch_pool
from kiqa.training.rnn_biqa.settings import FineTuningSettings
from kiqa.training.rnn_biqa.start import freeze_until, start_extractor
from kiqa.training.runs.checkpoint import read_checkpoint
from kiqa.training.runs.devices import jit_compile, number_format
from kiqa.training.runs.epochs import train_to_best
from kiqa.training.runs.history import epoch_numbers, history_writer
from kiqa.training.runs.origin import details_of, origin, origin_text
from kiqa.training.runs.seeding import model_seed
from kiqa.training.runs.settings import settings_to_json
from kiqa.training.runs.workdir import open_workdir, text_sha256

CHECKPOINT_FILE, EXTRACTOR_FILE = "checkpoint.npz", "rnn_features.h5"


def fine_tune(
    train: Sequence[ScoredImage],
    settings: FineTuningSettings,
    *,
    workdir: str | os.PathLike,
    validation: Sequence[ScoredImage] = (),
    initial: str | os.PathLike | None = None,
    resume: bool = False,
    keep_bytes: int = 4 * 2**30,
    progress: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> dict:
    """Train a feature extractor, or with 0 epochs only build it.

    Args:
        train: Images to train on; those without a standard deviation need
            ``assumed_sd``. With 0 epochs neither is needed.
        settings: What decides the numbers.
        workdir: Folder of the run.
        validation: Images that are predicted after each epoch, and choose it
            with ``keep="best"``; may be empty.
        initial: See `kiqa.training.rnn_biqa.start.start_extractor`.
        resume: Continue the run in the folder after its last epoch.
        keep_bytes: Memory for decoded images.
        progress: Show a bar, if standard error is a terminal.
        report: Told one line after each epoch.

    Returns:
        The result: last or best epoch with its numbers, seconds; with 0
        epochs only that.

    Raises:
        ValueError: If images or deviations are missing, a content is in both
            parts, a layer or the initial weights do not fit, or the folder
            holds another run. Where settings are wrong, no run is begun.
        OSError: If a file cannot be read or written.
    """
    _check(train, validation, settings)
    bins = bins_of_records(train, assumed_sd=settings.assumed_sd) if settings.epochs else None
    model = compile_extractor(settings, initial=initial)
    rows = [(r.name, r.mos01, r.sd, r.content) for r in (*train, *validation)]
    workdir = open_workdir(
        workdir,
        settings=settings_to_json(settings) | {"initial": origin_text(initial)},
        data={"train": len(train), "val": len(validation), "sha256": text_sha256(repr(rows))},
        resume=resume,
    )
    result = {"epochs": 0}
    if settings.epochs:
        path = workdir / CHECKPOINT_FILE
        pools = [
            patch_pool([record.path for record in part], keep_bytes=keep_bytes)
            for part in (train, validation)
        ]
        wanted = np.array([record.mos01 for record in validation])
        state = train_to_best(
            model,
            run_epoch=_epoch_runner(model, pools, bins, wanted, settings, progress=progress),
            epochs=settings.epochs,
            monitor="val_srocc" if settings.keep == "best" else "patches",
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
    _export(model, workdir / EXTRACTOR_FILE, train, validation, settings, initial)
    write_json(result, workdir / "result.json")
    return result


def compile_extractor(
    settings: FineTuningSettings, *, initial: str | os.PathLike | None = None
) -> keras.Model:
    """Build the extractor with its head, its first layers frozen.

    Args:
        settings: What decides the numbers.
        initial: See `fine_tune`.

    Returns:
        Compiled model of patches to the probabilities of five categories.

    Raises:
        ValueError: If a layer or the initial weights do not fit.
        FileNotFoundError: If there are no such weights.
    """
    with number_format(settings.precision):
        model = build_extractor(
            settings.backbone,
            pooled_stages=settings.pooled_stages,
            seed=model_seed(settings.seed),
        )
        start_extractor(model, settings.backbone, initial)
        freeze_until(model, settings.backbone, settings.frozen_until)
        for variable in model.trainable_variables:
            if variable.name == "kernel" and settings.l2:  # its gradient is l2 times the weight
                variable.regularizer = keras.regularizers.L2(settings.l2 / 2)
        optimizer = _TwoRates(
            settings.learning_rate, momentum=settings.momentum, head_rate=settings.head_rate
        )
        model.compile(optimizer, keras.losses.CategoricalCrossentropy(), jit_compile=jit_compile())
    return model


class _TwoRates(keras.optimizers.SGD):
    """Gradient descent whose head learns faster; with momentum that is a larger gradient."""

    def __init__(self, learning_rate, *, momentum, head_rate):
        super().__init__(learning_rate, momentum=momentum, name="two_rates")
        self._head_rate = head_rate

    def apply(self, grads, trainable_variables=None):
        variables = trainable_variables or self._trainable_variables
        grads = [
            gradient * self._head_rate if variable.path.startswith(f"{BINS}/") else gradient
            for gradient, variable in zip(grads, variables, strict=True)
        ]
        super().apply(grads, trainable_variables)


def _epoch_runner(model, pools, bins, wanted, settings, *, progress):
    """A function that trains and validates one epoch, for `train_to_best`."""
    train, validation = pools
    counts = [len(positions) for positions in train.positions]
    if settings.patches is not None:
        counts = [min(count, settings.patches) for count in counts]
    total = sum(counts) * settings.rotations

    def run_epoch(epoch):
        began = time.monotonic()
        batches = epoch_batches(
            train, bins, batch=settings.batch, rotations=settings.rotations,
            patches=settings.patches, seed=settings.seed, epoch=epoch,
        )  # fmt: skip
        bar = tqdm(
            batches, total=-(-total // settings.batch), desc=f"epoch {epoch + 1}", leave=False,
            disable=None if progress else True,
        )  # fmt: skip
        losses = [float(model.train_on_batch(x.astype(np.float32), y)) for x, y in bar]
        numbers = {"patches": total * (epoch + 1)}
        if not len(validation):
            seconds = round(time.monotonic() - began, 1)
            return {"loss": float(np.mean(losses)), "seconds": seconds, **numbers}
        predicted = expected_scores(model, validation)
        return {**epoch_numbers(losses, predicted, wanted, began=began), **numbers}

    return run_epoch


def _export(model, path: Path, train, validation, settings, initial):
    """Write the extractor, in float32 whatever it was trained in."""
    seen = ()
    if settings.epochs:
        seen = trained_on(train, validation, scores="human", about="distributions of votes")
    assumed = settings.epochs and any(record.sd is None for record in train)
    export_h5(
        without_head(model),
        path,
        Details(
            name="rnn_features",
            version=__version__,
            scale="features, at least 0",
            higher_is_better=True,
            mode="rnn-features",
            backbone=settings.backbone,
            trained_on=in_chain(seen, details_of(initial)),
            assumed_sd=settings.assumed_sd if assumed else None,
            origin=origin(initial),
        ),
    )


def _check(train, validation, settings):
    if settings.epochs and not train:
        raise ValueError("Expected images to train on. Received: none. Or use 0 epochs.")
    if settings.keep == "best" and settings.epochs and len(validation) < 3:
        raise ValueError(
            f"Expected at least 3 validation images with keep='best'. Received: {len(validation)}."
        )
    shared = sorted({r.content for r in train} & {r.content for r in validation})
    if shared:
        raise ValueError(
            "Expected every scene on one side of the split. Received: "
            f"{len(shared)} in both train and val, such as {shared[:3]}."
        )
