"""Map stacks from files, in batches of one resolution, or mixed where there are copies.

Copies with other histories have other resolutions: in batches of one
resolution a network would hardly ever see a copy beside images as published.
Where there are copies, the stacks of a batch are brought to one size instead:
the middle one of its heights and widths, larger stacks cropped at random,
smaller ones continued by reflection, which adds no value that is not there.

Batches are read ahead while the one before is trained on, so memory does not
grow with the number of versions. All randomness comes from (seed, epoch,
batch), so that a batch can be made again, alone and in any order.

Public names: `plan_batches`, `training_order`, `epoch_plan`,
`pretext_targets`.
"""

from collections.abc import Sequence

import numpy as np

from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.data.records import copy_kind
from kiqa.maps.stack import MAPS
from kiqa.models.aggregator import LEAST_CELLS
from kiqa.training.aggregator.items import PATCHNET_CHANNEL, StackItem, read_stack
from kiqa.training.runs.seeding import epoch_rng

# The pretext task of self-supervised pretraining: this percentile of the
# Patchnet map. Ours; high percentiles rank images better than the mean.
PERCENTILE = 95

_LEAST = 2  # stacks in a batch: batch normalisation and correlations need two
_CELLS = 8  # crops keep a multiple of so many cells a side: few sizes, few compilations


def plan_batches(
    shapes: Sequence[tuple[int, int]], *, batch_size: int, rng: np.random.Generator | None
) -> list[np.ndarray]:
    """Group stacks of one resolution into batches.

    Args:
        shapes: Resolution of each stack.
        batch_size: Stacks in a batch; the last batch of a resolution may be
            smaller.
        rng: Shuffles stacks and batches; ``None`` keeps their order.

    Returns:
        Indices of each batch; every index occurs once.
    """
    by_shape: dict[tuple[int, int], list[int]] = {}
    order = range(len(shapes)) if rng is None else shuffled(len(shapes), rng)
    for index in order:
        rows, columns = shapes[index]
        by_shape.setdefault((rows, columns), []).append(int(index))
    batches = [
        batch
        for members in by_shape.values()
        for batch in in_batches(np.array(members), batch_size)
    ]
    return batches if rng is None else [batches[i] for i in shuffled(len(batches), rng)]


def training_order(
    items: Sequence[StackItem], *, batch_size: int, rng: np.random.Generator | None = None
) -> list[np.ndarray]:
    """Group the stacks of an epoch into batches, without those of a single stack.

    Args:
        items: Stacks to train on.
        batch_size: Stacks in a batch.
        rng: As for `plan_batches`.

    Returns:
        Indices of each batch: as `plan_batches` groups them, or all together
        if some are of copies.
    """
    if any(copy_kind(item.name) for item in items):
        count = len(items)
        order = np.arange(count) if rng is None else shuffled(count, rng)
        batches = in_batches(order, batch_size)
    else:
        batches = plan_batches([item.shape for item in items], batch_size=batch_size, rng=rng)
    return [batch for batch in batches if len(batch) >= _LEAST]


def pretext_targets(stacks: np.ndarray) -> np.ndarray:
    """Return what a network that never saw a human score can be trained on.

    Args:
        stacks: Of shape (n, rows, columns, 3).

    Returns:
        The 95th percentile of each Patchnet map, ``float32`` of shape (n, 1).
    """
    return np.percentile(stacks[..., PATCHNET_CHANNEL], PERCENTILE, axis=(1, 2))[:, None].astype(
        np.float32
    )


def epoch_plan(
    items: Sequence[StackItem],
    targets: np.ndarray | None,
    *,
    batch_size: int,
    flip: bool,
    crop: float,
    noise: float,
    seed: int,
    epoch: int,
) -> EpochPlan:
    """Plan the batches of an epoch; each stack occurs once at most.

    Args:
        items: Stacks to train on.
        targets: Of shape (n, k), a row a stack; ``None`` takes
            `pretext_targets` of the augmented stacks.
        batch_size: Stacks in a batch, all of one resolution, or brought to
            it where there are copies; a batch of a single stack is left out.
        flip: Mirror each stack at random, on both axes.
        crop: Least part of each side that is kept, the same for a batch, and
            no fewer cells than the network needs.
        noise: Half of the width of the factors, one for each channel of each
            stack.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0.

    Returns:
        Batches of ``float32`` stacks, shape (n, rows, columns, 3), and
        targets, ``float32`` of shape (n, k).
    """

    def read(index):
        return read_stack(items[index])

    def batch(stacks, chosen, rng):
        # Here and not one by one: the stacks of a batch are cropped to one size.
        stacks = _augmented(
            np.stack(_of_one_size(stacks, rng)), flip=flip, crop=crop, noise=noise, rng=rng
        )
        if targets is None:
            return stacks, pretext_targets(stacks)
        return stacks, targets[chosen].astype(np.float32)

    return EpochPlan(
        order=training_order(items, batch_size=batch_size, rng=epoch_rng(seed, epoch=epoch)),
        read=read,
        batch=batch,
        signature=(
            ArraySpec("float32", (None, None, None, len(MAPS))),
            ArraySpec("float32", (None, 1 if targets is None else targets.shape[1])),
        ),
        generator=lambda number: epoch_rng(seed, number, epoch=epoch),
    )


def _of_one_size(stacks, rng):
    """The stacks with the middle height and width of the batch; as they are if they agree."""
    if len({stack.shape for stack in stacks}) == 1:
        return stacks
    for axis in (0, 1):
        middle = sorted(stack.shape[axis] for stack in stacks)[len(stacks) // 2]
        side = max(LEAST_CELLS, middle // _CELLS * _CELLS)
        stacks = [_with_side(stack, axis, side, rng) for stack in stacks]
    return stacks


def _with_side(stack, axis, side, rng):
    """A stack cropped, or continued by reflection, at random places of an axis."""
    room = stack.shape[axis] - side
    begin = int(rng.integers(abs(room) + 1))
    if room >= 0:
        return stack.take(range(begin, begin + side), axis=axis)
    widths = [(0, 0)] * stack.ndim
    widths[axis] = (begin, -room - begin)
    return np.pad(stack, widths, mode="symmetric")


def _augmented(stacks, *, flip, crop, noise, rng):
    """The stacks of a batch cropped, mirrored and multiplied at random."""
    if crop < 1:
        stacks = _cropped(stacks, crop, rng)
    if flip:
        for stack, (vertical, horizontal) in zip(
            stacks, rng.random((len(stacks), 2)) < 0.5, strict=True
        ):
            stack[...] = stack[:: -1 if vertical else 1, :: -1 if horizontal else 1].copy()
    if noise:
        factors = rng.uniform(1 - noise, 1 + noise, (len(stacks), 1, 1, stacks.shape[-1]))
        stacks *= factors.astype(np.float32)
    return stacks


def _cropped(stacks, least, rng):
    """The same window size for all stacks of a batch, another place for each."""
    sides = []
    for side in stacks.shape[1:3]:
        fewest = max(LEAST_CELLS, -(-int(np.ceil(least * side)) // _CELLS) * _CELLS)
        choices = np.arange(fewest, side + 1, _CELLS)
        sides.append(int(rng.choice(choices)) if len(choices) else side)
    rows, columns = sides
    result = np.empty((len(stacks), rows, columns, stacks.shape[-1]), np.float32)
    for stack, out in zip(stacks, result, strict=True):
        top = int(rng.integers(stack.shape[0] - rows + 1))
        left = int(rng.integers(stack.shape[1] - columns + 1))
        out[...] = stack[top : top + rows, left : left + columns]
    return result
