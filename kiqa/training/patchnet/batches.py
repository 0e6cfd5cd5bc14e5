"""Patches of an array as the batches of an epoch.

Nothing but the batch is copied, and patches stay ``uint8`` up to the
network's own scaling, so memory stays near that of the data set.

Public names: `InstanceData`, `epoch_plan`.
"""

from dataclasses import dataclass

import numpy as np

from kiqa.data.plans import ArraySpec, EpochPlan, in_batches
from kiqa.training.runs.seeding import epoch_rng


@dataclass(frozen=True, eq=False)
class InstanceData:
    """Patches and parts of one training instance.

    Attributes:
        x: ``uint8`` of shape ``(n, P, P, 3)``, all patches, RGB.
        y: ``float32`` of shape ``(n,)``, labels in [0, 1].
        train: Indices of the training patches.
        validation: Indices of the validation patches.
        test: Indices of the test patches.
    """

    x: np.ndarray
    y: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def epoch_plan(
    data: InstanceData, *, batch_size: int, seed: int, place: tuple[int, ...], epoch: int
) -> EpochPlan:
    """Plan the batches of an epoch; each training patch occurs once.

    Args:
        data: Patches and parts.
        batch_size: Patches in a batch; the last one may have fewer.
        seed: The experiment's seed.
        place: Instance and attempt.
        epoch: Epoch, counted from 0.

    Returns:
        Batches of patches, ``uint8`` of shape ``(batch_size, P, P, 3)``, and
        labels, ``float32`` of shape ``(batch_size, 1)``.
    """
    order = epoch_rng(seed, *place, epoch=epoch).permutation(data.train)

    def batch(patches, chosen, rng):
        return np.stack(patches), data.y[chosen, None]

    return EpochPlan(
        order=in_batches(order, batch_size),
        read=lambda index: data.x[index],
        batch=batch,
        signature=(
            ArraySpec("uint8", (None, *data.x.shape[1:])),
            ArraySpec("float32", (None, 1)),
        ),
        generator=lambda number: epoch_rng(seed, *place, number, epoch=epoch),
    )
