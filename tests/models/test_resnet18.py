"""The body of PaQ-2-PiQ: ResNet-18."""

import keras
import numpy as np
import pytest

from kiqa.models.resnet18 import build_resnet18


@pytest.fixture(scope="module")
def body():
    return build_resnet18(seed=2)


def test_names_of_the_body_are_those_of_torchvision(body):
    """Convolutions in order, each with its normalisation; the file format."""
    names = [layer.name for layer in body.layers if layer.weights]
    expected = {"conv1", "bn1"}
    for stage in range(1, 5):
        for block in range(2):
            expected |= {
                f"layer{stage}.{block}.{part}{i}" for part in ("conv", "bn") for i in (1, 2)
            }
        if stage > 1:
            expected |= {f"layer{stage}.0.downsample.{i}" for i in (0, 1)}
    assert len(names) == 40 and set(names) == expected
    assert body.get_layer("conv1").kernel.shape == (7, 7, 3, 64)
    assert body.get_layer("layer4.0.downsample.0").kernel.shape == (1, 1, 256, 512)
    assert {layer.epsilon for layer in body.layers if "bn" in layer.name} == {1e-5}


@pytest.mark.parametrize("size", [(32, 32), (33, 64), (65, 100), (96, 127)], ids=str)
def test_a_feature_cell_for_each_32_pixels_begun(body, size):
    """The features of H x W pixels have ceil(H / 32) x ceil(W / 32) cells, none negative."""
    pixels = np.random.default_rng(1).integers(0, 256, (1, *size, 3)).astype(np.float32)
    features = np.asarray(body(pixels))
    assert features.shape == (1, *(-(-side // 32) for side in size), 512)
    assert features.min() == 0 < features.max()


def test_padding_is_the_same_on_both_sides():
    """A network of mirrored kernels maps mirrored images to mirrored features."""
    body = build_resnet18(seed=5)
    for layer in body.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel = np.asarray(layer.kernel)
            layer.kernel.assign((kernel + kernel[:, ::-1]) / 2)
    # 32 k + 1 columns: the strided layers' centres are mirrored onto each other.
    pixels = np.random.default_rng(2).integers(0, 256, (1, 40, 65, 3)).astype(np.float32)
    plain, mirrored = np.asarray(body(pixels)), np.asarray(body(pixels[:, :, ::-1]))
    np.testing.assert_allclose(mirrored[:, :, ::-1], plain, rtol=1e-3, atol=1e-3 * plain.max())
    assert np.abs(plain - plain[:, :, ::-1]).max() > 0.01 * plain.max()
