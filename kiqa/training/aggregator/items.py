"""Map stacks on disk, and what their images are rated.

Public names: `StackItem`, `stack_item`, `read_stack`, `read_stacks`,
`Matching`, `match_quantiles`, `PATCHNET_CHANNEL`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kiqa.maps.stack import MAPS

PATCHNET_CHANNEL = MAPS.index("patchnet")


@dataclass(frozen=True, eq=False)
class Matching:
    """Values of one Patchnet as another one would have them.

    Networks trained on different images put the same quality at different
    values; a stack of one is read as if it were of the other.

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
        name: Of the image that the stack, or a version of it, was made of.
        content: Its scene: never on both sides of a split.
        matching: Applied to the Patchnet channel when the stack is read;
            ``None`` leaves it.
    """

    path: str | os.PathLike
    shape: tuple[int, int]
    target: float
    name: str
    content: str
    matching: Matching | None = None


def stack_item(path: str | os.PathLike, target: float, *, name: str, content: str) -> StackItem:
    """Make an item, reading only the header of its file."""
    shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    return StackItem(path, shape[:2], float(target), name, content)


def read_stack(item: StackItem) -> np.ndarray:
    """Read one stack, ``float32`` of shape (rows, columns, 3)."""
    stack = np.load(item.path, allow_pickle=False)
    if item.matching is not None:
        stack[..., PATCHNET_CHANNEL] = np.interp(
            stack[..., PATCHNET_CHANNEL], item.matching.values, item.matching.matched
        )
    return stack


def read_stacks(items: Sequence[StackItem]) -> np.ndarray:
    """Read stacks of one resolution, ``float32`` of shape (n, rows, columns, 3)."""
    return np.stack([read_stack(item) for item in items])
