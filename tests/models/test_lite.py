"""The network of lite: its graph, its statistics, and the cut between maps and head."""

import keras
import numpy as np
import pytest

from kiqa.models.lite import PARTS, build_lite, split

CHANNELS = 16 + 24 + 48 + 120 + 352 + 1280


@pytest.fixture(scope="module")
def model():
    return build_lite(seed=1)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (1, 65, 96, 3)).astype(np.float32)


def test_score_of_any_size_lies_in_0_to_1(model, image):
    for part in (image, image[:, :32, :32], image * 0):
        score = np.asarray(model(part, training=False))
        assert score.shape == (1, 1)
        assert 0 <= score[0, 0] <= 1


def test_features_are_means_and_squeezed_variances(model, image):
    """A variance v becomes v / (v + s); scales are 1 at first, but for the layer's epsilon."""
    maps, _ = split(model)
    found = keras.Model(model.inputs[0], model.get_layer("features").output)(image)[0]
    values = [np.asarray(tensor[0], np.float64) for tensor in maps(image)]
    assert [v.shape[-1] for v in values] == [16, 24, 48, 120, 352, 1280]
    means = np.concatenate([v.mean(axis=(0, 1)) for v in values])
    variances = np.concatenate([v.var(axis=(0, 1)) for v in values]) / np.sqrt(1.001)
    np.testing.assert_allclose(found[:CHANNELS], means, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found[CHANNELS:], variances / (variances + 1), rtol=1e-2, atol=1e-5)


def test_rate_of_whole_averages_is_the_score(model, image):
    maps, rate = split(model)
    values = [np.asarray(tensor) for tensor in maps(image)]
    averages = [v.mean(axis=(1, 2)) for v in values]
    averages += [np.square(v).mean(axis=(1, 2)) for v in values]
    np.testing.assert_allclose(rate(averages), model(image, training=False), atol=1e-5)


def test_parts_name_maps_and_their_cells():
    assert PARTS == {
        "stage1": 2, "stage2": 4, "stage3": 8, "stage5": 16, "stage7": 32, "head": 32
    }  # fmt: skip


def test_parameters(model):
    """Body without classes, its biases in the norms' place; head 3680-256-1; norms' constants."""
    body = 4_811_072 - 29_048  # trained ones; a bias instead of gamma and beta in the folded form
    head = 2 * CHANNELS * 256 + 256 + 257
    constants = 3 * CHANNELS + 2 * 2 * CHANNELS
    assert model.count_params() == body + head + constants


def test_a_seed_gives_the_same_weights(model):
    for ours, other in zip(build_lite(seed=1).get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, other)


def test_another_network_cannot_be_cut():
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="other")
    with pytest.raises(ValueError, match=r"the network of lite.*'other'"):
        split(other)
