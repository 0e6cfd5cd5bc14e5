"""Batches of map stacks: one resolution each, every stack once, random by the generator alone."""

import numpy as np
import pytest

from kiqa.data.pipeline import epoch_dataset
from kiqa.training.aggregator.batches import _of_one_size, epoch_plan, plan_batches
from kiqa.training.aggregator.items import stack_item


@pytest.fixture
def items(tmp_path):
    """Seven stacks of two resolutions; all values of stack i are i, apart from a corner."""
    made = []
    for index, shape in enumerate([(40, 48)] * 5 + [(32, 32)] * 2):
        stack = np.full((*shape, 3), index, np.float32)
        stack[0, 0] = 100
        np.save(tmp_path / f"{index}.npy", stack)
        path = tmp_path / f"{index}.npy"
        made.append(stack_item(path, index / 10, name=path.stem, content=path.stem))
    return made


def _plan(items, *, targets=True, **changed):
    options = {"batch_size": 3, "flip": False, "crop": 1.0, "noise": 0.0, "seed": 0, "epoch": 0}
    rated = np.array([[item.target] for item in items]) if targets else None
    return epoch_plan(items, rated, **options | changed)


def _batches(items, **changed):
    plan = _plan(items, **changed)
    return [plan.make(number) for number in range(len(plan))]


def test_a_plan_holds_every_stack_once_and_one_resolution_a_batch(items):
    """Batches of 3 + 2 and 2 for five and two stacks, in order without a generator."""
    shapes = [item.shape for item in items]
    assert [list(batch) for batch in plan_batches(shapes, batch_size=3, rng=None)] == [
        [0, 1, 2],
        [3, 4],
        [5, 6],
    ]
    shuffled = plan_batches(shapes, batch_size=3, rng=np.random.default_rng(1))
    assert sorted(np.concatenate(shuffled)) == list(range(7))
    assert all(len({shapes[i] for i in batch}) == 1 for batch in shuffled)


@pytest.fixture
def copied(tmp_path):
    """Twelve stacks of one resolution, and of each one of a copy, of a resolution of its own."""
    made = []
    for index in range(12):
        for name, shape in ((f"{index}", (48, 56)), (f"{index} (history 1)", (33 + index, 40))):
            path = tmp_path / f"{name}.npy"
            np.save(path, np.full((*shape, 3), index, np.float32))
            made.append(stack_item(path, index / 10, name=name, content=f"{index}"))
    return made


def test_copies_are_mixed_with_images_as_published(copied):
    """Most batches hold both; nothing is left out, and each target stays with its stack."""
    plan = _plan(copied, batch_size=4)
    assert sorted(np.concatenate(plan.order)) == list(range(24))
    kinds = [{index % 2 for index in batch} for batch in plan.order]
    assert sum(len(kind) == 2 for kind in kinds) > len(kinds) / 2
    for number, batch in enumerate(plan.order):
        stacks, targets = plan.make(number)
        heights = sorted(copied[index].shape[0] for index in batch)
        assert stacks.shape[1] == max(32, heights[2] // 8 * 8) and stacks.shape[2] in (40, 56)
        np.testing.assert_array_equal(stacks[..., 0], np.broadcast_to(
            10 * targets[:, :, None], stacks.shape[:3]).round().astype(np.float32))  # fmt: skip


def test_a_mixed_batch_crops_and_reflects_at_random():
    """No value that the stack does not have; the place differs with the generator."""
    small, large = (
        np.arange(rows * 40, dtype=np.float32).reshape(rows, 40, 1) for rows in (33, 48)
    )
    seen = set()
    for seed in range(6):
        one, other = _of_one_size([small, large], np.random.default_rng(seed))
        assert one.shape == other.shape == (48, 40, 1)
        assert set(one.ravel()) == set(small.ravel())
        np.testing.assert_array_equal(other, large)
        cropped = _of_one_size([small, small, large], np.random.default_rng(seed))[2]
        assert cropped.shape == (32, 40, 1)
        np.testing.assert_array_equal(np.diff(cropped[:, 0, 0]), 40)
        seen.add((float(one[0, 0, 0]), float(cropped[0, 0, 0])))
    assert len({one for one, _ in seen}) > 1 and len({crop for _, crop in seen}) > 1


def test_targets_belong_to_their_stacks(items):
    """Each stack's values are its index, each target a tenth of it."""
    batches = _batches(items)
    assert sum(len(stacks) for stacks, _ in batches) == 7
    for stacks, targets in batches:
        np.testing.assert_allclose(stacks[:, 1, 1, 0] / 10, targets[:, 0], atol=1e-7)


def test_seed_epoch_and_batch_alone_decide(items):
    """The same seed gives the same batches, made in any order; another one another order."""
    options = {"flip": True, "crop": 0.6, "noise": 0.2}
    first, again, other = (_batches(items, seed=seed, **options) for seed in (5, 5, 6))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert any(
        a[0].shape != b[0].shape or not np.array_equal(a[0], b[0])
        for a, b in zip(first, other, strict=True)
    )
    np.testing.assert_array_equal(_plan(items, seed=5, **options).make(2)[0], first[2][0])


def test_flips_only_mirror(items):
    """The marked corner is found in every corner, and nothing else changes."""
    corners = set()
    for seed in range(12):
        for stacks, _ in _batches(items, flip=True, seed=seed):
            for stack in stacks:
                assert np.sum(stack[..., 0] == 100) == 1
                corners |= {
                    (row, column)
                    for row in (0, -1)
                    for column in (0, -1)
                    if stack[row, column, 0] == 100
                }
    assert len(corners) == 4


def test_crops_have_few_sizes_and_keep_the_least_part(items):
    """Sides are multiples of eight cells, from the least part of the side on, but 32 at least."""
    sizes = set()
    for seed in range(12):
        for stacks, targets in _batches(items[:5], crop=0.6, seed=seed):
            sizes.add(stacks.shape[1:3])
            assert len(targets) == len(stacks)
    assert {rows for rows, _ in sizes} == {32, 40}
    assert {columns for _, columns in sizes} == {32, 40, 48}


def test_noise_multiplies_whole_channels(items):
    """A channel of a stack stays constant, within the width that was asked for."""
    for stacks, targets in _batches(items[1:5], noise=0.1):
        ratio = stacks[:, 1:, 1:] / (targets[:, :, None, None] * 10)
        assert np.ptp(ratio, axis=(1, 2)).max() < 1e-5
        assert 0.9 <= ratio.min() < ratio.max() <= 1.1
        assert np.ptp(ratio[:, 0, 0], axis=1).min() > 0


def test_a_single_left_over_stack_is_left_out(items):
    """Batch normalisation and correlations need two stacks a batch."""
    assert [len(stacks) for stacks, _ in _batches(items[:4], seed=3)] == [3]


def test_pretext_targets_are_of_the_augmented_stacks(items):
    """The 95th percentile of each Patchnet channel after crop and noise."""
    for stacks, targets in _batches(items, crop=0.6, noise=0.3, targets=False):
        expected = [np.percentile(stack[..., 2], 95) for stack in stacks]
        np.testing.assert_allclose(targets[:, 0], expected, rtol=1e-6)


def test_a_pipeline_reads_batches_ahead_as_planned(items):
    """tf.data gives the plan's batches in its order, of several resolutions."""
    plan = _plan(items, flip=True, crop=0.6)
    for (stacks, targets), wanted in zip(
        epoch_dataset(plan), _batches(items, flip=True, crop=0.6), strict=True
    ):
        np.testing.assert_array_equal(stacks, wanted[0])
        np.testing.assert_array_equal(targets, wanted[1])
