"""ROC-AUC of maps: an exact rank statistic with ties counted half."""

import numpy as np
import pytest

from kiqa.evaluation.roc import roc_auc, roc_curve


def _pairs(values, positive):
    """AUC by definition: the share of (good, bad) pairs in the right order."""
    difference = values[positive][:, None] - values[~positive][None]
    return np.mean((difference > 0) + 0.5 * (difference == 0))


def _random_map(seed, ties=True):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 6, (7, 9)).astype(float) if ties else rng.random((7, 9))
    positive = rng.random((7, 9)) < 0.4
    positive[0, :2] = True, False
    return values, positive


def test_perfect_inverted_and_constant_map():
    """A perfect map gives 1, its inverse 0, a constant 0.5."""
    positive = np.array([[True, False], [False, True]])
    assert roc_auc(positive.astype(float), positive) == 1.0
    assert roc_auc(-positive.astype(float), positive) == 0.0
    assert roc_auc(np.full((2, 2), 0.3), positive) == 0.5


def test_equals_pair_counting():
    """On 200 small maps with ties the rank formula equals counting pairs."""
    cases = [_random_map(seed) for seed in range(200)]
    np.testing.assert_allclose(
        [roc_auc(*case) for case in cases], [_pairs(*case) for case in cases], atol=1e-12
    )


@pytest.mark.parametrize("transform", [np.exp, lambda v: 3 * v - 7, lambda v: v**3])
def test_unchanged_by_increasing_transforms(transform):
    """AUC sees ranks only."""
    values, positive = _random_map(3)
    assert roc_auc(transform(values), positive) == roc_auc(values, positive)


def test_cells_outside_the_validity_mask_do_not_matter():
    """NaN in excluded cells changes nothing."""
    values, positive = _random_map(1)
    valid = np.ones_like(positive)
    valid[2:4] = False
    expected = _pairs(values[valid], positive[valid])
    values[~valid] = np.nan
    assert roc_auc(values, positive, valid=valid) == pytest.approx(expected)


@pytest.mark.parametrize("good, counts", [(True, "4 positive and 0"), (False, "0 positive and 4")])
def test_one_class_is_refused_with_counts(good, counts):
    """A mask with one class is refused and the message counts both."""
    with pytest.raises(ValueError, match=counts):
        roc_auc(np.arange(4.0), np.full(4, good))


def test_different_sizes_are_refused():
    """Map and mask of different size are refused, not resized."""
    with pytest.raises(ValueError, match=r"\(4, 4\), \(8, 8\)"):
        roc_auc(np.zeros((4, 4)), np.zeros((8, 8), bool))


def test_numbers_as_mask_are_refused():
    """A mask of numbers is refused: which of them are good is not said."""
    with pytest.raises(ValueError, match="Boolean masks, received int64"):
        roc_auc(np.arange(4.0), np.array([0, 1, 1, 0], dtype=np.int64))


def test_nan_is_refused():
    """A NaN in a valid cell is refused, not ranked."""
    with pytest.raises(ValueError, match="1 of 3"):
        roc_auc([1, np.nan, 2], np.array([True, False, True]))


def test_golden():
    """A stored 16x16 map and mask give the stored value."""
    rows, columns = np.mgrid[:16, :16]
    values = ((rows * 7 + columns * 3) % 11).astype(float)
    positive = (rows - 5) ** 2 + (columns - 9) ** 2 < 30
    # Counted once over all 97 x 159 pairs with exact fractions: 7865 / 15423.
    assert positive.sum() == 97
    assert roc_auc(values, positive) == pytest.approx(0.509953, abs=1e-6)


def test_curve_area_is_the_auc():
    """The trapezoids under the curve sum to the rank statistic, ties included."""
    for seed in range(20):
        values, positive = _random_map(seed)
        false, true, _ = roc_curve(values, positive)
        assert np.trapezoid(true, false) == pytest.approx(roc_auc(values, positive), abs=1e-12)


def test_curve_points_are_the_rates_at_their_thresholds():
    """Each point equals the rates counted at its threshold, from (0, 0) to (1, 1)."""
    values, positive = _random_map(2)
    false, true, thresholds = roc_curve(values, positive)
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    np.testing.assert_allclose(true, [np.mean(values[positive] >= t) for t in thresholds])
    np.testing.assert_allclose(false, [np.mean(values[~positive] >= t) for t in thresholds])
