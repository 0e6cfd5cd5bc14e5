"""The start from the Patchnet map, in the real DenseNet-169 on small stacks."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from kiqa.models.aggregator import build_aggregator
from kiqa.training.aggregator.start import start_from_patchnet_map


def _stacks(count, *, seed):
    """Stacks whose lower right corner has a quality of its own, in a poor surrounding."""
    rng = np.random.default_rng(seed)
    stacks = rng.random((count, 48, 48, 3)).astype(np.float32)
    best = rng.uniform(0.4, 0.9, count).astype(np.float32)
    stacks[..., 2] = 0.2 + 0.02 * stacks[..., 2]
    stacks[:, 8:, 8:, 2] += (best - 0.2)[:, None, None]
    return stacks, best


@pytest.mark.slow
def test_scores_are_those_of_the_best_region():
    """On stacks that it never saw, with FISH and gray of noise, the ranks are the region's."""
    model = build_aggregator(seed=0)
    stacks, best = _stacks(40, seed=1)
    start_from_patchnet_map(model, stacks, best, batch_size=8)
    unseen, wanted = _stacks(16, seed=2)
    scores = np.asarray(model.predict_on_batch(unseen))[:, 0]
    assert spearmanr(scores, wanted)[0] > 0.95
    assert np.abs(scores - wanted).max() < 0.15
    momenta = {layer.momentum for layer in model.layers if hasattr(layer, "momentum")}
    assert momenta == {0.99}
    head = model.get_layer("quality_map").get_weights()[0].ravel()
    assert head[0] > 0 and not head[1:].any()
