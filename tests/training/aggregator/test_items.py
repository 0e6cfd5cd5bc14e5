"""Map stacks on disk: read as they were written, or matched to another Patchnet."""

from dataclasses import replace

import numpy as np
import pytest

from kiqa.training.aggregator.items import match_quantiles, read_stacks, stack_item


@pytest.fixture
def items(tmp_path):
    """Five stacks of one resolution and one of another; all values of stack i are i."""
    made = []
    for index, shape in enumerate([(40, 48)] * 5 + [(32, 32)]):
        path = tmp_path / f"{index}.npy"
        np.save(path, np.full((*shape, 3), index, np.float32))
        made.append(stack_item(path, index / 10, name=path.stem, content=path.stem))
    return made


def test_item_knows_its_resolution_from_the_header(items):
    """The shape is (rows, columns), without the channels."""
    assert [item.shape for item in items] == [(40, 48)] * 5 + [(32, 32)]


def test_stacks_are_read_as_they_were_written(items):
    """Values and order are those of the files."""
    stacks = read_stacks(items[3:5])
    assert stacks.shape == (2, 40, 48, 3)
    assert stacks.dtype == np.float32
    assert [stack[1, 1, 0] for stack in stacks] == [3, 4]


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
