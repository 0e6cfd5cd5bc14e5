"""Train DIQaM or WaDIQaM, with or without a reference.

The working folder then holds ``wadiqam_nr.h5`` (or ``diqam_fr.h5`` and so on)
and the files of `kiqa.training.runs.run`.

Runs on any Keras backend; several devices need TensorFlow.

Public names: `train_wadiqam`, `weights_file`.

References:
    Bosse et al. 2018, sections III-C to III-E.
"""

import os
from collections.abc import Callable, Sequence
from typing import Unpack

import numpy as np
from scipy.stats import rankdata

from kiqa.io.weights import TrainingPart, export_h5
from kiqa.io.weights.details import ALL_PATCHES
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.origin import described
from kiqa.training.runs.run import RunOptions, Training, run_training
from kiqa.training.wadiqam.batches import epoch_plan, fixed_patches, patch_source
from kiqa.training.wadiqam.form import fold
from kiqa.training.wadiqam.network import compile_wadiqam, network_of, predict_scores
from kiqa.training.wadiqam.settings import WadiqamSettings
from kiqa.training.wadiqam.tasks import PatchTask, check_parts, references_of

# What the weights file says of the scores, by `WadiqamSettings.targets`.
_SCALES = {
    "dmos": "0..100 DMOS",
    "mos": "0..1",
}


def train_wadiqam(
    train: Sequence[PatchTask],
    validation: Sequence[PatchTask],
    settings: WadiqamSettings,
    *,
    trained_on: Sequence[TrainingPart],
    test: Sequence[PatchTask] = (),
    watched: bool = False,
    initial: str | os.PathLike | None = None,
    keep_bytes: int = 4 * 2**30,
    **run: Unpack[RunOptions],
) -> dict:
    """Train one of the four networks.

    Args:
        train: Images to train on.
        validation: Images that choose the epoch.
        settings: What decides the numbers.
        trained_on: Which images these are, from `kiqa.data.trained`; goes
            into the weights file.
        test: Images of the test part; none of their content is trained on.
        watched: Note the test images' loss each epoch, ``test_loss``; it
            decides nothing.
        initial: Name or file of a trained network whose convolutions to
            start from (`kiqa.training.runs.start`); ``None`` is the paper's
            random weights.
        keep_bytes: Memory for decoded images.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The result: best epoch, its validation SROCC, PLCC and loss, seconds.

    Raises:
        ValueError: If there are too few images, a content is in two parts,
            references are missing or superfluous, or the folder holds
            another run.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    parts = {"train": train, "val": validation, "test": test}
    check_parts(parts, settings)
    source, scores = _source(train, keep_bytes=keep_bytes), _scores(train, settings)
    targets = _targets(scores, settings)
    judges = [_judge(validation, settings, part="val")]
    if watched:
        judges.append(_judge(test, settings, part="test"))

    def plan(epoch):
        return epoch_plan(
            source, targets, batch_size=settings.batch_size, patches=settings.patches,
            flip=settings.flip, seed=settings.seed, epoch=epoch,
        )  # fmt: skip

    training = Training(
        settings=settings,
        parts={part: [_row(task) for task in tasks] for part, tasks in parts.items()},
        build=lambda: compile_wadiqam(source, scores, settings, initial=initial),
        plan=plan,
        validate=lambda model: {k: v for judge in judges for k, v in judge(model).items()},
        export=lambda model, folder: _export(
            model, folder, settings, trained_on=trained_on, initial=initial
        ),
        monitor=f"val_{settings.monitor}",
        maximise=settings.monitor == "srocc",
        initial=initial,
        extendable=settings.schedule != "cosine",
    )
    return run_training(training, **run)


def weights_file(settings: WadiqamSettings) -> str:
    """Return the name of a run's weights file, such as ``wadiqam_nr.h5``."""
    kind = "wadiqam" if settings.pooling == "weighted" else "diqam"
    return f"{kind}_{settings.mode}.h5"


def _row(task):
    return {"image_name": task.name, "content": task.content, "score": task.score}


def _scores(tasks, settings):
    scores = np.array([task.score for task in tasks], np.float32)
    return scores if settings.targets == "mos" else 100 * (1 - scores)


def _targets(scores, settings):
    """The scores, with their ranks beside them where the loss asks for ranks."""
    targets = scores[:, None]
    if settings.correlation_with == "ranks":
        ranks = rankdata(targets) / len(targets)
        targets = np.concatenate([targets, ranks[:, None]], axis=1).astype(np.float32)
    return targets


def _source(tasks, *, keep_bytes):
    paths = [task.path for task in tasks]
    return patch_source(paths, references_of(tasks), keep_bytes=keep_bytes)


def _judge(tasks, settings, *, part) -> Callable:
    """A function from the model to its numbers on fixed patches of images."""
    wanted, count = _scores(tasks, settings), settings.validation_patches
    patches = fixed_patches(_source(tasks, keep_bytes=0), count, seed=settings.seed)

    def judge(model):
        quality, predicted = predict_scores(model, patches, patches=count, pooling=settings.pooling)
        off = quality - wanted[:, None] if settings.pooling == "average" else predicted - wanted
        loss = {f"{part}_loss": float(np.mean(np.abs(off)))}
        return score_numbers(predicted, wanted) | loss if part == "val" else loss

    return judge


def _export(model, folder, settings, *, trained_on, initial):
    best = network_of(settings)
    fold(model, best)
    name, scale = weights_file(settings).removesuffix(".h5"), _SCALES[settings.targets]
    export_h5(
        best,
        folder / f"{name}.h5",
        described(
            name,
            trained_on,
            initial,
            scale=scale,
            higher_is_better=settings.targets == "mos",
            mode=f"wadiqam-{settings.mode}",
            pooling=settings.pooling,
            patch_grid=ALL_PATCHES,
        ),
    )
