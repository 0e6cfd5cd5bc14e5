"""Importance: any map, mask or fixations as one array, and its upper part."""

import numpy as np
import pytest

from kiqa.io.map_files import QualityMap
from kiqa.varjpeg.importance import FixationPoints, importance_of, pruned


def quality_map(values, *, higher=True, stride=1, offset=2.0):
    """A map of a 10x12 image."""
    return QualityMap(
        np.asarray(values, np.float32), stride, offset, (10, 12), higher_is_better=higher
    )


def test_a_quality_map_is_padded_with_zeros():
    """A map on 0..1 lies in zeros, as in the thesis, although its own least is above zero."""
    values = np.random.default_rng(0).uniform(0.3, 0.9, (6, 8))
    found = importance_of(quality_map(values), (10, 12))
    expected = np.zeros((10, 12), np.float32)
    expected[2:8, 2:10] = values
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32


def test_negative_values_are_padded_with_the_least():
    """Nothing outside the map is better than its worst cell."""
    values = np.linspace(-3, 2, 48).reshape(6, 8)
    found = importance_of(quality_map(values), (10, 12))
    np.testing.assert_allclose(found[2:8, 2:10], values, atol=1e-6)
    assert found[0, 0] == found[9, 11] == np.float32(-3) == found.min()


def test_a_map_whose_lower_values_are_better_is_turned_round():
    """A distortion map: the least distorted pixels are the most important; padding is the worst."""
    values = np.random.default_rng(1).uniform(1, 5, (6, 8)).astype(np.float32)
    found = importance_of(quality_map(values, higher=False), (10, 12))
    np.testing.assert_allclose(found[2:8, 2:10], -values, atol=1e-6)
    assert found[0, 0] == -values.max()
    best = np.unravel_index(np.argmax(found), found.shape)
    assert (best[0] - 2, best[1] - 2) == np.unravel_index(np.argmin(values), values.shape)


def test_both_directions_keep_the_same_pixels():
    """Turning the values and the flag round changes nothing."""
    values = np.random.default_rng(2).normal(0, 1, (6, 8))
    up = pruned(importance_of(quality_map(values), (10, 12)), percentile=80)
    down = pruned(importance_of(quality_map(-values, higher=False), (10, 12)), percentile=80)
    np.testing.assert_array_equal(up, down)


def test_a_coarse_map_fills_its_strides():
    """Each cell of a map at stride 4 covers 4x4 pixels."""
    found = importance_of(quality_map([[1, 2]], stride=4, offset=3.5), (10, 12))
    assert found[2:6, 2:6].tolist() == [[1] * 4] * 4 and found[2:6, 6:10].tolist() == [[2] * 4] * 4
    assert found.sum() == 48


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int16, np.uint8])
def test_numbers_stay_as_they_are(kind):
    """Saliency of any kind of numbers becomes float32."""
    values = np.random.default_rng(3).integers(0, 100, (10, 12)).astype(kind)
    found = importance_of(values, (10, 12))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, values)


def test_a_mask_is_not_pruned():
    """What a mask marks is kept, however much it is."""
    mask = np.random.default_rng(4).random((10, 12)) < 0.7
    found = importance_of(mask, (10, 12))
    assert found.dtype == bool
    np.testing.assert_array_equal(pruned(found), mask)


