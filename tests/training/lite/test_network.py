"""The loss of lite's trainings: weighted error, and weighted correlation."""

import numpy as np
import pytest
import tensorflow as tf

from kiqa.training.lite.network import _loss


@pytest.mark.parametrize("weights", [[1, 1, 1, 1], [1, 1, 0.1, 0.1], [1, 1, 1, 0]])
def test_loss_is_the_weighted_error_and_correlation(weights):
    """Of any mean weight; a weight of nothing leaves its row out."""
    wanted, found = np.array([0.1, 0.4, 0.9, 0.3]), np.array([0.2, 0.3, 0.7, 0.8])
    target = np.stack([wanted, weights], axis=1).astype(np.float32)
    loss = _loss(3.0, 0.5)(target, found[:, None].astype(np.float32))
    error = np.average((wanted - found) ** 2, weights=weights)
    covariance = np.cov(wanted, found, aweights=weights, ddof=0)
    correlation = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert float(loss) == pytest.approx(3 * error + 0.5 * (1 - correlation), abs=1e-4)
    if 0 not in weights:
        return
    fewer = _loss(3.0, 0.5)(target[:3], found[:3, None].astype(np.float32))
    assert float(loss) == pytest.approx(float(fewer), abs=1e-4)


def test_a_batch_of_equal_scores_has_a_finite_gradient():
    """Also where XLA compiles the step, as on a GPU: only the error is left to learn from."""
    wanted = np.stack([np.full(4, 0.5), [1, 1, 0.1, 0.1]], axis=1).astype(np.float32)
    found = tf.Variable(np.linspace(0, 1, 4, dtype=np.float32)[:, None])

    @tf.function(jit_compile=True)
    def gradient(correlation_loss):
        with tf.GradientTape() as tape:
            loss = _loss(3.0, correlation_loss)(wanted, found)
        return tape.gradient(loss, found)

    np.testing.assert_allclose(gradient(0.5), gradient(0.0), rtol=1e-5)
