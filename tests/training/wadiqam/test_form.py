"""The form that trains well is folded into the plain network without a change."""

import numpy as np
import pytest

from kiqa.io.weights import Details, export_h5
from kiqa.models.patchnet import build_patchnet
from kiqa.models.wadiqam import build_wadiqam
from kiqa.training.runs.start import start_from
from kiqa.training.wadiqam.form import fold, plain_form, training_form

pytestmark = pytest.mark.usefixtures("eager")
KINDS = [
    {"pooling": "average"},
    {"mode": "fr"},
    {"mode": "fr", "fusion": "difference"},
    {"mode": "fr", "fusion": "concatenation"},
]


@pytest.fixture(scope="module")
def patches():
    return np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


def _inputs(model, patches):
    inputs = [patches.astype(np.float32), patches[::-1].astype(np.float32)]
    return inputs if len(model.inputs) == 2 else inputs[0]


def _side_by_side(network, patches):
    outputs = network.predict(_inputs(network, patches), verbose=0)
    return np.concatenate([outputs[n] for n in ("quality", "weight") if n in outputs], axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("options", KINDS, ids=lambda o: "-".join(o.values()))
def test_folded_network_computes_what_the_form_does(options, patches):
    """Also at the patches' borders, and with statistics far from 0 and 1."""
    network = build_wadiqam(shallow=True, seed=1, **options)
    form = training_form(network, dropout=0.5, patches=patches, mean=0.4, seed=3)
    rng = np.random.default_rng(1)
    norms = [layer for layer in form.layers if layer.name.endswith("_norm")]
    for layer in norms:
        layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    fold(form, network)
    expected = form.predict(_inputs(form, patches), verbose=0)
    np.testing.assert_allclose(_side_by_side(network, patches), expected, rtol=1e-4, atol=1e-4)
    assert len(norms) >= 4 and np.ptp(expected) > 0.01


def test_plain_form_is_the_network(patches):
    """The paper's way: the same layers, the outputs side by side, a rate of one's own."""
    network = build_wadiqam(shallow=True, seed=1)
    form = plain_form(network, dropout=0.25)
    expected = _side_by_side(network, patches)
    np.testing.assert_array_equal(form.predict(_inputs(form, patches), verbose=0), expected)
    assert form.get_layer("quality_dropout").rate == 0.25


def test_form_begins_at_the_mean_score(patches):
    """The quality's bias is the mean; the weight's is alive."""
    network = build_wadiqam(shallow=True, seed=1)
    form = training_form(network, dropout=0.0, patches=patches, mean=0.4, seed=3)
    assert form.get_layer("quality").get_weights()[1] == pytest.approx(0.4)
    assert form.get_layer("weight_raw").get_weights()[1] > 0


@pytest.mark.slow
def test_start_from_a_patchnet_gives_its_features(patches, tmp_path):
    """Inside the patch, the first convolutions answer as Patchnet's do, in form and network."""
    import keras

    patchnet = build_patchnet(seed=5)
    path = tmp_path / "patchnet.h5"
    export_h5(
        patchnet, path, Details(name="patchnet", version="1", scale="0..1", higher_is_better=True)
    )
    network = build_wadiqam(seed=1)
    kept = start_from(network, path)
    assert kept == tuple(f"stage{s}_conv{i}" for s in (1, 2, 3) for i in (1, 2))
    form = training_form(network, dropout=0.5, patches=patches, mean=0.4, seed=3, kept=kept)
    large = np.pad(patches, [(0, 0), (16, 16), (16, 16), (0, 0)]).astype(np.float32)
    until = keras.Model(patchnet.inputs, patchnet.get_layer("group1_conv2").output)
    expected = until.predict(large, verbose=0)[:, 16:44, 16:44]
    assert expected.max() > 0.1
    for model, name in ((network, "stage1_conv2"), (form, "stage1_conv2_relu")):
        layer = keras.Model(model.inputs, model.get_layer(name).output)
        found = layer.predict(_inputs(model, patches), verbose=0)[:, 2:30, 2:30]
        np.testing.assert_allclose(found, expected, atol=1e-3)
    names = {layer.name for layer in form.layers}
    assert "stage3_conv2_norm" not in names and "stage4_conv1_norm" in names


def test_start_of_a_full_reference_network_from_a_no_reference_one(tmp_path):
    """The body is taken, the branches are not."""
    path = tmp_path / "nr.h5"
    nr = build_wadiqam(shallow=True, seed=1)
    export_h5(nr, path, Details(name="nr", version="1", scale="0..1", higher_is_better=True))
    kept = start_from(build_wadiqam(mode="fr", shallow=True), path)
    assert len(kept) == 5 and all(name.startswith("stage") for name in kept)


@pytest.mark.slow
def test_start_from_a_network_of_the_same_kind_continues_it(patches, tmp_path):
    """All layers are taken; the form says of patches what the trained network does."""
    path = tmp_path / "nr.h5"
    trained = build_wadiqam(shallow=True, seed=1)
    export_h5(
        trained, path, Details(name="nr", version="1", scale="0..1", higher_is_better=True),
        full_precision=True,
    )  # fmt: skip
    network = build_wadiqam(shallow=True, seed=2)
    kept = start_from(network, path)
    assert kept == tuple(layer.name for layer in network.layers if layer.weights)
    form = training_form(network, dropout=0.0, patches=patches, mean=0.4, seed=3, kept=kept)
    found = form.predict(_inputs(form, patches), verbose=0)
    np.testing.assert_allclose(found, _side_by_side(trained, patches), rtol=1e-3, atol=1e-3)


def test_start_from_something_else_is_refused(tmp_path):
    """A network without such convolutions is named."""
    import keras

    path = tmp_path / "other.h5"
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="dense")])
    export_h5(model, path, Details(name="other", version="1", scale="0..1", higher_is_better=True))
    with pytest.raises(ValueError, match="dense"):
        start_from(build_wadiqam(shallow=True), path)
