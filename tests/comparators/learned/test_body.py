"""Pooled features, by a small body."""

import numpy as np
import pytest

from kiqa.comparators.learned.body import FEATURES, PooledBody
from kiqa.comparators.learned.views import deepbiq_views
from kiqa.io.weights import Details, export_h5, load_model, read_info


def test_features_are_means_over_views_and_places(feature_body, photo):
    """Of the layer that ends the head, to five decimals."""
    body = PooledBody(read_info(feature_body), deepbiq_views)
    image = photo[:230, :260]
    maps = np.asarray(load_model(feature_body)(deepbiq_views(image).astype(np.float32)))
    found = body.features(image)
    assert found.shape == (FEATURES,)
    np.testing.assert_allclose(found, maps.mean(axis=(0, 1, 2)), atol=2e-5)
    np.testing.assert_array_equal(found, found.round(5))
    assert body.memory(2000, 3000) > body.memory(100, 100)


@pytest.mark.slow
def test_the_bodys_of_lite_is_that_of_imagenet(shipped_once):
    """lite holds it untouched beside its tuned copy; only float16 lies between."""
    from kiqa.models.efficientnet_lite import fold_norms
    from kiqa.training.runs.imagenet import find_imagenet_file, imagenet_efficientnet_lite

    assert PooledBody(read_info("lite"), deepbiq_views).learned_from is None
    try:
        find_imagenet_file("lite2")
    except FileNotFoundError:
        pytest.skip("kiqa[imagenet] is not installed")
    lite = load_model("lite")
    for layer in fold_norms(imagenet_efficientnet_lite("lite2")).layers:
        for ours, theirs in zip(
            lite.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_a_body_says_what_trained_it(feature_body, tmp_path):
    """Its file's details; nothing where a tuned copy stands beside it."""
    import keras

    info = read_info(feature_body)
    assert PooledBody(info, deepbiq_views).learned_from == info.details
    plain = load_model(feature_body)
    tuned = keras.layers.ReLU(name="tuned_head_relu6")(plain.get_layer("head_conv").output)
    both = keras.Model(plain.inputs[0], [plain.outputs[0], tuned], name="both")
    path = export_h5(both, tmp_path / "both.h5", info.details)
    assert PooledBody(read_info(path), deepbiq_views).learned_from is None


def test_a_body_of_patches_looks_at_images_too(feature_body, photo, tmp_path):
    """Its input has one size, as that of rnn_features; the views have another."""
    import keras

    info, plain = read_info(feature_body), load_model(feature_body)
    fixed = keras.models.clone_model(plain, keras.Input((64, 64, 3), name="patch"))
    fixed.set_weights(plain.get_weights())
    path = export_h5(fixed, tmp_path / "fixed.h5", info.details)
    one, two = (PooledBody(read_info(file), deepbiq_views) for file in (feature_body, path))
    np.testing.assert_array_equal(one.features(photo[:230, :260]), two.features(photo[:230, :260]))


def test_another_network_is_refused(tmp_path):
    """One without the head."""
    import keras

    x = keras.Input((None, None, 3), name="image")
    model = keras.Model(x, keras.layers.Conv2D(2, 3, name="c")(x), name="other")
    path = export_h5(model, tmp_path / "o.h5", Details("o", "1", "0..1", True, trained_on=()))
    with pytest.raises(ValueError, match="body of EfficientNet-Lite.*'other'"):
        PooledBody(read_info(path), deepbiq_views)
