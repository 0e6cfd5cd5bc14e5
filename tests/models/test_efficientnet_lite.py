"""EfficientNet-Lite: its graph, and the golden values of ImageNet's weights."""

import keras
import numpy as np
import pytest
from PIL import Image
from skimage import data

from kiqa.models.efficientnet_lite import (
    STRIDES,
    VARIANTS,
    build_efficientnet_lite,
    fold_norms,
    stage_layers,
)
from kiqa.training.runs.imagenet import imagenet_efficientnet_lite

ATOL = 1e-3  # float32, another program's order of additions
# Picture of scikit-image -> sum of its pixels at 260x260, first logits, best two classes with
# their probabilities; recorded from the PyTorch port, efficientnet_lite_pytorch 0.1.0.
GOLDEN = {
    "astronaut": (23241548, (0.02168, 1.31848, -0.54766, -1.13111), {560: 0.0987, 795: 0.0769}),
    "coffee": (18770365, (0.74933, 0.25699, -0.33204, 0.25805), {967: 0.8965, 968: 0.0149}),
    "chelsea": (22770308, (-1.52530, 0.77093, -0.82874, 0.00731), {285: 0.6018, 282: 0.1393}),
    "rocket": (14567267, (-0.37026, 0.08707, -0.43085, -0.74869), {540: 0.1245, 657: 0.0295}),
}


@pytest.fixture(scope="module")
def imagenet():
    return imagenet_efficientnet_lite("lite2", classes=1000)


@pytest.fixture(scope="module")
def imagenet_body():
    return imagenet_efficientnet_lite("lite2")


@pytest.fixture(scope="module")
def lite2():
    return build_efficientnet_lite("lite2", classes=None, seed=1)


def _square(name):
    pixels = getattr(data, name)()
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(square.resize((260, 260), Image.Resampling.BICUBIC))


@pytest.mark.slow
def test_parameters_are_those_of_the_published_network(imagenet):
    trained = sum(int(np.prod(weight.shape)) for weight in imagenet.trainable_weights)
    assert trained == 6_092_072
    assert imagenet.count_params() - trained == 58_096


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_logits_of_imagenet(imagenet, name):
    total, logits, best = GOLDEN[name]
    pixels = _square(name)
    if int(pixels.sum(dtype=np.int64)) != total:
        pytest.skip("another Pillow resizes this picture in another way")
    found = np.asarray(imagenet(pixels[None].astype(np.float32), training=False))[0]
    np.testing.assert_allclose(found[:4], logits, atol=ATOL)
    probabilities = np.exp(found - found.max())
    probabilities /= probabilities.sum()
    assert list(np.argsort(-found)[:2]) == list(best)
    np.testing.assert_allclose(probabilities[list(best)], list(best.values()), atol=ATOL)


@pytest.mark.slow
def test_features_are_the_logits_network_without_its_end(imagenet, imagenet_body):
    body = imagenet_body
    pixels = _square("coffee")[None, :96, :64].astype(np.float32)
    cut = keras.Model(imagenet.inputs[0], imagenet.get_layer("head_relu6").output)
    np.testing.assert_array_equal(body(pixels), cut(pixels))
    assert body.output_shape == (None, None, None, 1280)


@pytest.mark.slow
def test_stages_of_lite2(lite2):
    """Widths and cells of the stages; one cell more where the side is odd."""
    outputs = [lite2.get_layer(name).output for name in stage_layers("lite2")]
    assert [tensor.shape[-1] for tensor in outputs] == [16, 24, 48, 88, 120, 208, 352, 1280]
    stages = keras.Model(lite2.inputs[0], outputs)(np.zeros((1, 65, 96, 3), np.float32))
    for stage, stride in zip(stages, (*STRIDES, 32), strict=True):
        assert tuple(stage.shape[1:3]) == (-(-65 // stride), -(-96 // stride))


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "blocks"), [("lite0", 16), ("lite2", 21), ("lite4", 30)])
def test_variants_differ_in_depth(variant, blocks, lite2):
    model = lite2 if variant == "lite2" else build_efficientnet_lite(variant, classes=None)
    names = [layer.name for layer in model.layers if layer.name.endswith("depthwise_conv")]
    assert len(names) == blocks
    assert names[0] == "stage1_block1_depthwise_conv"


@pytest.mark.slow
def test_folded_network_is_the_same_function(imagenet_body):
    """Same values at every stage; the convolutions have biases, no normalisation is left."""
    folded = fold_norms(imagenet_body)
    assert not any(isinstance(x, keras.layers.BatchNormalization) for x in folded.layers)
    pixels = _square("rocket")[None, :96, :64].astype(np.float32)
    stages = []
    for network, names in (
        (imagenet_body, stage_layers("lite2")),
        (folded, stage_layers("lite2", folded=True)),
    ):
        outputs = [network.get_layer(name).output for name in names]
        stages.append(keras.Model(network.inputs[0], outputs)(pixels))
    for expected, found in zip(*stages, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.slow
def test_folding_refuses_other_networks(lite2):
    with pytest.raises(ValueError, match="folded already"):
        fold_norms(fold_norms(lite2))
    with pytest.raises(ValueError, match="Expected a variant"):
        fold_norms(keras.Sequential(name="other"))


@pytest.mark.slow
def test_a_seed_gives_the_same_weights(lite2):
    again = build_efficientnet_lite("lite2", classes=None, seed=1)
    other = build_efficientnet_lite("lite0", classes=None, seed=2)  # the stem is the same
    first = [model.get_layer("stem_conv").get_weights()[0] for model in (lite2, again, other)]
    np.testing.assert_array_equal(first[0], first[1])
    assert np.abs(first[0] - first[2]).max() > 0


@pytest.mark.parametrize("call", [build_efficientnet_lite, stage_layers])
def test_unknown_variant_is_refused(call):
    with pytest.raises(ValueError, match=r"one of lite0.*Received: 'lite9'"):
        call("lite9")
    assert "lite2" in VARIANTS


def test_no_classes_are_refused():
    with pytest.raises(ValueError, match="at least 1 class"):
        build_efficientnet_lite(classes=0)
