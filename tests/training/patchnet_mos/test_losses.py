"""The loss of pieces equals its terms written out in NumPy."""

import numpy as np
import pytest

from kiqa.training.patchnet_mos.losses import piece_loss

NAMES = ("image", "cell", "correlation", "distortion")
BATCH = {"images": 3, "pieces": 2, "copies": 2}


@pytest.fixture
def batch():
    """Three images of two pieces, one unrated piece, two distorted copies."""
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
def test_each_term_alone(batch, name):
    """With one weight of 2 the loss is twice that term."""
    target, predicted = batch
    loss = float(piece_loss(**BATCH, **{name: 2.0})(target, predicted))
    assert loss == pytest.approx(2 * terms(target, predicted)[name], rel=1e-4)


def test_terms_add_up(batch):
    """The loss is the weighted sum."""
    target, predicted = batch
    expected = terms(target, predicted)
    total = expected["image"] + 0.5 * expected["cell"]
    total += 0.1 * expected["correlation"] + 3 * expected["distortion"]
    loss = piece_loss(**BATCH, image=1.0, cell=0.5, correlation=0.1, distortion=3.0)
    assert float(loss(target, predicted)) == pytest.approx(total, rel=1e-4)


def test_constant_predictions_give_a_finite_loss(batch):
    """Correlation of a constant is undefined; the loss stays a number."""
    target, predicted = batch
    loss = piece_loss(**BATCH, image=1.0, cell=1.0, correlation=1.0, distortion=1.0)
    assert np.isfinite(float(loss(target, np.full_like(predicted, 0.5))))
