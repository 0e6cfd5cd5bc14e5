"""The loss of PaQ-2-PiQ equals its terms written out in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from kiqa.training.paq2piq.losses import region_loss


def test_region_loss_is_the_mean_over_known_targets():
    """Targets that are not finite count nothing, also not in the gradient; patches are weighted."""
    target = np.array([[50, 40, np.nan], [60, np.nan, np.nan]], np.float32)
    predicted = tf.Variable([[51.0, 44, 7], [57, 9, 9]])
    assert float(region_loss()(target, predicted)) == pytest.approx((1 + 16 + 9) / 3)
    with tf.GradientTape() as tape:
        loss = region_loss(patch=0.5)(target, predicted)
    assert float(loss) == pytest.approx((1 + 0.5 * 16 + 9) / 2.5)
    gradient = tape.gradient(loss, predicted).numpy()
    np.testing.assert_allclose(gradient * 2.5, [[2, 4, 0], [-6, 0, 0]], rtol=1e-6)


def test_region_loss_can_ask_for_correlation():
    """One minus Pearson's coefficient of the images' scores."""
    rng = np.random.default_rng(0)
    target, predicted = (rng.uniform(0, 100, (9, 2)).astype(np.float32) for _ in range(2))
    more = float(region_loss(correlation=7.0)(target, predicted) - region_loss()(target, predicted))
    expected = 7 * (1 - np.corrcoef(target[:, 0], predicted[:, 0])[0, 1])
    assert more == pytest.approx(expected, rel=1e-3)
