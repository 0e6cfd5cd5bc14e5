"""Networks begin with the weights of trained ones."""

import keras
import numpy as np
import pytest

from kiqa.io.weights import Details, export_h5
from kiqa.models.efficientnet_lite import VARIANTS, build_efficientnet_lite
from kiqa.models.resnet18 import build_resnet18
from kiqa.training.runs.start import freeze_stages, start_efficientnet_lite


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """A stage of a Lite0 is one narrow block."""
    monkeypatch.setitem(VARIANTS, "lite0", (0.25, 0.25))


@pytest.mark.slow
def test_a_converted_efficientnet_lite_is_a_start(tmp_path, eager):
    """Its file has classes, and normalisations that are folded: the features are the same."""
    network = build_efficientnet_lite("lite0", classes=5, seed=1)
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    details = Details("converted", "1", "logits", True, mode="efficientnet-lite", trained_on=())
    file = export_h5(network, tmp_path / "converted.h5", details, full_precision=True)
    body = build_efficientnet_lite("lite0", classes=None, folded=True, seed=2)
    names = start_efficientnet_lite(body, file)
    assert {"stem_conv", "head_conv"} < set(names)
    pixels = rng.integers(0, 256, (1, 64, 64, 3)).astype(np.float32)
    features = keras.Model(network.inputs[0], network.get_layer("head_relu6").output)
    wanted = features.predict_on_batch(pixels)
    assert wanted.std() > 0.01
    np.testing.assert_allclose(body.predict_on_batch(pixels), wanted, atol=2e-3)


@pytest.mark.slow
def test_another_network_is_no_start(tmp_path):
    """Nothing of it is taken in silence."""
    inputs = keras.Input((8,))
    other = keras.Model(inputs, keras.layers.Dense(2, name="hidden")(inputs))
    file = export_h5(other, tmp_path / "other.h5", Details("other", "1", "0..1", True, mode="x"))
    body = build_efficientnet_lite("lite0", classes=None, folded=True, seed=2)
    with pytest.raises(ValueError, match=r"another network of kiqa on EfficientNet-Lite2.*hidden"):
        start_efficientnet_lite(body, file)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["resnet18", "efficientnet-lite"])
def test_stem_and_first_stages_are_frozen(kind):
    """All layers up to the second stage's last, and none behind; of no stage nothing."""
    if kind == "resnet18":
        body, first = build_resnet18(seed=1), ("conv1", "bn1", "layer1.", "layer2.")
    else:
        body = build_efficientnet_lite("lite0", classes=None, seed=1)
        first = ("stem", "stage1_", "stage2_")
    freeze_stages(body, 0)
    assert all(layer.trainable for layer in body.layers)
    freeze_stages(body, 2)
    weighty = [layer for layer in body.layers if layer.weights]
    frozen = [layer.name for layer in weighty if not layer.trainable]
    assert frozen == [layer.name for layer in weighty if layer.name.startswith(first)]
    assert 0 < len(frozen) < len(weighty)
