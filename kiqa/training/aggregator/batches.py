"""Map stacks from files, in batches of one resolution.

A batch is read when it is needed, so memory does not grow with the number of
versions. What is random follows from the generator alone.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kiqa.maps.stack import MAPS

# The pretext task of self-supervised pretraining: this percentile of the
# Patchnet map. Ours; high percentiles rank photographs better than the mean.
PERCENTILE = 95

PATCHNET_CHANNEL = MAPS.index("patchnet")
_CELLS = 8  # crops keep a multiple of so many cells a side: few sizes, few compilations


@dataclass(frozen=True, eq=False)
class Matching:
    """Values of one Patchnet as another one would have them.

    Networks trained on different photographs put the same quality at
    different values; a stack of one is read as if it were of the other.

    Attributes:
        values: Increasing values of the network that made the stack.
        matched: The other network's values of equal rank, as long.
    """

    values: np.ndarray
    matched: np.ndarray


def match_quantiles(values: np.ndarray, others: np.ndarray, *, steps: int = 200) -> Matching:
    """Match the values of two networks by their quantiles on the same images.

    Args:
        values: Map values of the network that made the stacks, any shape.
        others: Map values of the other network on the same images.
        steps: Quantiles less one.

    Returns:
        The matching. A value that several quantiles share (a network's floor)
        is matched to the mean of the other's quantiles.
    """
    grid = np.linspace(0, 1, steps + 1)
    own, other = np.quantile(values, grid), np.quantile(others, grid)
    distinct, group = np.unique(own, return_inverse=True)
    return Matching(distinct, np.bincount(group, weights=other) / np.bincount(group))


@dataclass(frozen=True)
class StackItem:
    """One stack on disk and what it should be rated.

    Attributes:
        path: ``.npy`` file, ``float32`` of shape (rows, columns, 3).
        shape: (rows, columns).
        target: Score in [0, 1].
        rank: Rank of the target among those of the training part, in [0, 1];
            ``None`` where the loss does not ask for it.
        matching: Applied to the Patchnet channel when the stack is read;
            ``None`` leaves it.
    """

    path: str | os.PathLike
    shape: tuple[int, int]
    target: float
    rank: float | None = None
    matching: Matching | None = None


def stack_item(path: str | os.PathLike, target: float) -> StackItem:
    """Make an item, reading only the header of its file."""
    shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    return StackItem(path=path, shape=shape[:2], target=float(target))


def plan_batches(
    shapes: Sequence[tuple[int, int]], *, batch_size: int, rng: np.random.Generator | None
) -> list[np.ndarray]:
    """Group stacks of one resolution into batches.

    Args:
        shapes: Resolution of each stack.
        batch_size: Stacks a batch; the last batch of a resolution may be
            smaller.
        rng: Shuffles stacks and batches; ``None`` keeps their order.

    Returns:
        Indices of each batch; every index occurs once.
    """
    by_shape: dict[tuple[int, int], list[int]] = {}
    order = range(len(shapes)) if rng is None else rng.permutation(len(shapes))
    for index in order:
        by_shape.setdefault(tuple(shapes[index]), []).append(int(index))
    batches = [
        np.array(members[at : at + batch_size])
        for members in by_shape.values()
        for at in range(0, len(members), batch_size)
    ]
    return batches if rng is None else [batches[i] for i in rng.permutation(len(batches))]


def read_stacks(items: Sequence[StackItem]) -> np.ndarray:
    """Read stacks of one resolution.

    Returns:
        ``float32`` of shape (n, rows, columns, 3).
    """
    stacks = np.stack([np.load(item.path, allow_pickle=False) for item in items])
    for stack, item in zip(stacks, items, strict=True):
        if item.matching is not None:
            stack[..., PATCHNET_CHANNEL] = np.interp(
                stack[..., PATCHNET_CHANNEL], item.matching.values, item.matching.matched
            )
    return stacks


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


def training_batches(
    items: Sequence[StackItem],
    *,
    batch_size: int,
    flip: bool,
    crop: float,
    noise: float,
    pretext: bool,
    rng: np.random.Generator,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the batches of an epoch.

    Args:
        items: Stacks to train on.
        batch_size: Stacks a batch; a batch of a single stack is left out,
            since batch normalisation and correlations need two.
        flip: Mirror each stack at random, on both axes.
        crop: Least part of each side that is kept, the same for a batch.
        noise: Half of the width of the factors, one for each channel of each
            stack.
        pretext: Let `pretext_targets` of what is yielded take the place of
            the items' targets.
        rng: Generator of the epoch.

    Yields:
        ``float32`` stacks of shape (n, rows, columns, 3) and targets of
        shape (n, 1), or (n, 2) with the ranks of items that have one.
    """
    for chosen in plan_batches([item.shape for item in items], batch_size=batch_size, rng=rng):
        if len(chosen) < 2:
            continue
        members = [items[index] for index in chosen]
        stacks = read_stacks(members)
        targets = np.array([[item.target] for item in members], np.float32)
        if members[0].rank is not None:
            ranks = np.array([[item.rank] for item in members], np.float32)
            targets = np.concatenate([targets, ranks], axis=1)
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
        yield stacks, pretext_targets(stacks) if pretext else targets


def _cropped(stacks, least, rng):
    """The same window size for all stacks of a batch, another place for each."""
    sides = []
    for side in stacks.shape[1:3]:
        choices = np.arange(-(-int(np.ceil(least * side)) // _CELLS) * _CELLS, side + 1, _CELLS)
        sides.append(int(rng.choice(choices)) if len(choices) else side)
    rows, columns = sides
    result = np.empty((len(stacks), rows, columns, stacks.shape[-1]), np.float32)
    for stack, out in zip(stacks, result, strict=True):
        top = int(rng.integers(stack.shape[0] - rows + 1))
        left = int(rng.integers(stack.shape[1] - columns + 1))
        out[...] = stack[top : top + rows, left : left + columns]
    return result