def test_fixations_become_a_mask():
    """Each point once, repeated ones too."""
    points = FixationPoints(np.array([0, 9, 9]), np.array([11, 0, 0]))
    found = importance_of(points, (10, 12))
    assert np.argwhere(found).tolist() == [[0, 11], [9, 0]] and found.dtype == bool
    none = FixationPoints(np.array([], int), np.array([], int))
    assert not importance_of(none, (10, 12)).any()


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([10], [0]),
        ([0], [12]),
        ([-1], [0]),
        ([0, 1], [0]),
        ([0.5], [1.0]),
        ([[0]], [[0]]),
    ],
)
def test_fixations_outside_are_refused(rows, columns):
    """Outside, of unequal number, or no whole numbers."""
    with pytest.raises(ValueError, match=r"rows in 0\.\.9 and columns in 0\.\.11 .* Drop"):
        importance_of(FixationPoints(np.array(rows), np.array(columns)), (10, 12))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((12, 10)),
        np.zeros((10, 12, 3)),
        np.full((10, 12), np.nan),
        np.full((10, 12), -np.inf),
        np.zeros((10, 12), complex),
        np.full((10, 12), "a"),
        np.full((10, 12), None),
        np.zeros(0),
    ],
)
def test_arrays_that_do_not_fit_are_refused(array):
    """Wrong shape or kind, or values that are not finite."""
    with pytest.raises(ValueError, match=r"shape \(10, 12\), one for each pixel .* received"):
        importance_of(array, (10, 12))


def test_a_map_of_another_image_is_refused():
    """The message has both sizes, width first."""
    with pytest.raises(ValueError, match="image of 13x10 pixels, received one of 12x10"):
        importance_of(quality_map(np.zeros((6, 8))), (10, 13))


@pytest.mark.parametrize("higher", [True, False])
def test_a_map_that_is_not_finite_is_refused(higher):
    """By the map itself; the message counts the values."""
    values = np.zeros((6, 8))
    values[0, :2] = np.nan, np.inf
    with pytest.raises(ValueError, match="values of which 2 not finite"):
        importance_of(quality_map(values, higher=higher), (10, 12))


def test_a_tenth_is_kept():
    """All values different: exactly those above the 90th percentile."""
    values = np.random.default_rng(5).permutation(10000).reshape(100, 100).astype(np.float32)
    kept = pruned(values)
    assert kept.sum() == 1000
    assert values[kept].min() > values[~kept].max()


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_ties_never_keep_more(share):
    """Two values only: the upper ones are kept if they are at most a tenth, else nothing is."""
    values = np.zeros(1000, np.float32)
    values[: int(1000 * share)] = 1
    kept = pruned(values.reshape(20, 50))
    assert kept.sum() == (50 if share < 0.1 else 0)


def test_a_flat_map_keeps_nothing():
    """No pixel is better than another."""
    for value in (0.0, 0.7, -3.0):
        assert not pruned(np.full((9, 9), value, np.float32)).any()
    assert not pruned(np.zeros((1, 1), np.float32)).any()


@pytest.mark.parametrize("percentile", [0, 37.5, 90, 99.9, 100])
def test_pruning_is_the_percentile(percentile):
    """Strictly above NumPy's percentile, which is interpolated; nothing is above the 100th."""
    values = np.random.default_rng(6).normal(0, 1, (30, 31)).astype(np.float32)
    kept = pruned(values, percentile=percentile)
    np.testing.assert_array_equal(kept, values > np.percentile(values, percentile))
    assert kept.sum() <= np.ceil(values.size * (100 - percentile) / 100)


@pytest.mark.parametrize("percentile", [-1, 100.5, float("nan")])
def test_other_percentiles_are_refused(percentile):
    """The message says what the thesis uses."""
    with pytest.raises(ValueError, match=r"percentile in 0\.\.100, received .* uses 90\."):
        pruned(np.zeros((4, 4), np.float32), percentile=percentile)


@pytest.mark.parametrize("higher", [True, False])
def test_a_map_of_blocks_fills_its_blocks(higher):
    """Maps of lite and PaQ-2-PiQ have edges instead of a stride."""
    values = np.array([[1, 2], [3, 4]], np.float32)
    edges = {"row_edges": np.array([0, 4, 10]), "column_edges": np.array([0, 7, 12])}
    blocks = QualityMap(
        values if higher else -values, 0, 0.0, (10, 12), higher_is_better=higher, **edges
    )
    expected = np.repeat(np.repeat(values, [4, 6], axis=0), [7, 5], axis=1)
    np.testing.assert_allclose(importance_of(blocks, (10, 12)), expected, atol=1e-6)
