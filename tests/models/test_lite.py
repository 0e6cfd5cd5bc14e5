"""The network of lite: its graph, its statistics, and the cut between maps and head."""

import keras
import numpy as np
import pytest

from kiqa.models.lite import JUDGES, PARTS, build_lite, split

WIDTHS = (16, 24, 48, 120, 352, 1280)
CHANNELS = sum(WIDTHS)  # that one judge sees


@pytest.fixture(scope="module")
def model():
    return build_lite(seed=1)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (1, 65, 96, 3)).astype(np.float32)


@pytest.mark.slow
def test_score_of_any_size_lies_in_0_to_1(model, image):
    for part in (image, image[:, :32, :32], image * 0):
        score = np.asarray(model(part, training=False))
        assert score.shape == (1, 1)
        assert 0 <= score[0, 0] <= 1


@pytest.mark.slow
def test_features_are_means_and_squeezed_variances(model, image):
    """A variance v becomes v / (v + s); scales are 1 at first, but for the layer's epsilon."""
    maps, _ = split(model)
    values = dict(zip(PARTS, (np.asarray(x[0], np.float64) for x in maps(image)), strict=True))
    for prefix, seen in JUDGES.items():
        layer = model.get_layer(f"{prefix}features")
        found = keras.Model(model.inputs[0], layer.output)(image)[0]
        assert tuple(values[name].shape[-1] for name in seen) == WIDTHS
        means = np.concatenate([values[name].mean(axis=(0, 1)) for name in seen])
        spreads = np.concatenate([values[name].var(axis=(0, 1)) for name in seen]) / np.sqrt(1.001)
        expected = spreads / (spreads + 1)
        np.testing.assert_allclose(found[:CHANNELS], means, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(found[CHANNELS:], expected, rtol=1e-2, atol=1e-5)


def test_score_is_the_mean_of_both_judges(model, image):
    layers = [model.get_layer(f"{prefix}judgement").output for prefix in JUDGES]
    judgements = keras.Model(model.inputs[0], layers)(image)
    np.testing.assert_allclose(model(image, training=False), np.mean(judgements, axis=0), rtol=1e-5)
    assert np.abs(judgements[0] - judgements[1]).max() > 1e-5


def test_rate_of_whole_averages_is_the_score(model, image):
    maps, rate = split(model)
    values = [np.asarray(tensor) for tensor in maps(image)]
    averages = [v.mean(axis=(1, 2)) for v in values]
    averages += [np.square(v).mean(axis=(1, 2)) for v in values]
    np.testing.assert_allclose(rate(averages), model(image, training=False), atol=1e-5)


def test_parts_name_maps_and_their_cells():
    assert PARTS == {
        "stage1": 2, "stage2": 4, "stage3": 8, "stage5": 16, "stage7": 32, "head": 32,
        "tuned_stage7": 32, "tuned_head": 32,
    }  # fmt: skip


def _block(into, inner, out, kernel):
    """Convolutions with biases: wider, depthwise, narrower."""
    return into * inner + inner + kernel * kernel * inner + inner + inner * out + out


def test_parameters(model):
    """Folded body, its last stages and head again, two judges 3680-256-1, norms' constants."""
    body = 4_811_072 - 29_048  # trained ones; a bias instead of gamma and beta
    again = _block(120, 720, 208, 5) + 4 * _block(208, 1248, 208, 5) + _block(208, 1248, 352, 3)
    again += 352 * 1280 + 1280
    judge = 2 * CHANNELS * 256 + 256 + 257
    scales = 3 * (CHANNELS + 352 + 1280)
    norms = 2 * (2 * 2 * CHANNELS)
    assert model.count_params() == body + again + 2 * judge + scales + norms


@pytest.mark.slow
def test_a_seed_gives_the_same_weights(model):
    for ours, other in zip(build_lite(seed=1).get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, other)


def test_another_network_cannot_be_cut():
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="other")
    with pytest.raises(ValueError, match=r"the network of lite.*'other'"):
        split(other)
