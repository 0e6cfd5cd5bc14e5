"""Feature extractors of RNN-BIQA."""

import keras
import numpy as np
import pytest

from kiqa.models import builder
from kiqa.models.rnn_features import build_extractor, without_head

NARROW = {"widths": ((4, 4), (5,), (6, 6)), "pooled_stages": 2}


@pytest.fixture(scope="module")
def compact():
    return build_extractor("compact", seed=1, **NARROW)


@pytest.fixture(scope="module")
def resnet50():
    return build_extractor()


@pytest.fixture(scope="module")
def patches():
    return np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3)).astype(np.float32)


@pytest.mark.slow
def test_resnet50_is_that_of_keras_with_five_bins(resnet50):
    """23,587,712 parameters of the body (keras.applications), 5 * 2048 + 5 of the head."""
    model = resnet50
    assert model.count_params() == 23_587_712 + 5 * 2048 + 5
    assert model.input_shape == (None, 224, 224, 3)
    assert without_head(model).output_shape == (None, 2048)
    names = [layer.name for layer in model.layers]
    assert names[:4] == ["patch", "centre", "conv1_pad", "conv1_conv"]
    assert "conv2_block3_out" in names
    body = keras.applications.ResNet50(include_top=False, weights=None)
    assert {layer.name for layer in body.layers[1:]} < set(names)


@pytest.mark.slow
def test_resnet50_centres_like_keras(resnet50, patches):
    """The input layer equals keras's 'caffe' preprocessing, in RGB instead of BGR."""
    centred = keras.Model(resnet50.input, resnet50.get_layer("centre").output)(patches)
    expected = keras.applications.resnet.preprocess_input(patches.copy())[..., ::-1]
    np.testing.assert_allclose(np.asarray(centred), expected, atol=1e-4)


def test_compact_gives_bins_and_features(compact, patches):
    """Probabilities, and twice the filters of the last two stages, mean beside maximum."""
    bins = compact.predict(patches, verbose=0)
    assert bins.shape == (3, 5)
    np.testing.assert_allclose(bins.sum(axis=1), 1, atol=1e-5)
    features = without_head(compact).predict(patches, verbose=0)
    assert features.shape == (3, 2 * 5 + 2 * 6)
    assert features.min() >= 0
    last = keras.Model(compact.input, compact.get_layer("stage3_pool").output)(patches)
    np.testing.assert_allclose(features[:, 10:16], np.mean(last, axis=(1, 2)), rtol=1e-4)
    np.testing.assert_allclose(features[:, 16:], np.max(last, axis=(1, 2)), rtol=1e-4)


def test_default_compact_is_wadiqams_body():
    """Its convolutions have the names and shapes of WaDIQaM's: weights can be taken over."""
    body = builder("wadiqam")()
    model = build_extractor("compact")
    shapes = {
        layer.name: [tuple(w.shape) for w in layer.weights]
        for layer in model.layers
        if layer.weights and layer.name != "bins"
    }
    assert len(shapes) == 10
    for name, found in shapes.items():
        assert found == [tuple(w.shape) for w in body.get_layer(name).weights], name
    assert without_head(model).output_shape == (None, 2 * (256 + 512))


def test_a_seed_makes_the_same_weights_again():
    """Equal seeds give equal weights."""
    one, two, other = (
        build_extractor("compact", seed=s, **NARROW).get_weights() for s in (1, 1, 2)
    )
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first, second)
    assert np.abs(one[-2] - other[-2]).max() > 0


def test_refuses_unknown_options():
    """Backbone and stages."""
    with pytest.raises(ValueError, match="resnet50, compact.*'vgg'"):
        build_extractor("vgg")
    with pytest.raises(ValueError, match="from 1 to 3.*4"):
        build_extractor("compact", widths=NARROW["widths"], pooled_stages=4)


@pytest.mark.slow
def test_efficientnet_lite_gives_the_heads_means_and_both_signs_of_earlier_stages(patches):
    """1280 of the head, and twice 16 + 24 + 48 + 120, all at least 0."""
    model = build_extractor("efficientnet-lite2", seed=1)
    outputs = [model.get_layer("stage1_block1_project_conv").output, model.get_layer("features")]
    stage, features = keras.Model(model.input, [outputs[0], outputs[1].output])(patches)
    assert features.shape == (3, 1280 + 2 * (16 + 24 + 48 + 120))
    features, stage = np.asarray(features), np.asarray(stage)
    assert features.min() >= 0
    np.testing.assert_allclose(features[:, :16], np.maximum(stage, 0).mean((1, 2)), rtol=1e-4)
    np.testing.assert_allclose(
        features[:, :16] - features[:, 16:32], stage.mean((1, 2)), rtol=1e-3, atol=1e-4
    )
