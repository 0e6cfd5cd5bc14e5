"""Train the aggregator on map stacks: batches by resolution, best epoch kept.

The stacks (FISH, gray, Patchnet; `kiqa.maps.stack`) are computed before and
read from files. The working folder then holds ``aggregator.h5``,
``settings.json``, ``history.csv``, ``checkpoint.npz``, ``images.csv`` (which
stack was in which part) and ``result.json``.

Runs on any Keras backend; several devices need TensorFlow.

References:
    Thesis, section 5.4.
"""

import dataclasses
import os
import time
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
from scipy.stats import rankdata
from tqdm import tqdm

from kiqa import __version__
from kiqa.data.trained import in_chain
from kiqa.evaluation.report import write_csv, write_json
from kiqa.io.weights import Companion, Details, TrainingPart, export_h5
from kiqa.models.aggregator import build_aggregator
from kiqa.training.aggregator.batches import (
    StackItem,
    plan_batches,
    pretext_targets,
    read_stacks,
    training_batches,
)
from kiqa.training.aggregator.losses import score_loss
from kiqa.training.aggregator.settings import AggregatorSettings
from kiqa.training.aggregator.start import start_from_patchnet_map
from kiqa.training.runs.checkpoint import read_checkpoint
from kiqa.training.runs.devices import jit_compile, number_format, several_devices
from kiqa.training.runs.epochs import train_to_best
from kiqa.training.runs.history import best_numbers, epoch_numbers, history_writer
from kiqa.training.runs.origin import details_of, origin, origin_text
from kiqa.training.runs.seeding import epoch_rng, model_seed
from kiqa.training.runs.settings import settings_to_json
from kiqa.training.runs.workdir import open_workdir, text_sha256

CHECKPOINT_FILE = "checkpoint.npz"
WEIGHTS_FILE = "aggregator.h5"

_SAMPLE = 320  # stacks that the start from the Patchnet map looks at


def train_aggregator(
    train: Sequence[StackItem],
    validation: Sequence[StackItem],
    settings: AggregatorSettings,
    *,
    workdir: str | os.PathLike,
    details: Mapping,
    trained_on: Sequence[TrainingPart],
    initial: str | os.PathLike | None = None,
    resume: bool = False,
    progress: bool = False,
    report: Callable[[str], None] = lambda message: None,
) -> dict:
    """Train the aggregator.

    Args:
        train: Stacks to train on, several versions of a photograph or one.
        validation: Stacks that choose the epoch, one a photograph, none of a
            photograph in ``train``.
        settings: What decides the numbers.
        workdir: Folder of the run.
        details: How the stacks were made, as
            `kiqa.training.aggregator.stacks.StackSource.details` says it;
            goes into the weights file.
        trained_on: Which photographs these are, from `kiqa.data.trained`;
            goes there too.
        initial: ``None`` for random weights, ``"imagenet"``, a file of an
            aggregator to start from, or ``"patchnet-map"``: random weights
            that let the best region of the Patchnet map through
            (`kiqa.training.aggregator.start`).
        resume: Continue the run in the folder after its last epoch. On a CPU
            the weights are those of an uninterrupted run, bit by bit.
        progress: Show a bar, if standard error is a terminal.
        report: Told one line after each epoch.

    Returns:
        The result: best epoch, its validation SROCC and PLCC, seconds.

    Raises:
        ValueError: If there are too few stacks, or the folder holds another
            run.
        OSError: If a file cannot be read or written; what is finished stays.
    """
    if len(train) < settings.batch_size or len(validation) < 3:
        raise ValueError(
            f"Expected at least {settings.batch_size} stacks to train, one batch, and 3 to "
            f"validate. Received: {len(train)} and {len(validation)}."
        )
    rows = [
        {"stack": os.path.basename(item.path), "set": part, "target": item.target}
        for part, items in (("train", train), ("val", validation))
        for item in items
    ]
    workdir = open_workdir(
        workdir,
        settings=settings_to_json(settings) | {"initial": origin_text(initial)},
        data={
            "train": len(train),
            "val": len(validation),
            "stacks": dict(details),
            "sha256": text_sha256(repr([tuple(row.values()) for row in rows])),
        },
        resume=resume,
        extendable=() if settings.schedule == "cosine" else ("epochs",),
    )
    write_csv(rows, workdir / "images.csv")
    path = workdir / CHECKPOINT_FILE
    start = read_checkpoint(path) if resume and path.is_file() else None
    model = _compiled(settings, train, initial=initial, resumed=start is not None)

    if settings.correlation_with == "ranks":
        ranks = rankdata([item.target for item in train]) / len(train)
        train = [
            dataclasses.replace(item, rank=float(rank))
            for item, rank in zip(train, ranks, strict=True)
        ]

    state = train_to_best(
        model,
        run_epoch=_epoch_runner(model, train, validation, settings, progress=progress),
        epochs=settings.epochs,
        monitor="val_srocc",
        maximise=True,
        checkpoint_path=path,
        resume_from=start,
        patience=settings.early_stopping,
        after_epoch=history_writer(workdir, report),
    )
    best = build_aggregator(pooling=settings.pooling)
    best.set_weights(model.get_weights())
    result = best_numbers(state)
    export_h5(
        best,
        workdir / WEIGHTS_FILE,
        Details(
            name="aggregator",
            version=__version__,
            scale="0..1",
            higher_is_better=True,
            mode="aggregator",
            pooling=settings.pooling,
            maps=tuple(details["maps"]),
            stride=details["stride"],
            fish=details["fish"],
            companions={"patchnet": Companion(**details["patchnet"])},
            trained_on=in_chain(trained_on, details_of(initial)),
            origin=origin(initial),
        ),
    )
    write_json(result, workdir / "result.json")
    return result


