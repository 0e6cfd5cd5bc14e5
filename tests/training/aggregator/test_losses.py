"""The loss of the aggregator equals its terms written out in NumPy."""

import numpy as np
import pytest

from kiqa.training.aggregator.losses import score_loss


def test_score_loss_is_the_squared_error():
    """Without a correlation term it is Keras's mean squared error."""
    target, predicted = np.float32([[0.2], [0.6]]), np.float32([[0.3], [0.4]])
    assert float(score_loss(0.0)(target, predicted)) == pytest.approx((0.01 + 0.04) / 2)


def test_score_loss_correlates_with_the_last_column():
    """With ranks beside the MOS, the error is of the MOS and the correlation of the ranks."""
    rng = np.random.default_rng(0)
    mos, ranks, predicted = rng.random((3, 20, 1)).astype(np.float32)
    squared = np.mean((predicted - mos) ** 2)
    for target, partner in ((mos, mos), (np.concatenate([mos, ranks], axis=1), ranks)):
        pearson = np.corrcoef(predicted[:, 0], partner[:, 0])[0, 1]
        found = float(score_loss(0.5)(target, predicted))
        assert found == pytest.approx(squared + 0.5 * (1 - pearson), abs=1e-4)
