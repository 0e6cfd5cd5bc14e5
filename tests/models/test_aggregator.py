"""Aggregator: layers, parameters, resolutions, the map before pooling, where weights come from."""

import hashlib

import keras
import numpy as np
import pytest
from keras import layers

from kiqa.io.weights import Details, export_h5
from kiqa.models.aggregator import LEAST_CELLS, build_aggregator, spatial_grid, spatial_model
from kiqa.models.keras_cache import KERAS_FILES


@pytest.fixture(scope="module")
def aggregator():
    return build_aggregator(seed=3)


@pytest.mark.slow
def test_parameter_count_is_that_of_facts(aggregator):
    """DenseNet-169 without top has 12,642,880 parameters, the head 1665 (Keras's own count)."""
    assert aggregator.count_params() == 12_642_880 + 1665
    head = aggregator.get_layer("quality_map")
    assert [tuple(weight.shape) for weight in head.weights] == [(1, 1, 1664, 1), (1,)]


@pytest.mark.slow
def test_names_and_shapes_are_the_file_format(aggregator):
    """Changing a name or a shape needs a new weights file."""
    found = [(layer.name, [tuple(w.shape) for w in layer.weights]) for layer in aggregator.layers]
    names = [name for name, _ in found]
    assert names[:6] == ["maps", "conv1_pad", "conv1_conv", "conv1_bn", "conv1_relu", "pool1_pad"]
    assert names[-4:] == ["bn", "relu", "quality_map", "quality"]
    digest = hashlib.sha256(repr(found).encode()).hexdigest()
    assert digest == "ac9594de99f84c1f68cb93645f5f91488039d2236e52fa430babc5868c642a4e"


