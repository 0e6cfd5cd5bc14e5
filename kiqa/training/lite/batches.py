"""Batches of fine-tuning, and of the networks whose inputs are in memory: judges and maps.

Public names: `epoch_plan`, `array_plan`.
"""

from collections.abc import Sequence

import keras
import numpy as np

from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.training.lite.network import as_inputs
from kiqa.training.lite.versions import FeatureSet
from kiqa.training.runs.seeding import epoch_rng


def epoch_plan(
    model: keras.Model,
    versions: Sequence[FeatureSet],
    scores: np.ndarray,
    copies: FeatureSet | None,
    copy_scores: np.ndarray,
    *,
    copy_weight: float,
    batch_size: int,
    degraded: int,
    seed: int,
    epoch: int,
) -> EpochPlan:
    """Plan the batches of an epoch of fine-tuning: every training image once, in a random version.

    They hold stored features, of images and of degraded ones.

    Args:
        model: The network, for the widths of its maps.
        versions: Feature sets of the same images.
        scores: What they should get, (n,).
        copies: Feature set of degraded images, or ``None``.
        copy_scores: What those should get, (m,).
        copy_weight: Weight of a degraded image, an image's being 1.
        batch_size: Images in a batch, degraded ones included.
        degraded: Degraded ones among them.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0.

    Returns:
        Batches of maps and averages, as the tail takes them, and of targets
        (n, 2): score and weight.
    """
    rng, count = epoch_rng(seed, epoch=epoch), len(scores)
    order = rng.permutation(count)
    which = rng.integers(len(versions), size=count)
    copy_order = rng.permutation(len(copy_scores))
    degraded = 0 if copies is None else degraded
    batches = in_batches(order, batch_size - degraded)
    if degraded:  # a copy's place follows those of all images
        batches = [
            np.concatenate([batch, count + np.take(copy_order, places, mode="wrap")])
            for batch, places in zip(
                batches, np.arange(len(batches) * degraded).reshape(-1, degraded), strict=True
            )
        ]

    def read(index):
        if index < count:
            features, place, wanted = versions[which[index]], index, (scores[index], 1.0)
        else:
            place = index - count
            features, wanted = copies, (copy_scores[place], copy_weight)
        return features.maps[place], features.averages[place], wanted

    def batch(samples, chosen, rng):
        maps, averages, wanted = zip(*samples, strict=True)
        early = as_inputs(model, np.stack(averages), early=True)
        return (np.stack(maps).astype(np.float32), *early), np.asarray(wanted, np.float32)

    first = versions[0]
    early = as_inputs(model, first.averages[:1], early=True)
    inputs = [(None, *first.maps.shape[1:]), *((None, part.shape[1]) for part in early)]
    return EpochPlan(
        order=batches,
        read=read,
        batch=batch,
        signature=(
            tuple(ArraySpec("float32", shape) for shape in inputs),
            ArraySpec("float32", (None, 2)),
        ),
        generator=lambda number: epoch_rng(seed, number, epoch=epoch),
    )


def array_plan(
    inputs: Sequence[np.ndarray],
    targets: np.ndarray,
    *,
    seed: int,
    stream: int,
    epoch: int,
    batch_size: int = 1,
    order: Sequence[np.ndarray] | None = None,
) -> EpochPlan:
    """Plan the batches of an epoch on arrays: every row once, in a random order, or as given.

    Args:
        inputs: Of the network, ``float32`` (n, channels) each.
        targets: What it should say, ``float32`` (n, m).
        seed: The experiment's seed.
        stream: Number of the network, so that two have different orders.
        epoch: Epoch, counted from 0.
        batch_size: Rows in a batch of the random order.
        order: The rows of each batch; ``None`` draws it.

    Returns:
        Batches of the inputs and of the targets.
    """
    if order is None:
        order = in_batches(shuffled(len(targets), epoch_rng(seed, stream, epoch=epoch)), batch_size)
    return EpochPlan(
        order=order,
        read=lambda index: index,  # a batch takes all of its rows at once
        batch=lambda samples, chosen, rng: (
            tuple(part[chosen] for part in inputs),
            targets[chosen],
        ),
        signature=(
            tuple(ArraySpec("float32", (None, part.shape[1])) for part in inputs),
            ArraySpec("float32", (None, targets.shape[1])),
        ),
        generator=lambda number: epoch_rng(seed, stream, number, epoch=epoch),
    )
