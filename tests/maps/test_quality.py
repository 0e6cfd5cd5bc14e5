"""Quality maps equal the sliding window, whatever the stride, size or tile."""

import keras
import numpy as np
import pytest

from kiqa.maps.dense import peak_bytes
from kiqa.maps.quality import QualityMapper, predict_quality_map
from kiqa.models.patchnet import build_patchnet

pytestmark = pytest.mark.usefixtures("eager")

STRIDES = (1, 2, 3, 4, 8, 16)


@pytest.fixture(scope="module")
def patchnet():
    """Patchnet with narrow layers, to be quick, and the real geometry."""
    return build_patchnet(conv_widths=((4, 4), (4, 4), (6, 6, 6)), dense_widths=(12, 8, 4), seed=5)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(1).integers(0, 256, (93, 118, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def few(image):
    """A part of it, of 14x47 windows."""
    return image[:77, :110]


def sliding_window(model, image, stride, patch=64):
    """The definition: cut every patch, predict it, lay the values out."""
    tops = range(0, image.shape[0] - patch + 1, stride)
    lefts = range(0, image.shape[1] - patch + 1, stride)
    patches = [image[y : y + patch, x : x + patch] for y in tops for x in lefts]
    values = model.predict(np.stack(patches), batch_size=256, verbose=0)
    return values.reshape(len(tops), len(lefts))


@pytest.mark.slow
@pytest.mark.parametrize("stride", [*STRIDES, 5, 6, 12, 40])
def test_equals_patch_by_patch(patchnet, few, stride):
    """The dense map is the sliding window's, to 1e-5."""
    mapper = QualityMapper(patchnet, stride=stride)
    assert mapper.dense
    expected = sliding_window(patchnet, few, stride)
    np.testing.assert_allclose(mapper.map(few).values, expected, atol=1e-5)
    assert expected.std() > 1e-3  # else the comparison could not fail


@pytest.mark.slow
@pytest.mark.parametrize(("stride", "part"), [*((stride, 1) for stride in STRIDES), (16, 2)])
def test_tiling_does_not_change_the_map(patchnet, stride, part):
    """A small memory budget cuts the image in tiles, at worst of one row; the map is the same."""
    image = np.random.default_rng(1).integers(0, 256, (140, 150, 3), dtype=np.uint8)
    whole = QualityMapper(patchnet, stride=stride)
    needed = peak_bytes(whole._steps, stride=stride, height=128, width=128)
    tiled = QualityMapper(patchnet, stride=stride, memory_budget=needed // part)
    expected = whole.map(image).values
    rows, columns = expected.shape
    assert len(whole._tiles(rows, columns)) == 1 < len(tiled._tiles(rows, columns))
    np.testing.assert_allclose(tiled.map(image).values, expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(64, 64), (64, 65), (71, 64), (67, 97)])
def test_small_and_odd_sizes(patchnet, size):
    """From one patch on, every size has (size - 64) // stride + 1 cells."""
    image = np.random.default_rng(2).integers(0, 256, (*size, 3), dtype=np.uint8)
    for stride in (1, 4, 8):
        values = predict_quality_map(patchnet, image, stride=stride).values
        assert values.shape == ((size[0] - 64) // stride + 1, (size[1] - 64) // stride + 1)
        np.testing.assert_allclose(values, sliding_window(patchnet, image, stride), atol=1e-5)


@pytest.mark.parametrize("stride", [1, 4, 8])
def test_a_pixel_changes_only_cells_that_see_it(patchnet, image, stride):
    """No cell without the pixel in its window moves; one that sees it does."""
    mapper = QualityMapper(patchnet, stride=stride)
    y, x = 70, 50
    changed = image.copy()
    changed[y, x] = 255 - changed[y, x]
    moved = mapper.map(changed).values != mapper.map(image).values
    rows, columns = np.indices(moved.shape)
    inside_60 = (
        (rows * stride <= y)
        & (y < rows * stride + 60)
        & (columns * stride <= x)
        & (x < columns * stride + 60)
    )
    assert not moved[~inside_60].any()
    assert moved[inside_60].any()


def test_the_same_alone_and_in_a_batch(patchnet, image):
    """Batch mates do not change a map."""
    mapper = QualityMapper(patchnet, stride=4)
    alone = mapper.map(image)
    batch = mapper.map_batch(np.stack([image[::-1], image, image[:, ::-1]]))
    np.testing.assert_allclose(batch[1].values, alone.values, atol=1e-6)
    assert np.abs(batch[0].values - alone.values).max() > 1e-3


def test_same_padding_goes_patch_by_patch(image):
    """A network that sees the patch's border gets no dense shortcut."""
    model = build_patchnet(
        conv_widths=((4, 4), (4, 4), (4, 4, 4)), dense_widths=(8, 8, 4), padding="same", seed=1
    )
    mapper = QualityMapper(model, stride=16)
    assert not mapper.dense and "padding" in mapper.reason
    np.testing.assert_allclose(
        mapper.map(image).values, sliding_window(model, image, 16), atol=1e-5
    )


def _network(*layers, patch=24):
    inputs = keras.Input((patch, patch, 3))
    x = inputs
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, keras.layers.Dense(1)(x))


@pytest.mark.slow
@pytest.mark.parametrize("stride", [1, 2, 3, 6, 9, 12])
def test_other_networks_of_stock_layers(stride):
    """Strided convolutions, odd pools, batch norm before and behind Dense, ReLU and dropout."""
    layers = keras.layers
    keras.utils.set_random_seed(4)
    model = _network(
        layers.Conv2D(6, 5, strides=2),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(3, strides=2),
        layers.Dropout(0.5),
        layers.Conv2D(6, 2, use_bias=False, activation="relu"),
        layers.AveragePooling2D(3, strides=1),
        layers.Flatten(),
        layers.Dense(5, activation="tanh"),
        layers.BatchNormalization(),
        layers.LeakyReLU(),
    )
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for norm, width in zip(norms, (6, 5), strict=True):
        ends = (
            ((0.5, 2), (-1, 1), (-5, 9), (90, 200))
            if width == 6
            else ((1, 2), (0, 1), (-1, 1), (1, 3))
        )
        norm.set_weights([np.linspace(a, b, width) for a, b in ends])
    image = np.random.default_rng(3).integers(0, 256, (49, 60, 3), dtype=np.uint8)
    mapper = QualityMapper(model, stride=stride)
    assert mapper.dense
    expected = sliding_window(model, image, stride, patch=24)
    np.testing.assert_allclose(
        mapper.map(image).values, expected, atol=1e-4 * np.abs(expected).max()
    )


@pytest.mark.slow
def test_a_normalised_window_goes_patch_by_patch():
    """Behind Flatten every value of the window has statistics of its own."""
    layers = keras.layers
    keras.utils.set_random_seed(4)
    model = _network(layers.Conv2D(2, 3, strides=4), layers.Flatten(), layers.BatchNormalization())
    norm = model.layers[3]
    norm.set_weights([np.linspace(1, 2, 72), np.zeros(72), np.linspace(0, 9, 72), np.ones(72)])
    image = np.random.default_rng(3).integers(0, 256, (32, 40, 3), dtype=np.uint8)
    mapper = QualityMapper(model, stride=4)
    assert not mapper.dense and "all positions alike" in mapper.reason
    expected = sliding_window(model, image, 4, patch=24)
    np.testing.assert_allclose(mapper.map(image).values, expected, rtol=1e-4)


def test_branches_go_patch_by_patch(image):
    """A graph that is no chain is run on patches and gives the same."""
    keras.utils.set_random_seed(4)
    inputs = keras.Input((64, 64, 3))
    one = keras.layers.Conv2D(2, 3)(inputs)
    two = keras.layers.Conv2D(2, 3)(inputs)
    x = keras.layers.Flatten()(keras.layers.Add()([one, two]))
    model = keras.Model(inputs, keras.layers.Dense(1)(x))
    mapper = QualityMapper(model, stride=16)
    assert not mapper.dense and "chain" in mapper.reason
    expected = sliding_window(model, image, 16)
    np.testing.assert_allclose(mapper.map(image).values, expected, rtol=1e-4)


def test_carries_its_place_and_size(patchnet, image):
    """Stride, offset of the first centre and the image's size travel along."""
    quality_map = predict_quality_map(patchnet, image, stride=4)
    assert quality_map.stride == 4
    assert quality_map.offset == 31.5
    assert quality_map.image_size == (93, 118)
    assert quality_map.values.dtype == np.float32


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((63, 200, 3), np.uint8), "200x63"),
        (np.zeros((80, 80), np.uint8), "RGB"),
        (np.zeros((80, 80, 4), np.uint8), "RGB"),
        (np.zeros((80, 80, 3), np.float32), "float32"),
    ],
)
def test_refuses_what_is_not_an_rgb_image(patchnet, image, message):
    """Too small, gray, four channels, float: each is named."""
    with pytest.raises(ValueError, match=message):
        predict_quality_map(patchnet, image, stride=8)


@pytest.mark.parametrize("stride", [0, -4, 2.0, True])
def test_refuses_bad_strides(patchnet, stride):
    """A stride is a positive whole number."""
    with pytest.raises(ValueError, match="stride"):
        QualityMapper(patchnet, stride=stride)


def test_refuses_networks_that_score_no_patch():
    """Two outputs a patch, or a free input size, is no patch network."""
    inputs = keras.Input((None, None, 3))
    outputs = keras.layers.GlobalAveragePooling2D()(inputs)
    with pytest.raises(ValueError, match="patch network"):
        QualityMapper(keras.Model(inputs, outputs), stride=4)
