"""AUC by threshold of the ground truth, and the statistics over images."""

import numpy as np
import pytest

from kiqa.data.smoothing import blur_map
from kiqa.evaluation.local.auc import (
    THRESHOLDS,
    above,
    auc_rows,
    balanced_threshold,
    prediction_map,
    threshold_aucs,
)
from kiqa.io.map_files import QualityMap


def _pairs(values, positive):
    """AUC by definition: the share of (good, bad) pairs in the right order."""
    difference = values[positive][:, None] - values[~positive][None]
    return np.mean((difference > 0) + 0.5 * (difference == 0))


def _map(values, size=(72, 88), stride=8, offset=31.5, **details):
    return QualityMap(np.asarray(values, np.float32), stride, offset, size, **details)


def _random_map(size=(72, 88), **details):
    values = np.random.default_rng(1).random(((size[0] - 64) // 8 + 1, (size[1] - 64) // 8 + 1))
    return _map(values, size, **details)


def test_example_by_hand():
    """Six pixels with a tie and a vote share that equals a threshold, counted by hand."""
    prediction = np.array([[0.1, 0.4, 0.4], [0.8, 0.2, 0.9]])
    truth = np.array([[0.0, 0.1, 0.3], [0.3, 0.0, 0.8]])
    # t_G = 0: good 0.4 0.4 0.8 0.9, bad 0.1 0.2: all 8 pairs right.
    # t_G = 0.1: good 0.4 0.8 0.9, bad 0.1 0.4 0.2: 2.5 + 3 + 3 of 9.
    # t_G = 0.3: good 0.9 alone (0.3 is not above 0.3). t_G = 0.8: nothing is above.
    aucs = threshold_aucs(prediction, truth, thresholds=(0.0, 0.1, 0.3, 0.8))
    np.testing.assert_allclose(aucs, [1, 8.5 / 9, 1, np.nan])


@pytest.mark.parametrize("seed", range(20))
def test_equals_pair_counting_at_every_threshold(seed):
    """Small maps with ties: the shared ranks give the share of pairs, NaN without pairs."""
    rng = np.random.default_rng(seed)
    truth = (rng.integers(0, 11, (7, 9)) / 10).astype(np.float32)
    prediction = rng.integers(0, 6, (7, 9)).astype(np.float32)
    masks = [above(truth, threshold) for threshold in THRESHOLDS]
    expected = [_pairs(prediction, mask) if 0 < mask.mean() < 1 else np.nan for mask in masks]
    np.testing.assert_allclose(threshold_aucs(prediction, truth), expected, atol=1e-12)


def test_default_thresholds_are_those_of_the_thesis():
    """Nine thresholds, 0 to 0.8 (Fig. 11)."""
    assert THRESHOLDS == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def test_share_equal_to_a_threshold_is_not_above_it():
    """Of 10 participants k marked all: above 0, 0.1 .. up to but not at k / 10."""
    for count in range(11):
        share = np.array([count / 10], np.float32)
        assert sum(above(share, t)[0] for t in THRESHOLDS) == min(count, 9)


def test_perfect_inverted_and_one_class():
    """The truth itself gives 1, its negative 0, and a truth of one class NaN."""
    truth = np.linspace(0.05, 0.75, 60).reshape(6, 10)
    expected = np.where((np.array(THRESHOLDS) < 0.05) | (np.array(THRESHOLDS) > 0.75), np.nan, 1)
    np.testing.assert_array_equal(threshold_aucs(truth, truth), expected)
    np.testing.assert_array_equal(threshold_aucs(-truth, truth), 1 - expected)
    assert np.all(np.isnan(threshold_aucs(truth, np.zeros((6, 10)))))


def test_constant_map_is_worth_a_half_in_spite_of_the_padding():
    """A constant map stays constant: the zeros round it would only say where the border is."""
    full = prediction_map(_map(np.full((2, 4), 0.7)), image_size=(72, 88))
    truth = blur_map(np.pad(np.ones((30, 40)), ((20, 22), (24, 24))))
    aucs = threshold_aucs(full, truth)
    assert np.ptp(full) == 0
    assert set(aucs[~np.isnan(aucs)]) == {0.5}


def test_map_is_centred_padded_and_blurred():
    """At stride 1 the prediction is the thesis's: zero-padded to the image, the same blur."""
    values = np.random.default_rng(0).random((9, 25))
    quality_map = _map(values, stride=1)
    full = prediction_map(quality_map, image_size=(72, 88))
    np.testing.assert_array_equal(full, blur_map(quality_map.pad_to_image()))


@pytest.mark.parametrize("stride", [2, 7, 8])
def test_border_is_as_wide_at_every_stride(stride):
    """Of a smooth map the strides show the same after padding: zeros and values of stride 1."""
    rows, columns = np.mgrid[: 200 - 63, : 240 - 63] / 100
    fine = _map(1 + rows + columns, (200, 240), stride=1)
    coarse = _map(fine.values[::stride, ::stride], (200, 240), stride=stride)
    expected = prediction_map(fine, image_size=(200, 240), blur=0)
    found = prediction_map(coarse, image_size=(200, 240), blur=0)
    np.testing.assert_array_equal(found == 0, expected == 0)
    # Half a pixel of the centre, and up to a stride beyond the last cell, each 0.01 a pixel.
    np.testing.assert_allclose(found, expected, atol=0.02 * stride)


def test_border_can_be_continued():
    """With "edge" no zero appears, and without blur the map is interpolated only."""
    quality_map = _random_map()
    sharp = prediction_map(quality_map, image_size=(72, 88), blur=0, border="edge")
    np.testing.assert_array_equal(sharp, quality_map.to_image_size())


def test_lower_is_better_is_turned_round_with_zero_the_worst():
    """A map of defects gives the map of its distance from the greatest defect."""
    quality_map = _random_map(higher_is_better=False)
    turned = _map(quality_map.values.max() - quality_map.values)
    np.testing.assert_array_equal(
        prediction_map(quality_map, image_size=(72, 88)),
        prediction_map(turned, image_size=(72, 88)),
    )
    truth = -quality_map.to_image_size() + 1
    edge = prediction_map(quality_map, image_size=(72, 88), blur=0, border="edge")
    assert threshold_aucs(edge, truth, thresholds=[0.5]) == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: _random_map((80, 88)), "88x72 pixels, received one of 88x80"),
        (lambda: _map(np.eye(20)), "88x72 pixels, received a map of 20x20 cells, stride 8"),
        (lambda: _map(np.eye(2), offset=-40.0), "first at -40"),
        (lambda: _map([[0, np.nan]]), "1 not finite"),
        (lambda: _map([0, 1]), r"shape \(2,\)"),
    ],
)
def test_maps_that_do_not_fit_are_refused(make, said):
    """Maps of other images, grids that leave the image, and NaN are refused with both sizes."""
    with pytest.raises(ValueError, match=said):
        prediction_map(make(), image_size=(72, 88))