@pytest.mark.slow
@pytest.mark.parametrize("size", [(LEAST_CELLS, LEAST_CELLS), (63, 33)])
def test_score_is_the_highest_value_of_the_map(aggregator, size):
    """Any resolution of 32 cells or more; a remainder of 29 cells makes one more value."""
    stacks = np.random.default_rng(0).uniform(0, 1, (2, *size, 3)).astype(np.float32)
    both = keras.Model(aggregator.inputs[0], [spatial_model(aggregator).output, aggregator.output])
    values, scores = (np.asarray(found) for found in both(stacks))
    assert values.shape == (2, *((side + 3) // 32 for side in size), 1)
    np.testing.assert_allclose(scores[:, 0], values.max(axis=(1, 2, 3)), atol=1e-6)
    assert scores[0] != scores[1]


@pytest.mark.slow
def test_a_seed_makes_the_same_weights_under_any_policy(aggregator):
    """Equal seeds give equal weights, layers of one shape different ones; the head is float32."""
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        half = build_aggregator(seed=3)
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    assert [layer.name for layer in half.layers] == [layer.name for layer in aggregator.layers]
    for one, two in zip(half.get_weights(), aggregator.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    kernels = [half.get_layer(f"conv3_block{i}_2_conv").kernel.numpy() for i in (1, 2)]
    assert np.abs(kernels[0] - kernels[1]).max() > 0
    assert half.get_layer("conv5_block1_1_conv").compute_dtype == "float16"
    assert half.get_layer("quality_map").compute_dtype == "float32"


@pytest.mark.slow
def test_grid_of_the_map_is_that_of_densenet(aggregator):
    """Five halvings; the three 2x2 poolings move the centre by 2 + 4 + 8 cells."""
    assert spatial_grid(aggregator) == (32, 14.0)


def test_grid_is_where_the_values_come_from():
    """A network of mean filters gives a ramp's own coordinate at each value's place."""
    x = inputs = keras.Input((None, None, 3))
    x = layers.ZeroPadding2D(2)(x)
    x = layers.Conv2D(3, 5, strides=2, kernel_initializer=_mean_filter, use_bias=False)(x)
    wide = layers.Conv2D(3, 3, padding="same", kernel_initializer=_mean_filter)(x)
    x = layers.Average()([x, wide])
    x = layers.AveragePooling2D(2)(x)
    x = layers.Conv2D(1, 1, kernel_initializer="ones", name="quality_map")(x)
    model = keras.Model(inputs, layers.GlobalMaxPooling2D()(x))
    ramp = np.broadcast_to(np.arange(64, dtype=np.float32)[:, None, None], (64, 32, 3)) / 3
    values = np.asarray(spatial_model(model)(ramp[None]))[0, :, 4, 0]
    stride, offset = spatial_grid(model)
    inner = np.arange(2, 14)
    np.testing.assert_allclose(values[inner], inner * stride + offset, atol=1e-4)


def _mean_filter(shape, dtype=None):
    """Kernel that averages each channel by itself."""
    return np.eye(shape[2], dtype=np.float32) * np.ones(shape, np.float32) / (shape[0] * shape[1])


def test_model_without_a_map_is_refused():
    """A network of other layers is named with its last layers."""
    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match="'quality_map'.*'other'"):
        spatial_model(keras.Model(inputs, layers.Dense(1)(inputs), name="other"))


@pytest.fixture
def small_body(monkeypatch):
    """Takes DenseNet's place; its ImageNet weights would be downloaded."""

    def build(include_top, weights, input_tensor):
        if weights == "imagenet":
            raise AssertionError("a download")
        x = layers.Conv2D(5, 3, name="conv")(input_tensor)
        return keras.Model(input_tensor, layers.BatchNormalization(name="norm")(x))

    monkeypatch.setattr(keras.applications, "DenseNet169", build)


def test_mean_pooling_is_the_mean_of_the_map(small_body):
    """With pooling="mean" the score is the mean over the map, through the same layers."""
    model = build_aggregator(pooling="mean", seed=1)
    stacks = np.random.default_rng(1).uniform(0, 1, (1, 9, 8, 3)).astype(np.float32)
    values = np.asarray(spatial_model(model)(stacks))
    assert np.asarray(model(stacks))[0, 0] == pytest.approx(values.mean(), abs=1e-6)
    assert [layer.name for layer in model.layers][-2:] == ["quality_map", "quality"]


def test_imagenet_weights_come_from_the_cache_of_keras(small_body, tmp_path, monkeypatch):
    """Nothing is downloaded: the error names the file, from where and whereto."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = tmp_path / "models" / KERAS_FILES["densenet169"][2]
    with pytest.raises(FileNotFoundError, match=f"{path}.*https:.*--initial FILE"):
        build_aggregator(weights="imagenet")
    source = build_aggregator(seed=1)
    path.parent.mkdir()
    body = keras.Model(source.inputs, source.layers[-3].output)
    export_h5(body, path, Details(name="source", version="1", scale="0..1", higher_is_better=True))
    found = build_aggregator(weights="imagenet", seed=2)
    for layer in ("conv", "norm"):
        for one, two in zip(
            found.get_layer(layer).get_weights(), source.get_layer(layer).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("part", ["body", "aggregator"])
def test_weights_come_from_a_file(small_body, tmp_path, part):
    """A file of the body leaves the head random, a file of an aggregator fills all."""
    source = build_aggregator(seed=1)
    model = source if part == "aggregator" else keras.Model(source.inputs, source.layers[-3].output)
    path = tmp_path / "source.h5"
    export_h5(model, path, Details(name="source", version="1", scale="0..1", higher_is_better=True))
    found = build_aggregator(weights=path, seed=2)
    equal = [
        np.array_equal(one, two)
        for one, two in zip(found.get_weights(), source.get_weights(), strict=True)
    ]
    assert equal == [True] * 6 + [part == "aggregator", True]  # the head's bias is 0 in both


def test_file_of_another_network_is_refused(small_body, tmp_path):
    """Wrong layers, no HDF5 and no file are errors that name the file."""
    inputs = keras.Input((4,))
    other, text = tmp_path / "other.h5", tmp_path / "text.h5"
    model = keras.Model(inputs, layers.Dense(1)(inputs))
    export_h5(model, other, Details(name="other", version="1", scale="0..1", higher_is_better=True))
    text.write_text("no network")
    for path in (other, text):
        with pytest.raises(ValueError, match=path.name):
            build_aggregator(weights=path)
    with pytest.raises(FileNotFoundError, match="gone.h5"):
        build_aggregator(weights=tmp_path / "gone.h5")


def test_unknown_pooling_is_refused():
    """The error lists the poolings there are."""
    with pytest.raises(ValueError, match="'max' or 'mean'.*'median'"):
        build_aggregator(pooling="median")
