"""The loss of pieces equals its terms written out in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from kiqa.training.aggregator.losses import score_loss
from kiqa.training.paq2piq.losses import region_loss
from kiqa.training.patchnet_mos.losses import piece_loss
from kiqa.training.patchnet_mos.settings import LossWeights

NAMES = ("image", "cell", "correlation", "distortion")


@pytest.fixture
def step():
    """Three photographs of two pieces, one unrated piece, two distorted copies."""
    rng = np.random.default_rng(0)
    target = np.repeat([0.2, 0.5, 0.9], 2)[:, None, None, None] * np.ones((6, 3, 3, 1))
    left = rng.random((3, 3, 3, 1))  # the first: the assumed quality of the unrated piece
    predicted = rng.random((9, 3, 3, 1))
    return np.concatenate([target, left]).astype(np.float32), predicted.astype(np.float32)


def terms(target, predicted):
    """The four terms, one by one."""
    means = [predicted[2 * i : 2 * i + 2].mean() for i in range(3)]
    mos = [0.2, 0.5, 0.9]
    return {
        "image": np.mean([(a - b) ** 2 for a, b in zip(means, mos, strict=True)]),
        "cell": np.mean((predicted[:7] - target[:7]) ** 2),
        "correlation": 1 - np.corrcoef(means, mos)[0, 1],
        "distortion": np.mean((predicted[7:] - target[7:]) ** 2),
    }


@pytest.mark.parametrize("name", NAMES)
def test_each_term_alone(step, name):
    """With one weight of 2 the loss is twice that term."""
    target, predicted = step
    weights = LossWeights(**{**dict.fromkeys(NAMES, 0.0), name: 2.0})
    loss = float(piece_loss(weights, photographs=3, pieces=2, copies=2)(target, predicted))
    assert loss == pytest.approx(2 * terms(target, predicted)[name], rel=1e-4)


def test_terms_add_up(step):
    """The loss is the weighted sum."""
    target, predicted = step
    weights = LossWeights(image=1.0, cell=0.5, correlation=0.1, distortion=3.0)
    expected = terms(target, predicted)
    total = expected["image"] + 0.5 * expected["cell"]
    total += 0.1 * expected["correlation"] + 3 * expected["distortion"]
    loss = float(piece_loss(weights, photographs=3, pieces=2, copies=2)(target, predicted))
    assert loss == pytest.approx(total, rel=1e-4)


def test_constant_predictions_give_a_finite_loss(step):
    """Correlation of a constant is undefined; the loss stays a number."""
    target, predicted = step
    weights = LossWeights(correlation=1.0)
    loss = piece_loss(weights, photographs=3, pieces=2, copies=2)(
        target, np.full_like(predicted, 0.5)
    )
    assert np.isfinite(float(loss))


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
    """One minus Pearson's coefficient of the pictures' scores."""
    rng = np.random.default_rng(0)
    target, predicted = (rng.uniform(0, 100, (9, 2)).astype(np.float32) for _ in range(2))
    more = float(region_loss(correlation=7.0)(target, predicted) - region_loss()(target, predicted))
    expected = 7 * (1 - np.corrcoef(target[:, 0], predicted[:, 0])[0, 1])
    assert more == pytest.approx(expected, rel=1e-3)