def predict_scores(
    model: keras.Model, items: Sequence[StackItem], *, batch_size: int
) -> np.ndarray:
    """Predict the scores of stacks.

    Args:
        model: Aggregator.
        items: Stacks of any resolutions.
        batch_size: Stacks of one resolution a step.

    Returns:
        ``float32`` of shape (n,), in the order of ``items``.
    """
    scores = np.empty(len(items), np.float32)
    for chosen in plan_batches([item.shape for item in items], batch_size=batch_size, rng=None):
        predicted = model.predict_on_batch(read_stacks([items[i] for i in chosen]))
        scores[chosen] = keras.ops.convert_to_numpy(predicted)[:, 0]
    return scores


def _compiled(settings, train, *, initial, resumed):
    """The network with optimiser and loss; its scores begin at the mean MOS."""
    steps = len(
        plan_batches([item.shape for item in train], batch_size=settings.batch_size, rng=None)
    )
    with several_devices(settings.devices), number_format(settings.precision):
        model = build_aggregator(
            weights=None if initial == "patchnet-map" else initial,
            pooling=settings.pooling,
            seed=model_seed(settings.seed),
        )
        if initial in (None, "imagenet"):
            head = model.get_layer("quality_map")
            kernel, bias = head.get_weights()
            mean = np.mean([item.target for item in train])
            head.set_weights([kernel, np.full_like(bias, mean)])
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = settings.norm_momentum
        if initial == "patchnet-map" and not resumed:
            start_from_patchnet_map(model, *_sample(train, seed=settings.seed))
        rate = settings.learning_rate
        if settings.schedule == "cosine":
            rate = keras.optimizers.schedules.CosineDecay(
                0.0 if settings.warmup_steps else rate,
                max(1, settings.epochs * steps - settings.warmup_steps),
                warmup_target=rate if settings.warmup_steps else None,
                warmup_steps=settings.warmup_steps,
            )
        adam = keras.optimizers.Adam(rate)
        if settings.weight_decay:
            adam = keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)
            adam.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        model.compile(
            optimizer=adam, loss=score_loss(settings.correlation_loss), jit_compile=jit_compile()
        )
    return model


def _sample(train, *, seed):
    """Stacks and targets of some items of the commonest resolution."""
    shapes = [item.shape for item in train]
    commonest = max(set(shapes), key=shapes.count)
    members = [item for item in train if item.shape == commonest]
    order = np.random.default_rng(seed).permutation(len(members))[:_SAMPLE]
    chosen = [members[index] for index in order]
    return read_stacks(chosen), np.array([item.target for item in chosen])


def _epoch_runner(model, train, validation, settings, *, progress):
    """A function that trains and validates one epoch, for `train_to_best`."""
    pretext = settings.target == "percentile"
    wanted = np.array([item.target for item in validation])
    if pretext:
        wanted = np.array([pretext_targets(read_stacks([item]))[0, 0] for item in validation])

    def run_epoch(epoch):
        began = time.monotonic()
        batches = training_batches(
            train,
            batch_size=settings.batch_size,
            flip=settings.flip_maps,
            crop=settings.crop_maps,
            noise=settings.noise_maps,
            pretext=pretext,
            rng=epoch_rng(settings.seed, epoch=epoch),
        )
        total = -(-len(train) // settings.batch_size)
        hidden = None if progress else True
        bar = tqdm(batches, total=total, desc=f"epoch {epoch + 1}", leave=False, disable=hidden)
        losses = [float(model.train_on_batch(stacks, targets)) for stacks, targets in bar]
        predicted = predict_scores(model, validation, batch_size=settings.batch_size)
        return epoch_numbers(losses, predicted, wanted, began=began)

    return run_epoch
