"""Batches of map stacks: one resolution each, every stack once, random by the generator alone."""

from dataclasses import replace

import numpy as np
import pytest

from kiqa.training.aggregator.batches import (
    match_quantiles,
    plan_batches,
    read_stacks,
    stack_item,
    training_batches,
)


@pytest.fixture
def items(tmp_path):
    """Seven stacks of two resolutions; all values of stack i are i, apart from a corner."""
    made = []
    for index, shape in enumerate([(40, 48)] * 5 + [(32, 32)] * 2):
        stack = np.full((*shape, 3), index, np.float32)
        stack[0, 0] = 100
        np.save(tmp_path / f"{index}.npy", stack)
        made.append(stack_item(tmp_path / f"{index}.npy", index / 10))
    return made


def _batches(items, **changed):
    options = {
        "batch_size": 3,
        "flip": False,
        "crop": 1.0,
        "noise": 0.0,
        "pretext": False,
        "seed": 0,
    } | changed
    rng = np.random.default_rng(options.pop("seed"))
    return list(training_batches(items, **options, rng=rng))


def test_item_knows_its_resolution_from_the_header(items):
    """The shape is (rows, columns), without the channels."""
    assert [item.shape for item in items] == [(40, 48)] * 5 + [(32, 32)] * 2


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


def test_stacks_are_read_as_they_were_written(items):
    """Values and order are those of the files."""
    stacks = read_stacks(items[3:5])
    assert stacks.shape == (2, 40, 48, 3)
    assert stacks.dtype == np.float32
    assert [stack[1, 1, 0] for stack in stacks] == [3, 4]


def test_targets_belong_to_their_stacks(items):
    """Each stack's values are its index, each target a tenth of it."""
    batches = _batches(items)
    assert sum(len(stacks) for stacks, _ in batches) == 7
    for stacks, targets in batches:
        np.testing.assert_allclose(stacks[:, 1, 1, 0] / 10, targets[:, 0], atol=1e-7)


def test_the_generator_alone_decides(items):
    """The same seed gives the same batches; another one another order."""
    options = {"flip": True, "crop": 0.6, "noise": 0.2}
    first, again, other = (_batches(items, seed=seed, **options) for seed in (5, 5, 6))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert any(
        a[0].shape != b[0].shape or not np.array_equal(a[0], b[0])
        for a, b in zip(first, other, strict=True)
    )


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
    """Sides are multiples of eight cells, from the least part of the side on."""
    sizes = set()
    for seed in range(12):
        for stacks, targets in _batches(items[:5], crop=0.6, seed=seed):
            sizes.add(stacks.shape[1:3])
            assert len(targets) == len(stacks)
    assert {rows for rows, _ in sizes} == {24, 32, 40}
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


def test_pretext_targets_are_of_what_is_yielded(items):
    """The 95th percentile of each Patchnet channel after crop and noise."""
    for stacks, targets in _batches(items, crop=0.6, noise=0.3, pretext=True):
        expected = [np.percentile(stack[..., 2], 95) for stack in stacks]
        np.testing.assert_allclose(targets[:, 0], expected, rtol=1e-6)


def test_matched_networks_have_equal_values(items):
    """A network that is a rising function of another one is read as that other one."""
    rng = np.random.default_rng(0)
    others = rng.beta(2, 3, 50_000)
    matching = match_quantiles(np.sqrt(others) / 2, others)
    np.testing.assert_allclose(
        np.interp(np.sqrt([0.2, 0.4, 0.6]) / 2, matching.values, matching.matched),
        [0.2, 0.4, 0.6],
        atol=2e-3,
    )
    item = replace(items[3], matching=match_quantiles(np.arange(10.0), np.arange(10.0) / 2))
    plain, matched = read_stacks([items[3]]), read_stacks([item])
    np.testing.assert_array_equal(plain[..., :2], matched[..., :2])
    np.testing.assert_allclose(matched[0, 1:, 1:, 2], 1.5, atol=1e-6)


def test_a_floor_is_matched_to_the_mean_below_it():
    """Where a network has one value for the worse half, it gets the mean of their quantiles."""
    others = np.linspace(0, 1, 10_001)
    matching = match_quantiles(np.maximum(others, 0.5), others)
    assert np.all(np.diff(matching.values) > 0)
    assert matching.matched[0] == pytest.approx(0.25, abs=0.01)
    assert np.interp(0.9, matching.values, matching.matched) == pytest.approx(0.9, abs=1e-6)
