"""Train PaQ-2-PiQ: P2P-BM, P2P-RM or P2P-FM.

The working folder then holds ``paq2piq_rm.h5`` and ``paq2piq_rm_head.h5`` (or
``bm``, ``fm``), ``settings.json``, ``history.csv``, ``checkpoint.npz``,
``images.csv`` (which picture was in which part) and ``result.json``.

Runs on any Keras backend; several devices need TensorFlow.

Public names: `train_paq2piq`, `weights_file`.

References:
    Ying et al. 2020, section 4.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from kiqa.data.trained import in_chain
from kiqa.evaluation.report import write_csv, write_json
from kiqa.io.weights import TrainingPart
from kiqa.maps.paq2piq import LEAST_SIDE
from kiqa.scoring.engines.paq2piq import export_pair
from kiqa.training.paq2piq.batches import PictureSet, epoch_batches
from kiqa.training.paq2piq.network import compile_paq2piq, predict_pictures
from kiqa.training.paq2piq.settings import Paq2piqSettings
from kiqa.training.paq2piq.tasks import RatedPicture, with_patches
from kiqa.training.runs.checkpoint import read_checkpoint
from kiqa.training.runs.epochs import train_to_best
from kiqa.training.runs.history import best_numbers, epoch_numbers, history_writer
from kiqa.training.runs.origin import details_of, origin, origin_text
from kiqa.training.runs.packed import pack_pictures
from kiqa.training.runs.settings import settings_to_json
from kiqa.training.runs.workdir import open_workdir, text_sha256

CHECKPOINT_FILE = "checkpoint.npz"


def train_paq2piq(
    train: Sequence[RatedPicture],
    validation: Sequence[RatedPicture],
    settings: Paq2piqSettings,
    *,
    workdir: str | os.PathLike,
    trained_on: Sequence[TrainingPart],
    patches: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    patch_scores: str = "",
    initial: str | os.PathLike | None = None,
    packed: str | os.PathLike | None = None,
    resume: bool = False,
    progress: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> dict:
    """Train one of the three networks.

    Args:
        train: Pictures to train on.
        validation: Pictures that choose the epoch, by SROCC; none of a
            content in ``train``.
        settings: What decides the numbers.
        workdir: Folder of the run.
        trained_on: Which pictures these are, from `kiqa.data.trained`; goes
            into the weights files.
        patches: Patches by picture, from
            `kiqa.training.paq2piq.tasks.read_patch_scores`, for pictures that
            have none of their own.
        patch_scores: What the patch scores are, in words; goes there too.
        initial: Name or file of a ResNet-18 to start from; ``None`` draws
            random weights. The paper starts from ImageNet's.
        packed: Folder for the decoded pictures; ``None`` is ``packed`` in
            the working folder.
        resume: Continue the run in the folder after its last epoch. On a CPU
            the weights are those of an uninterrupted run, bit by bit.
        progress: Show a bar, if standard error is a terminal.
        report: Told one line after each epoch.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        ValueError: If there are too few pictures, a content is on both
            sides, a patch does not lie in its picture, or the folder holds
            another run.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    _check(train, validation, settings)
    packed = os.path.join(workdir, "packed") if packed is None else packed
    store = pack_pictures(
        [task.path for task in (*train, *validation)],
        packed,
        smallest=LEAST_SIDE,
        progress=progress,
    )
    tasks = [*train, *validation]
    if patches is not None:
        tasks = with_patches(tasks, patches, store.sizes)
    _check_patches(tasks[: len(train)], settings)
    workdir = _opened(workdir, tasks, len(train), settings, initial=initial, resume=resume)
    sets = [
        PictureSet(tasks[part], store.part(part))
        for part in (slice(0, len(train)), slice(len(train), len(tasks)))
    ]
    path = workdir / CHECKPOINT_FILE
    start = read_checkpoint(path) if resume and path.is_file() else None
    scores = np.array([task.score for task in train], np.float32)
    network = compile_paq2piq(scores, settings, initial=initial)
    state = train_to_best(
        network.model,
        run_epoch=_epoch_runner(network, *sets, settings, progress=progress),
        epochs=settings.epochs,
        monitor="val_srocc",
        maximise=True,
        checkpoint_path=path,
        resume_from=start,
        patience=settings.early_stopping,
        after_epoch=history_writer(workdir, report),
    )
    result = best_numbers(state)
    export_pair(
        network.body,
        network.head,
        workdir / weights_file(settings),
        kind=settings.model,
        trained_on=in_chain(trained_on, details_of(initial)),
        **({"patch_scores": patch_scores} if patch_scores and settings.patches else {}),
        origin=origin(initial),
    )
    write_json(result, workdir / "result.json")
    return result


