"""One epoch of a training as plain data: which samples, in which order, how a batch is made.

A plan knows nothing of Keras or TensorFlow. `kiqa.data.pipeline` makes a
``tf.data.Dataset`` of it, `kiqa.training.runs.feeding` a ``PyDataset`` for
other backends.

Public names: `ArraySpec`, `EpochPlan`, `shuffled`, `in_batches`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class ArraySpec:
    """What one array of a batch looks like.

    Attributes:
        dtype: NumPy's name of its type, such as ``"uint8"``.
        shape: Its sides; ``None`` for those that differ between batches, the
            first among them.
    """

    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class EpochPlan:
    """The batches of one epoch.

    The stages in their order: the list of samples in the epoch's own order
    (``order``), reading (``read``), augmentation (``augment``), batch
    (``batch``). Batches are made in parallel and ahead, but come in order;
    all randomness is drawn from the generator of a batch, so each can be made
    again, alone.

    Attributes:
        order: Of each batch the indices of its samples.
        read: From an index to a sample; called in several threads.
        batch: From the samples of a batch, their indices and the batch's
            generator to inputs and targets: arrays, or tuples or dictionaries
            of arrays, whose first axis is the batch.
        signature: Inputs and targets in the same structure, with an
            `ArraySpec` in place of each array.
        augment: From a sample and the batch's generator to a sample; ``None``
            leaves samples as they are.
        generator: From the number of a batch to its generator of random
            numbers.
    """

    order: Sequence[np.ndarray]
    read: Callable[[int], Any]
    batch: Callable[[list, np.ndarray, np.random.Generator], tuple[Any, Any]]
    signature: tuple[Any, Any]
    generator: Callable[[int], np.random.Generator]
    augment: Callable[[Any, np.random.Generator], Any] | None = None

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self.order)

    def make(self, number: int) -> tuple[Any, Any]:
        """Make one batch.

        Args:
            number: Of the batch, counted from 0.

        Returns:
            Inputs and targets.
        """
        rng, chosen = self.generator(number), self.order[number]
        samples = []
        for index in chosen:
            sample = self.read(int(index))
            samples.append(sample if self.augment is None else self.augment(sample, rng))
        return self.batch(samples, chosen, rng)


def shuffled(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the numbers below ``count`` in a random order, shape ``(count,)``."""
    return rng.permutation(count)


def in_batches(order: np.ndarray, batch_size: int, *, whole: bool = False) -> list[np.ndarray]:
    """Cut an order into batches.

    Args:
        order: Indices, shape ``(n,)``.
        batch_size: Samples in a batch.
        whole: Leave out a last batch with fewer samples.

    Returns:
        The indices of each batch.
    """
    batches = [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
    return [batch for batch in batches if len(batch) == batch_size or not whole]
