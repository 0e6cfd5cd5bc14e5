"""Train DIQaM or WaDIQaM, with or without a reference.

The working folder then holds ``wadiqam_nr.h5`` (or ``diqam_fr.h5`` and so
on), ``settings.json``, ``history.csv``, ``checkpoint.npz``, ``images.csv``
(which image was in which part) and ``result.json``.

Runs on any Keras backend; several devices need TensorFlow.

Public names: `train_wadiqam`, `weights_file`.

References:
    Bosse et al. 2018, sections III-C to III-E.
"""

import itertools
import os
import time
from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import rankdata
from tqdm import tqdm

from kiqa import __version__
from kiqa.data.trained import in_chain
from kiqa.evaluation.report import write_csv, write_json
from kiqa.io.weights import Details, TrainingPart, export_h5
from kiqa.io.weights.details import ALL_PATCHES
from kiqa.training.runs.checkpoint import read_checkpoint
from kiqa.training.runs.epochs import train_to_best
from kiqa.training.runs.history import best_numbers, epoch_numbers, history_writer
from kiqa.training.runs.origin import details_of, origin, origin_text
from kiqa.training.runs.settings import settings_to_json
from kiqa.training.runs.workdir import open_workdir, text_sha256
from kiqa.training.wadiqam.batches import (
    epoch_batches,
    fixed_patches,
    patch_source,
)
from kiqa.training.wadiqam.form import fold
from kiqa.training.wadiqam.network import compile_wadiqam, fed, network_of, predict_scores
from kiqa.training.wadiqam.settings import WadiqamSettings
from kiqa.training.wadiqam.tasks import PatchTask

CHECKPOINT_FILE = "checkpoint.npz"

# What the weights file says of the scores, by `WadiqamSettings.targets`.
_SCALES = {
    "dmos": {"scale": "0..100 DMOS", "higher_is_better": False},
    "mos": {"scale": "0..1", "higher_is_better": True},
}


