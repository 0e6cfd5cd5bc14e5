"""Batches of lite's fine-tuning: what is in them, and with which targets."""

import numpy as np
import pytest

from kiqa.training.lite import batches
from kiqa.training.lite.batches import epoch_plan
from kiqa.training.lite.versions import FeatureSet

SCORES, COPY_SCORES = np.arange(10) / 10, np.array([0.01, 0.02, 0.03])


def _features(count, mark):
    """Maps that say which set and which image they are of."""
    maps = np.zeros((count, 1, 1, 2), np.float16)
    maps[..., 0], maps[..., 1] = mark, np.arange(count)[:, None, None]
    return FeatureSet(maps, np.tile(np.arange(count, dtype=np.float32)[:, None], (1, 4)))


@pytest.fixture
def plan(monkeypatch):
    """The plan of an epoch with two versions, and copies marked 9."""
    monkeypatch.setattr(
        batches, "as_inputs", lambda model, averages, early: np.split(averages, 2, axis=1)
    )

    def make(epoch, **changes):
        options = {"copy_weight": 0.25, "batch_size": 4, "degraded": 1, "seed": 3} | changes
        versions, copies = [_features(10, 0), _features(10, 1)], _features(3, 9)
        return epoch_plan(None, versions, SCORES, copies, COPY_SCORES, epoch=epoch, **options)

    return make


def _rows(plan):
    """Mark, place, score and weight of each row, batch by batch."""
    found = []
    for number in range(len(plan)):
        (maps, *early), targets = plan.make(number)
        np.testing.assert_array_equal(early[0][:, 0], maps[:, 0, 0, 1])
        found.append(np.concatenate([maps[:, 0, 0], targets], axis=1))
    return found


def test_each_image_comes_once_in_some_version_with_its_score(plan):
    """And in each batch as many degraded ones, all in turn, with theirs and their weight."""
    rows = _rows(plan(0))
    assert [len(batch) for batch in rows] == [4, 4, 4, 2]
    for batch in rows:
        copies = batch[batch[:, 0] == 9]
        assert len(copies) == 1 and copies[0, 3] == 0.25
        assert copies[0, 2] == np.float32(COPY_SCORES[int(copies[0, 1])])
    every = np.concatenate(rows)
    images = every[every[:, 0] != 9]
    assert sorted(images[:, 1]) == list(range(10)) and set(images[:, 0]) == {0, 1}
    np.testing.assert_allclose(images[:, 2], SCORES[images[:, 1].astype(int)], atol=1e-6)
    assert (images[:, 3] == 1).all()
    assert set(every[every[:, 0] == 9][:3, 1]) == {0, 1, 2}


def test_epochs_differ_and_follow_from_the_seed(plan):
    """The same rows for the same seed and epoch."""
    first, again, other = (np.concatenate(_rows(plan(epoch))) for epoch in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, np.concatenate(_rows(plan(0, seed=4))))


def test_without_degraded_ones_batches_are_of_images(plan):
    """As many as a batch holds."""
    rows = _rows(plan(0, degraded=0))
    assert [len(batch) for batch in rows] == [4, 4, 2]
    assert (np.concatenate(rows)[:, 0] != 9).all()
