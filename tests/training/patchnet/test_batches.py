"""The plan of an epoch: every patch once, seeded, the last batch smaller."""

import numpy as np

from kiqa.training.patchnet.batches import InstanceData, epoch_plan
from kiqa.training.runs.seeding import epoch_rng


def _data():
    x = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    y = np.arange(20, dtype=np.float32) / 20
    return InstanceData(
        x=x, y=y, train=np.arange(11), validation=np.arange(11, 15), test=np.arange(15, 20)
    )


def _made(**changed):
    options = {"batch_size": 4, "seed": 0, "place": (1, 0), "epoch": 0} | changed
    plan = epoch_plan(_data(), **options)
    return [plan.make(number) for number in range(len(plan))]


def test_every_training_patch_occurs_once_with_its_label():
    """Batches of four of eleven patches, in the order of the epoch's generator."""
    batches = _made()
    assert [x.shape for x, _ in batches] == [(4, 4, 4, 3), (4, 4, 4, 3), (3, 4, 4, 3)]
    numbers = np.concatenate([x[:, 0, 0, 0] for x, _ in batches])
    labels = np.concatenate([y for _, y in batches])
    assert labels.dtype == np.float32 and labels.shape == (11, 1)
    np.testing.assert_allclose(labels[:, 0], numbers / 20, rtol=1e-6)
    order = epoch_rng(0, 1, 0, epoch=0).permutation(np.arange(11))
    np.testing.assert_array_equal(numbers, order)


def test_the_order_depends_on_seed_place_and_epoch():
    """The same again; another one for each of the three."""
    (first, _), *_ = _made()
    np.testing.assert_array_equal(_made()[0][0], first)
    for changed in ({"seed": 1}, {"place": (1, 1)}, {"epoch": 1}):
        assert (_made(**changed)[0][0] != first).any()
