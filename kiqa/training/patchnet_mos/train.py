"""Patchnet from whole images' MOS: how the shipped weights were made.

KonPatch's votes are not public. This experiment needs none: it trains
Patchnet on random pieces of rated images, of distorted copies of them and of
unrated pristine images, with the losses of
`kiqa.training.patchnet_mos.losses`, and keeps the epoch whose mean map ranks the
validation images best (SROCC). The result is an ordinary Patchnet.

The working folder then holds ``patchnet.h5`` and the files of
`kiqa.training.runs.run`.

Runs on any Keras backend; several devices need TensorFlow.

Public names: `train_patchnet_mos`.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import numpy as np

from kiqa.constants import PATCHNET
from kiqa.data.records import ScoredImage
from kiqa.data.trained import files_trained_on, trained_on
from kiqa.io.weights import export_h5
from kiqa.io.weights.details import SLIDING_WINDOW
from kiqa.models.patchnet import build_patchnet
from kiqa.training.patchnet_mos.batches import epoch_plan
from kiqa.training.patchnet_mos.network import compile_patchnet_mos, mean_qualities
from kiqa.training.patchnet_mos.settings import MosSettings
from kiqa.training.runs.convolutional import fold
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.images import ImageStore
from kiqa.training.runs.origin import described
from kiqa.training.runs.parts import record_rows, refuse_judged, require_enough
from kiqa.training.runs.run import RunOptions, Training, run_training

_PSEUDO = "one score for pristine images, parts of it for locally distorted copies"


def train_patchnet_mos(
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage],
    settings: MosSettings,
    *,
    test: Sequence[ScoredImage] = (),
    unrated: Sequence[Path] = (),
    initial: str | os.PathLike | None = None,
    keep_bytes: int = 4 * 2**30,
    **run: Unpack[RunOptions],
) -> dict:
    """Train Patchnet on rated images.

    Args:
        train: Images to train on.
        validation: Images that choose the epoch.
        settings: What decides the numbers.
        test: Images of the test part; none of their content is trained on.
        unrated: Images without a score, as pristine as can be had; none of
            the images of ``validation`` and ``test``.
        initial: Name or file of a Patchnet to start from; ``None`` is random
            weights.
        keep_bytes: Memory for decoded images.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        ValueError: If there are too few images, a content is in two parts,
            ``unrated`` and ``unrated_pieces`` do not fit, or the folder holds
            another run.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    parts = {"train": train, "val": validation, "test": test}
    _check(parts, unrated, settings)
    seen = (
        *trained_on(train, validation, scores="human", about="MOS of whole images"),
        *files_trained_on(unrated, scores="pseudo", about=_PSEUDO),
    )
    rated, mos = _store(_paths(train), settings.side, keep_bytes), _mos(train)
    pristine = _store(unrated, settings.side, keep_bytes // 4)
    held_out = _store(_paths(validation), PATCHNET.patch, keep_bytes // 4)

    def plan(epoch):
        return epoch_plan(rated, mos, settings, unrated=pristine, epoch=epoch)

    def build():
        first = plan(0)
        pieces, _ = first.make(0)
        return compile_patchnet_mos(pieces, settings, steps=len(first), initial=initial)

    training = Training(
        settings=settings,
        parts=record_rows(parts)
        | {"unrated": [{"image_name": p.name, "content": None, "mos01": None} for p in unrated]},
        build=build,
        plan=plan,
        validate=lambda model: score_numbers(mean_qualities(model, held_out), _mos(validation)),
        export=lambda model, folder: _export(model, folder, seen=seen, initial=initial),
        initial=initial,
        extendable=False,  # the learning rate's fall depends on the epochs
    )
    return run_training(training, **run)


def _check(parts, unrated, settings):
    """Refuse parts that cannot be trained on, and unrated images that are judged by."""
    train, validation = parts["train"], parts["val"]
    require_enough(train, validation, settings)
    if bool(unrated) != bool(settings.unrated_pieces):
        raise ValueError(
            "Expected unrated images together with unrated_pieces. Received: "
            f"{len(unrated)} images, unrated_pieces={settings.unrated_pieces}."
        )
    refuse_judged(unrated, parts)


def _paths(records):
    return [record.path for record in records]


def _mos(records):
    return np.array([record.mos01 for record in records], np.float32)


def _store(paths, smallest, keep_bytes):
    remedy = "Leave it out." if smallest == PATCHNET.patch else "Use a smaller --side."
    return ImageStore(paths, smallest=smallest, keep_bytes=keep_bytes, remedy=remedy)


def _export(model, folder, *, seen, initial):
    best = build_patchnet()
    fold(model, best)
    export_h5(
        best,
        folder / "patchnet.h5",
        described("patchnet", seen, initial, pooling="mean", patch_grid=SLIDING_WINDOW),
    )
