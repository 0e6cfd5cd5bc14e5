"""RoIPool: the rule in loops, gradients, many rectangles; recorded values: `tests/parity`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kiqa.models import roi_pool as module
from kiqa.models.roi_pool import roi_pool


def _naive(features, roi):
    """The rule in plain loops, for one image and one rectangle."""
    rows, columns, channels = features.shape

    def nearest(x):  # halves away from zero
        return int(np.sign(x) * np.floor(np.abs(x) + 0.5))

    x1, y1, x2, y2 = (nearest(float(edge) / 32) for edge in roi)
    width, height = max(x2 - x1 + 1, 1), max(y2 - y1 + 1, 1)
    out = np.zeros((2, 2, channels), features.dtype)
    for i in range(2):
        for j in range(2):
            top, bottom = (
                int(v) + y1 for v in (np.floor(i * height / 2), np.ceil((i + 1) * height / 2))
            )
            left, right = (
                int(v) + x1 for v in (np.floor(j * width / 2), np.ceil((j + 1) * width / 2))
            )
            top, bottom = np.clip([top, bottom], 0, rows)
            left, right = np.clip([left, right], 0, columns)
            if top < bottom and left < right:
                out[i, j] = features[top:bottom, left:right].max(axis=(0, 1))
    return out


def _random_rois(rng, count, height, width):
    edges = np.sort(rng.uniform(0, 1, (count, 2, 2)), axis=2) * [[width], [height]]
    rois = edges.transpose(0, 2, 1).reshape(count, 4)
    rois[::3] = np.round(rois[::3] / 16) * 16  # halves of cells
    rois[1] = [0, 0, width, height]
    return rois.astype(np.float32)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (6, 8), (9, 4), (17, 16)], ids=str)
def test_equals_the_rule_in_loops(size):
    """Random rectangles, also negative features, of two images."""
    rng = np.random.default_rng(size)
    rows, columns = size
    features = rng.normal(0, 1, (2, rows, columns, 3)).astype(np.float32)
    rois = np.stack([_random_rois(rng, 60, rows * 32 - 5, columns * 32 - 20) for _ in range(2)])
    found = np.asarray(roi_pool(features, rois))
    expected = [[_naive(f, r) for r in some] for f, some in zip(features, rois, strict=True)]
    np.testing.assert_array_equal(found, expected)


def test_1024_rectangles_in_one_call_and_in_parts_of_channels(monkeypatch):
    """Bounding the memory, or the rectangles' sides, changes no value."""
    rng = np.random.default_rng(3)
    features = rng.normal(0, 1, (1, 12, 16, 8)).astype(np.float32)
    rois = _random_rois(rng, 1024, 384, 512)[None]
    found = np.asarray(roi_pool(features, rois))
    assert found.shape == (1, 1024, 2, 2, 8)
    np.testing.assert_array_equal(found[0, 700], _naive(features[0], rois[0, 700]))
    monkeypatch.setattr(module, "_TABLES", 12 * 16 * 20 * 3)
    np.testing.assert_array_equal(np.asarray(roi_pool(features, rois)), found)
    small = rois[:, (rois[0, :, 2:] - rois[0, :, :2]).max(axis=1) <= 70]
    assert small.shape[1] > 10
    largest = (small[0, :, 3] - small[0, :, 1]).max(), (small[0, :, 2] - small[0, :, 0]).max()
    np.testing.assert_array_equal(
        np.asarray(roi_pool(features, small, largest=largest)),
        np.asarray(roi_pool(features, small)),
    )


def test_gradient_reaches_the_largest_cell_of_each_bin():
    """The derivative of a sum of bins is the number of bins whose maximum a cell is."""
    rng = np.random.default_rng(4)
    values = rng.permutation(6 * 8).reshape(1, 6, 8, 1).astype(np.float32)
    features = tf.Variable(values)
    rois = _random_rois(rng, 7, 192, 256)[None]
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(roi_pool(features, rois))
    found = tape.gradient(total, features)
    expected = np.zeros(48)
    for roi in rois[0]:
        for value in _naive(values[0] + 1, roi).reshape(4):  # + 1: 0 says that a bin is empty
            if value:
                expected += values.reshape(-1) == value - 1
    np.testing.assert_array_equal(tf.convert_to_tensor(found).numpy().reshape(-1), expected)


@pytest.mark.slow
def test_compiled_and_in_half_precision():
    """A compiled function gives the same cells; coordinates stay exact."""
    rng = np.random.default_rng(5)
    features = rng.integers(0, 200, (2, 12, 12, 4)).astype(np.float32)  # exact in bfloat16
    rois = np.stack([_random_rois(rng, 9, 384, 384) for _ in range(2)])
    expected = np.asarray(roi_pool(features, rois))
    compiled = tf.function(roi_pool)(tf.constant(features), tf.constant(rois))
    np.testing.assert_array_equal(compiled.numpy(), expected)
    half = roi_pool(tf.cast(features, tf.bfloat16), rois)
    assert half.dtype == tf.bfloat16
    np.testing.assert_array_equal(tf.cast(half, tf.float32).numpy(), expected)


def test_sides_of_the_features_must_be_known():
    """A graph without sides cannot prepare the maxima; the message says what to do."""
    features = keras.Input((None, None, 4))
    with pytest.raises(ValueError, match="known rows and columns"):
        roi_pool(features, keras.Input((1, 4)))
