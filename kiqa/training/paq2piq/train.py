"""Train PaQ-2-PiQ: P2P-BM, P2P-RM or P2P-FM.

The working folder then holds ``paq2piq_rm.h5`` and ``paq2piq_rm_head.h5`` (or
``bm``, ``fm``) and the files of `kiqa.training.runs.run`.

Runs on any Keras backend; several devices need TensorFlow.

Public names: `train_paq2piq`, `weights_file`.

References:
    Ying et al. 2020, section 4.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np

from kiqa.data.trained import in_chain
from kiqa.io.weights import TrainingPart
from kiqa.maps.paq2piq import LEAST_SIDE
from kiqa.scoring.engines.paq2piq import export_pair
from kiqa.training.paq2piq.batches import ImageSet, epoch_plan
from kiqa.training.paq2piq.network import body_and_head, compile_paq2piq, predict_images
from kiqa.training.paq2piq.settings import Paq2piqSettings
from kiqa.training.paq2piq.tasks import RatedImage, with_patches
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.options import check_frozen
from kiqa.training.runs.origin import details_of, origin
from kiqa.training.runs.packed import pack_images
from kiqa.training.runs.parts import require_enough
from kiqa.training.runs.run import RunOptions, Training, run_training
from kiqa.training.runs.workdir import text_sha256


def train_paq2piq(
    train: Sequence[RatedImage],
    validation: Sequence[RatedImage],
    settings: Paq2piqSettings,
    *,
    trained_on: Sequence[TrainingPart],
    test: Sequence[RatedImage] = (),
    patches: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    patch_scores: str = "",
    initial: str | os.PathLike | None = None,
    packed: str | os.PathLike | None = None,
    **run: Unpack[RunOptions],
) -> dict:
    """Train one of the three networks.

    Args:
        train: Images to train on.
        validation: Images that choose the epoch, by SROCC.
        settings: What decides the numbers.
        trained_on: Which images these are, from `kiqa.data.trained`; goes
            into the weights files.
        test: Images of the test part; none of their content is trained on.
        patches: Patches by image, from
            `kiqa.training.paq2piq.tasks.read_patch_scores`, for images that
            have none of their own.
        patch_scores: What the patch scores are, in words; goes there too.
        initial: What the body starts from, as of
            `kiqa.training.paq2piq.network.compile_paq2piq`; ``None`` draws
            random weights. The paper starts from ImageNet's.
        packed: Folder for the decoded images; ``None`` is ``packed`` in the
            working folder.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        ValueError: If there are too few images, a content is in two parts, a
            patch does not lie in its image, stages are frozen without
            ``initial``, or the folder holds another run.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    require_enough(train, validation, settings)
    check_frozen(settings, initial)
    sets = _with_pixels(
        train,
        validation,
        patches,
        os.path.join(run["workdir"], "packed") if packed is None else packed,
        progress=run.get("progress", False),
    )
    _check_patches(sets[0].tasks, settings)
    parts = {"train": sets[0].tasks, "val": sets[1].tasks, "test": test}
    scores = np.array([task.score for task in train], np.float32)
    wanted = np.array([task.score for task in validation])
    training = Training(
        settings=settings,
        parts={part: [_row(task) for task in tasks] for part, tasks in parts.items()},
        build=lambda: compile_paq2piq(scores, settings, initial=initial),
        plan=lambda epoch: epoch_plan(
            sets[0],
            batch_size=settings.batch_size,
            accumulate=settings.accumulate,
            side=settings.side,
            patches=None if settings.model == "bm" else settings.patches,
            flip=settings.flip,
            seed=settings.seed,
            epoch=epoch,
        ),
        validate=lambda model: score_numbers(predict_images(model, sets[1], settings), wanted),
        export=lambda model, folder: export_pair(
            *body_and_head(model),
            folder / weights_file(settings),
            kind=settings.model,
            trained_on=in_chain(trained_on, details_of(initial)),
            patch_scores=patch_scores if patch_scores and settings.patches else None,
            origin=origin(initial),
        ),
        initial=initial,
        data={"patches_sha256": _patches_sha256([*parts["train"], *parts["val"]])},
        extendable=settings.schedule != "cosine",
    )
    return run_training(training, **run)


def weights_file(settings: Paq2piqSettings) -> str:
    """Return the name of a run's weights file, such as ``paq2piq_rm.h5``."""
    return f"paq2piq_{settings.model}.h5"


def _with_pixels(train, validation, patches, folder, *, progress):
    """The images of both parts with their pixels, and with patches by name where given."""
    tasks = [*train, *validation]
    store = pack_images(
        [task.path for task in tasks], folder, smallest=LEAST_SIDE, progress=progress
    )
    if patches is not None:
        tasks = with_patches(tasks, patches, store.sizes)
    parts = slice(0, len(train)), slice(len(train), len(tasks))
    return [ImageSet(tasks[part], store.part(part)) for part in parts]


def _row(task):
    return {
        "image_name": task.name,
        "content": task.content,
        "score": task.score,
        "patches": len(task.patches),
    }


def _patches_sha256(tasks):
    return text_sha256(
        repr([(task.patches.tolist(), task.patch_scores.tolist()) for task in tasks])
    )


def _check_patches(train, settings):
    """Refuse to train on patches where there are none."""
    if settings.model != "rm" or not settings.patches:
        return
    if not any(len(task.patches) for task in train):
        raise ValueError(
            "Expected patches with scores for P2P-RM. Received: images only. Give patches, "
            "--patch-scores FILE, or train on image scores alone with --patches 0."
        )