def test_wrong_options_are_refused():
    """An unknown border, falling thresholds, other shapes and NaN are refused."""
    with pytest.raises(ValueError, match="'zeros'"):
        prediction_map(_random_map(), image_size=(72, 88), border="zeros")
    with pytest.raises(ValueError, match="increasing"):
        threshold_aucs(np.eye(2), np.eye(2), thresholds=[0.5, 0.1])
    with pytest.raises(ValueError, match=r"shape \(2, 2\), received shape \(3, 3\)"):
        threshold_aucs(np.eye(3), np.eye(2))
    with pytest.raises(ValueError, match="1 values not finite"):
        threshold_aucs(np.array([np.nan, 1]), np.array([0, 1]))
    with pytest.raises(ValueError, match="1 not finite"):
        threshold_aucs(np.array([0, 1]), np.array([np.inf, 1]))


def test_most_even_split_is_found():
    """Of 0.1 .. 0.8 the threshold with half of the pixels above, or None without two classes."""
    truth = np.linspace(-0.2, 0.8, 100).reshape(10, 10)
    assert balanced_threshold(truth) == 0.3
    assert balanced_threshold(np.ones((4, 4))) is None


def test_rows_name_everything():
    """A row for each predictor and threshold; no AUC is None, the positives' share is told."""
    truth = np.array([[0.0, 0.6, 0.6, 0.6]])
    rows = auc_rows("a.png", {"x": truth, "y": -truth}, truth, thresholds=(0.0, 0.7))
    assert [tuple(row.values()) for row in rows] == [
        ("a.png", "x", 0.0, 0.75, 1.0),
        ("a.png", "x", 0.7, 0.0, None),
        ("a.png", "y", 0.0, 0.75, 0.0),
        ("a.png", "y", 0.7, 0.0, None),
    ]


@pytest.mark.parametrize("border", ["zero", "edge"])
def test_map_of_blocks_covers_the_image(border):
    """Blocks leave no border: both rules interpolate between their centres."""
    values = np.array([[0.0, 1.0], [2.0, 5.0]], np.float32)
    edges = {"row_edges": np.array([0, 30, 60]), "column_edges": np.array([0, 40, 80])}
    blocks = QualityMap(values, 0, 0.0, (60, 80), **edges)
    found = prediction_map(blocks, image_size=(60, 80), border=border, blur=0)
    np.testing.assert_allclose(found, blocks.to_image_size())
    worse = QualityMap(values, 0, 0.0, (60, 80), higher_is_better=False, **edges)
    turned = prediction_map(worse, image_size=(60, 80), border=border, blur=0)
    np.testing.assert_allclose(turned, 5 - found, atol=1e-5)
