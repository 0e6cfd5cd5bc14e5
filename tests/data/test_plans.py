"""Plans of epochs: the order of the stages, generators of single batches, remainders."""

import numpy as np
import pytest

from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled


def _plan(calls, *, augment=True):
    """Four samples in two batches; each stage notes its call."""

    def read(index):
        calls.append(("read", index))
        return float(index)

    def scaled(sample, rng):
        calls.append(("augment", sample))
        return sample + rng.random()

    def batch(samples, chosen, rng):
        calls.append(("batch", tuple(chosen)))
        return np.array(samples) + 10 * rng.random(), chosen

    return EpochPlan(
        order=[np.array([2, 0]), np.array([3, 1])],
        read=read,
        augment=scaled if augment else None,
        batch=batch,
        signature=(ArraySpec("float64", (None,)), ArraySpec("int64", (None,))),
        generator=lambda number: np.random.default_rng(number),
    )


def test_stages_come_in_their_order():
    """Each sample is read, then augmented; then the batch is made."""
    calls = []
    _plan(calls).make(0)
    assert [name for name, _ in calls] == ["read", "augment", "read", "augment", "batch"]
    assert calls[0] == ("read", 2) and calls[-1] == ("batch", (2, 0))


def test_a_batch_can_be_made_again_alone():
    """Its numbers follow from its own generator, not from the batches before it."""
    plan = _plan([])
    first, again = plan.make(1)[0], plan.make(1)[0]
    rng = np.random.default_rng(1)
    expected = np.array([3 + rng.random(), 1 + rng.random()]) + 10 * rng.random()
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, expected)


def test_without_augmentation_samples_stay():
    """The batch gets what was read."""
    values, chosen = _plan([], augment=False).make(0)
    assert values - values[1] == pytest.approx([2.0, 0.0])
    assert chosen.tolist() == [2, 0] and len(_plan([])) == 2


def test_orders_are_permutations_of_their_seed():
    """Every index once; another generator, another order."""
    one, again, other = (shuffled(50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert sorted(one) == list(range(50))
    assert (one == again).all() and (one != other).any()


@pytest.mark.parametrize(
    ("options", "sizes"),
    [({}, [4, 4, 2]), ({"whole": True}, [4, 4])],
)
def test_remainders(options, sizes):
    """A last batch with fewer samples stays, unless whole batches are asked for."""
    batches = in_batches(np.arange(10), 4, **options)
    assert [len(batch) for batch in batches] == sizes
    assert np.concatenate(batches).tolist() == list(range(sum(sizes)))
