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
from kiqa.io.weights import Companion, export_h5, read_info
from kiqa.training.comparators.heads.forms import Form
from kiqa.training.comparators.heads.settings import HeadSettings
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.optimizers import adam, compile_model, scheduled_rate
from kiqa.training.runs.origin import described
from kiqa.training.runs.replicas import predict_batch
from kiqa.training.runs.run import RunOptions, Training, run_training
from kiqa.training.runs.seeding import epoch_rng, model_seed
from kiqa.training.runs.start import start_whole
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
    if len(train) < settings.batch_size or len(validation) < 3:
        raise ValueError(
            f"Expected at least {settings.batch_size} images to train, one batch, and 3 to "
            f"validate. Received: {len(train)} and {len(validation)}."
        )
    info = read_info(body)
    file = Path(run["workdir"]) / f"features-{info.sha256[:16]}.jsonl"
    report = run.get("report", lambda message: None)
    network = PooledBody(info, form.views)
    (kept, features), (judged, held_out) = (
        statistics_of(records, network.features, file=file, report=report)
        for records in (train, validation)
    )
    features, held_out = features.astype(np.float32), held_out.astype(np.float32)
    targets = form.targets(kept, settings)
    wanted = np.array([record.mos01 for record in judged])
    companions = {"body": Companion(info.name, info.sha256)}

    def build():
        head = form.build(model_seed(settings.seed))
        if initial is not None:
            start_whole(head, initial)
        rate = scheduled_rate(settings, batches=len(kept) // settings.batch_size)
        model = form.trained(head)
        compile_model(
            model,
            optimizer=adam(rate, weight_decay=settings.weight_decay, clip_norm=settings.clip_norm),
            loss=form.loss,
        )
        return model

    def validate(model):
        predicted = predict_batch(model, held_out) @ np.array(form.scores)
        return score_numbers(predicted, wanted)

    def export(model, folder):
        seen = trained_on(train, validation, scores="human", about="MOS of whole images")
        seen = in_chain(seen, network.learned_from)
        about = described(form.name, seen, initial, mode=form.name, companions=companions)
        export_h5(form.whole(model), folder / f"{form.name}.h5", about)

    parts = {"train": kept, "val": judged, "test": test}
    training = Training(
        settings=settings,
        parts={part: [_row(record) for record in records] for part, records in parts.items()},
        build=build,
        plan=lambda epoch: epoch_plan(features, targets, settings, epoch=epoch),
        validate=validate,
        export=export,
        initial=initial,
        data={"features_sha256": arrays_sha256(features, held_out)},
        extendable=settings.schedule == "constant",
    )
    return run_training(training, **run)


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


def _row(record):
    return {"image_name": record.name, "content": record.content, "mos01": record.mos01}
