"""Batches of fine-tuning: stored features of one version of each image, and degraded ones.

All randomness comes from (seed, epoch, step).

Public names: `TailBatches`.
"""

from collections.abc import Sequence

import keras
import numpy as np

from kiqa.training.lite.network import as_inputs
from kiqa.training.lite.versions import FeatureSet
from kiqa.training.seeding import epoch_rng


class TailBatches(keras.utils.PyDataset):
    """The batches of one epoch: every training image once, in a random version.

    Args:
        model: The network, for the widths of its maps.
        versions: Feature sets of the same images.
        scores: What they should get, (n,).
        copies: Feature set of degraded images, or ``None``.
        copy_scores: What those should get, (m,).
        copy_weight: Weight of a degraded image, an image's being 1.
        batch: Images a step.
        degraded: Degraded ones among them.
        seed: The experiment's seed.
        epoch: Epoch, counted from 0.
    """

    def __init__(
        self,
        model: keras.Model,
        versions: Sequence[FeatureSet],
        scores: np.ndarray,
        copies: FeatureSet | None,
        copy_scores: np.ndarray,
        *,
        copy_weight: float,
        batch: int,
        degraded: int,
        seed: int,
        epoch: int,
    ):
        super().__init__()
        rng = epoch_rng(seed, epoch=epoch)
        self._model, self._versions, self._copies = model, versions, copies
        self._scores, self._copy_scores = scores, copy_scores
        self._copy_weight = copy_weight
        self._degraded = 0 if copies is None else degraded
        self._plain = batch - self._degraded
        self._order = rng.permutation(len(scores))
        self._which = rng.integers(len(versions), size=len(scores))
        self._copy_order = rng.permutation(len(copy_scores))

    def __len__(self) -> int:
        return -(-len(self._order) // self._plain)

    def __getitem__(self, step: int):
        chosen = self._order[step * self._plain : (step + 1) * self._plain]
        rows = [(self._versions[self._which[i]], i) for i in chosen]
        wanted = [(self._scores[i], 1.0) for i in chosen]
        if self._degraded:
            places = np.arange(step * self._degraded, (step + 1) * self._degraded)
            for i in self._copy_order[places % len(self._copy_order)]:
                rows.append((self._copies, i))
                wanted.append((self._copy_scores[i], self._copy_weight))
        maps = np.stack([features.maps[i] for features, i in rows]).astype(np.float32)
        averages = np.stack([features.averages[i] for features, i in rows])
        inputs = (maps, *as_inputs(self._model, averages, early=True))
        return inputs, np.asarray(wanted, np.float32)
