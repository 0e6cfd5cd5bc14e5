"""The training of a head on features that are computed once.

The working folder then holds ``NAME.h5``, the features, which another run there
reads again, and the files of `kiqa.training.runs.run`. Runs on any Keras backend;
several devices need TensorFlow.

Public names: `train_head`, `epoch_plan`.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import numpy as np

from kiqa.comparators import BODY
from kiqa.comparators.learned.body import PooledBody
from kiqa.comparators.statistics import statistics_of
from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.data.records import ScoredImage
from kiqa.data.trained import in_chain, trained_on
from kiqa.io.weights import Companion, read_info
from kiqa.training.comparators.heads.forms import Form
from kiqa.training.comparators.heads.settings import HeadSettings
from kiqa.training.comparators.run import run_comparator
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.parts import require_enough
from kiqa.training.runs.replicas import predict_batch
from kiqa.training.runs.run import RunOptions
from kiqa.training.runs.seeding import epoch_rng
from kiqa.training.runs.workdir import arrays_sha256


def train_head(
    form: Form,
    train: Sequence[ScoredImage],
    validation: Sequence[ScoredImage],
    settings: HeadSettings,
    *,
    test: Sequence[ScoredImage] = (),
    body: str | os.PathLike = BODY,
    initial: str | os.PathLike | None = None,
    **run: Unpack[RunOptions],
) -> dict:
    """Train a head on the features of rated images.

    Args:
        form: Of the head.
        train: Images to train on, a batch at least.
        validation: Images that choose the epoch, by SROCC; 3 at least.
        settings: What decides the numbers.
        test: Images of the test part; none of their content is trained on.
        body: Name or file of a network with the body (`kiqa.comparators.learned.body`).
        initial: Name or file of such a head to start from; ``None`` is random
            weights.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        ValueError: If there are too few images, a content is in two parts, or the
            folder holds another run.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    require_enough(train, validation, settings)
    info = read_info(body)
    file = Path(run["workdir"]) / f"features-{form.name}-{info.sha256[:16]}.jsonl"
    report = run.get("report", lambda message: None)
    network = PooledBody(info, form.views)
    (kept, features), (judged, held_out) = (
        statistics_of(records, network.features, file=file, report=report)
        for records in (train, validation)
    )
    features, held_out = features.astype(np.float32), held_out.astype(np.float32)
    targets = form.targets(kept, settings)
    wanted = np.array([record.mos01 for record in judged])

    def validate(model):
        predicted = predict_batch(model, held_out) @ np.array(form.scores)
        return score_numbers(predicted, wanted)

    seen = trained_on(train, validation, scores="human", about="MOS of whole images")
    return run_comparator(
        form,
        {"train": kept, "val": judged, "test": test},
        settings,
        plan=lambda epoch: epoch_plan(features, targets, settings, epoch=epoch),
        validate=validate,
        seen=in_chain(seen, network.learned_from),
        part=form.trained,
        whole=form.whole,
        initial=initial,
        run=run,
        data={"features_sha256": arrays_sha256(features, held_out)},
        companions={"body": Companion(info.name, info.sha256)},
    )


def epoch_plan(
    features: np.ndarray, targets: np.ndarray, settings: HeadSettings, *, epoch: int
) -> EpochPlan:
    """Plan the batches of an epoch; each image occurs once at most.

    Args:
        features: ``float32`` of shape (n, f), at least ``settings.batch_size`` rows;
            what is left over waits for the next epoch, whose order is another.
        targets: ``float32`` of shape (n, m).
        settings: What a batch holds, and the seed.
        epoch: Epoch, counted from 0.

    Returns:
        Batches of features and targets.
    """
    order = shuffled(len(features), epoch_rng(settings.seed, epoch=epoch))
    return EpochPlan(
        order=in_batches(order, settings.batch_size, whole=True),
        read=lambda index: features[index],
        batch=lambda samples, chosen, rng: (np.stack(samples), targets[chosen]),
        signature=(
            ArraySpec("float32", (None, features.shape[1])),
            ArraySpec("float32", (None, targets.shape[1])),
        ),
        generator=lambda number: epoch_rng(settings.seed, number, epoch=epoch),
    )