def train_wadiqam(
    train: Sequence[PatchTask],
    validation: Sequence[PatchTask],
    settings: WadiqamSettings,
    *,
    workdir: str | os.PathLike,
    trained_on: Sequence[TrainingPart],
    watched: Sequence[PatchTask] = (),
    initial: str | os.PathLike | None = None,
    resume: bool = False,
    keep_bytes: int = 4 * 2**30,
    progress: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> dict:
    """Train one of the four networks.

    Args:
        train: Images to train on.
        validation: Images that choose the epoch; none of a content in
            ``train``.
        settings: What decides the numbers.
        workdir: Folder of the run.
        trained_on: Which images these are, from `kiqa.data.trained`; goes
            into the weights file.
        watched: Test images whose loss is noted each epoch, ``test_loss``;
            it decides nothing.
        initial: Name or file of a trained network whose convolutions to
            start from (`kiqa.training.runs.start`); ``None`` is the
            paper's random weights.
        resume: Continue the run in the folder after its last epoch. On a CPU
            the weights are those of an uninterrupted run, bit by bit.
        keep_bytes: Memory for decoded images.
        progress: Show a bar, if standard error is a terminal.
        report: Told one line after each epoch.

    Returns:
        The result: best epoch, its validation SROCC, PLCC and loss, seconds.

    Raises:
        ValueError: If there are too few images, a content is on both sides,
            references are missing or superfluous, or the folder holds
            another run.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    _check(train, validation, watched, settings)
    rows = [
        {"image_name": task.name, "content": task.content, "set": part, "score": task.score}
        for part, tasks in (("train", train), ("val", validation), ("test", watched))
        for task in tasks
    ]
    workdir = open_workdir(
        workdir,
        settings=settings_to_json(settings) | {"initial": origin_text(initial)},
        data={
            "train": len(train),
            "val": len(validation),
            "sha256": text_sha256(repr([tuple(row.values()) for row in rows])),
        },
        resume=resume,
        extendable=() if settings.schedule == "cosine" else ("epochs",),
    )
    write_csv(rows, workdir / "images.csv")
    path = workdir / CHECKPOINT_FILE
    start = read_checkpoint(path) if resume and path.is_file() else None
    source = _source(train, keep_bytes=keep_bytes)
    model = compile_wadiqam(source, _scores(train, settings), settings, initial=initial)

    state = train_to_best(
        model,
        run_epoch=_epoch_runner(
            model, source, train, (validation, watched), settings, progress=progress
        ),
        epochs=settings.epochs,
        monitor=f"val_{settings.monitor}",
        maximise=settings.monitor == "srocc",
        checkpoint_path=path,
        resume_from=start,
        patience=settings.early_stopping,
        after_epoch=history_writer(workdir, report),
    )
    best = network_of(settings)
    fold(model, best)
    result = best_numbers(state)
    name = weights_file(settings).removesuffix(".h5")
    export_h5(
        best,
        workdir / f"{name}.h5",
        Details(
            name=name,
            version=__version__,
            **_SCALES[settings.targets],
            mode=f"wadiqam-{settings.mode}",
            pooling=settings.pooling,
            patch_grid=ALL_PATCHES,
            trained_on=in_chain(trained_on, details_of(initial)),
            origin=origin(initial),
        ),
    )
    write_json(result, workdir / "result.json")
    return result


def weights_file(settings: WadiqamSettings) -> str:
    """Return the name of a run's weights file, such as ``wadiqam_nr.h5``."""
    kind = "wadiqam" if settings.pooling == "weighted" else "diqam"
    return f"{kind}_{settings.mode}.h5"


def _scores(tasks, settings):
    scores = np.array([task.score for task in tasks], np.float32)
    return scores if settings.targets == "mos" else 100 * (1 - scores)


def _source(tasks, *, keep_bytes):
    references = [task.reference for task in tasks]
    return patch_source(
        [task.path for task in tasks],
        None if references[0] is None else references,
        keep_bytes=keep_bytes,
    )


def _check(train, validation, watched, settings):
    """Refuse parts that cannot be trained on, or that share a content."""
    if len(train) < settings.images or len(validation) < 3:
        raise ValueError(
            f"Expected at least {settings.images} images to train, one step, and 3 to validate. "
            f"Received: {len(train)} and {len(validation)}."
        )
    parts = {"train": train, "val": validation, "test": watched}
    for one, other in itertools.combinations(parts, 2):
        shared = {task.content for task in parts[one]} & {task.content for task in parts[other]}
        if shared:
            raise ValueError(
                "Expected every reference, or scene, on one side of the split. Received: "
                f"{len(shared)} in both {one} and {other}, such as {sorted(shared)[:3]}. Split by "
                "reference."
            )
    wanted = settings.mode == "fr"
    everything = [*train, *validation, *watched]
    wrong = [task.name for task in everything if (task.reference is not None) != wanted]
    if wrong:
        raise ValueError(
            f"Expected images {'with' if wanted else 'without'} a reference in mode "
            f"{settings.mode!r}. Received: {len(wrong)} others, such as {wrong[:3]}."
        )


def _epoch_runner(model, source, train, held_out, settings, *, progress):
    """A function that trains and validates one epoch, for `train_to_best`."""
    targets = _scores(train, settings)[:, None]
    if settings.correlation_with == "ranks":
        ranks = rankdata(targets) / len(targets)
        targets = np.concatenate([targets, ranks[:, None]], axis=1).astype(np.float32)
    validate, test = (_validator(model, tasks, settings) if tasks else None for tasks in held_out)

    def run_epoch(epoch):
        began = time.monotonic()
        batches = epoch_batches(
            source, targets, images=settings.images, patches=settings.patches, flip=settings.flip,
            seed=settings.seed, epoch=epoch,
        )  # fmt: skip
        total, hidden = len(source) // settings.images, None if progress else True
        bar = tqdm(batches, total=total, desc=f"epoch {epoch + 1}", leave=False, disable=hidden)
        losses = [float(model.train_on_batch(fed(inputs), rated)) for inputs, rated in bar]
        predicted, wanted, loss = validate()
        numbers = {**epoch_numbers(losses, predicted, wanted, began=began), "val_loss": loss}
        return numbers | ({"test_loss": test()[2]} if test else {})

    return run_epoch


def _validator(model, tasks, settings):
    """A function that predicts fixed patches of images and returns scores, targets and loss."""
    wanted = _scores(tasks, settings)
    patches = fixed_patches(
        _source(tasks, keep_bytes=0), settings.validation_patches, seed=settings.seed
    )

    def validate():
        quality, predicted = predict_scores(
            model, patches, patches=settings.validation_patches, pooling=settings.pooling
        )
        off = quality - wanted[:, None] if settings.pooling == "average" else predicted - wanted
        return predicted, wanted, float(np.mean(np.abs(off)))

    return validate
