"""The aggregator ready to be trained, and its predictions while it is.

Public names: `network_of`, `compile_aggregator`, `predict_scores`.
"""

import os
from collections.abc import Sequence

import keras
import numpy as np

from kiqa.models.aggregator import build_aggregator
from kiqa.training.aggregator.batches import plan_batches, training_order
from kiqa.training.aggregator.initial import PATCHNET_MAP
from kiqa.training.aggregator.items import StackItem, read_stacks
from kiqa.training.aggregator.losses import score_loss
from kiqa.training.aggregator.settings import AggregatorSettings
from kiqa.training.aggregator.start import start_from_file, start_from_patchnet_map
from kiqa.training.runs.optimizers import NO_DECAY, adam, compile_model, scheduled_rate
from kiqa.training.runs.replicas import predict_batch, whole_batch
from kiqa.training.runs.seeding import model_seed

_SAMPLE = 320  # stacks that the start from the Patchnet map looks at


def network_of(
    settings: AggregatorSettings, *, weights: str | None = None, seed: int | None = None
) -> keras.Model:
    """Build the network that the settings name, ``weights`` being ``None`` or ``"imagenet"``."""
    return build_aggregator(weights=weights, pooling=settings.pooling, seed=seed)


def compile_aggregator(
    train: Sequence[StackItem],
    settings: AggregatorSettings,
    *,
    initial: str | os.PathLike | None = None,
) -> keras.Model:
    """Build what is trained, with optimiser and loss.

    Args:
        train: Training stacks. Without a trained head the scores begin at
            their mean target.
        settings: What decides the numbers.
        initial: As for `kiqa.training.aggregator.train.train_aggregator`.

    Returns:
        Compiled model of stacks to scores (n, 1).
    """
    start = None if initial is None else os.fspath(initial)
    imagenet = start if start == "imagenet" else None
    model = network_of(settings, weights=imagenet, seed=model_seed(settings.seed))
    with_head = False
    if start is not None and start not in ("imagenet", PATCHNET_MAP):
        with_head = start_from_file(model, start)
    if not with_head and start != PATCHNET_MAP:
        head = model.get_layer("quality_map")
        kernel, bias = head.get_weights()
        head.set_weights([kernel, np.full_like(bias, np.mean([item.target for item in train]))])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = settings.norm_momentum
    if start == PATCHNET_MAP:
        start_from_patchnet_map(model, *_sample(train, seed=settings.seed))
    batches = len(training_order(train, batch_size=settings.batch_size))
    rate = scheduled_rate(settings, batches=batches)
    compile_model(
        model,
        optimizer=adam(
            rate,
            weight_decay=settings.weight_decay,
            no_decay=NO_DECAY,
            ema_momentum=settings.ema_momentum,
        ),
        loss=whole_batch(score_loss(settings.correlation_loss)),
    )
    return model


def predict_scores(
    model: keras.Model, items: Sequence[StackItem], *, batch_size: int
) -> np.ndarray:
    """Predict the scores of stacks.

    Args:
        model: Aggregator.
        items: Stacks of any resolutions.
        batch_size: Stacks of one resolution that are computed together.

    Returns:
        ``float32`` of shape (n,), in the order of ``items``.
    """
    scores = np.empty(len(items), np.float32)
    for chosen in plan_batches([item.shape for item in items], batch_size=batch_size, rng=None):
        scores[chosen] = predict_batch(model, read_stacks([items[i] for i in chosen]))[:, 0]
    return scores


def _sample(train, *, seed):
    """Stacks and targets of some items of the commonest resolution."""
    shapes = [item.shape for item in train]
    commonest = max(set(shapes), key=shapes.count)
    members = [item for item in train if item.shape == commonest]
    order = np.random.default_rng(seed).permutation(len(members))[:_SAMPLE]
    chosen = [members[index] for index in order]
    return read_stacks(chosen), np.array([item.target for item in chosen])
