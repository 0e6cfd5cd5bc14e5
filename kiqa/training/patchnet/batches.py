"""Batches of patches from arrays, for ``fit`` and ``predict`` on any backend."""

import keras
import numpy as np


class PatchBatches(keras.utils.PyDataset):
    """Some patches of an array, batch by batch, in a given order.

    Nothing but the batch is copied, and patches stay ``uint8`` up to the
    network's own scaling, so memory stays near that of the data set.

    Args:
        x: ``uint8`` of shape ``(n, P, P, 3)``, RGB.
        y: ``float32`` of shape ``(n,)``.
        order: Indices of the patches, in the order wanted.
        batch_size: Patches a batch; the last batch may be smaller.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, order: np.ndarray, *, batch_size: int):
        super().__init__()
        self._x, self._y = x, y
        self._order, self._batch_size = order, batch_size

    def __len__(self) -> int:
        return -(-len(self._order) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        start = index * self._batch_size
        chosen = self._order[start : start + self._batch_size]
        return self._x[chosen], self._y[chosen, None]