def weights_file(settings: Paq2piqSettings) -> str:
    """Return the name of a run's weights file, such as ``paq2piq_rm.h5``."""
    return f"paq2piq_{settings.model}.h5"


def _opened(workdir, tasks, training, settings, *, initial, resume):
    """The working folder, with what the run was told and ``images.csv``."""
    rows = [
        {
            "image_name": task.name,
            "content": task.content,
            "set": "train" if index < training else "val",
            "score": task.score,
            "patches": len(task.patches),
        }
        for index, task in enumerate(tasks)
    ]
    patches = [(task.patches.tolist(), task.patch_scores.tolist()) for task in tasks]
    workdir = open_workdir(
        workdir,
        settings=settings_to_json(settings) | {"initial": origin_text(initial)},
        data={
            "train": training,
            "val": len(tasks) - training,
            "patches": sum(row["patches"] for row in rows),
            "sha256": text_sha256(repr(([tuple(row.values()) for row in rows], patches))),
        },
        resume=resume,
        extendable=() if settings.schedule == "cosine" else ("epochs",),
    )
    write_csv(rows, workdir / "images.csv")
    return workdir


def _check(train, validation, settings):
    """Refuse parts that cannot be trained on, or that share a content."""
    if len(train) < settings.batch_size or len(validation) < 3:
        raise ValueError(
            f"Expected at least {settings.batch_size} pictures to train, one batch, and 3 to "
            f"validate. Received: {len(train)} and {len(validation)}."
        )
    shared = sorted({task.content for task in train} & {task.content for task in validation})
    if shared:
        raise ValueError(
            f"Expected every scene on one side of the split. Received: {len(shared)} in both "
            f"train and val, such as {shared[:3]}. Split by content."
        )


def _check_patches(train, settings):
    """Refuse to train on patches where there are none."""
    if settings.model != "rm" or not settings.patches:
        return
    if not any(len(task.patches) for task in train):
        raise ValueError(
            "Expected patches with scores for P2P-RM. Received: pictures only. Give patches, "
            "--patch-scores FILE, or train on picture scores alone with --patches 0."
        )


def _epoch_runner(network, train, validation, settings, *, progress):
    """A function that trains and validates one epoch, for `train_to_best`."""
    wanted = np.array([task.score for task in validation.tasks])
    steps = len(train) // settings.batch_size * settings.accumulate
    patches = 0 if settings.model == "bm" else settings.patches

    def run_epoch(epoch):
        began = time.monotonic()
        batches = epoch_batches(
            train, batch=settings.part, steps=steps, side=settings.side, patches=patches,
            flip=settings.flip, seed=settings.seed, epoch=epoch,
        )  # fmt: skip
        hidden = None if progress else True
        bar = tqdm(batches, total=steps, desc=f"epoch {epoch + 1}", leave=False, disable=hidden)
        losses = []
        for pixels, rois, targets in bar:
            inputs = pixels if settings.model == "bm" else [pixels, rois]
            losses.append(float(network.model.train_on_batch(inputs, targets)))
        return epoch_numbers(
            losses, predict_pictures(network, validation, settings), wanted, began=began
        )

    return run_epoch
