"""DIQaM and WaDIQaM: parameters, names, fusions, independence of patches."""

import numpy as np
import pytest

from kiqa.io.weights import Details, export_h5, load_model
from kiqa.models import builder
from kiqa.models.wadiqam import build_wadiqam


@pytest.fixture(scope="module")
def nr():
    return build_wadiqam(seed=3)


@pytest.fixture(scope="module")
def fr():
    return build_wadiqam(mode="fr", shallow=True, seed=4)


@pytest.fixture(scope="module")
def patches():
    return np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"mode": "fr", "pooling": "average"}, 5_499_681),
        ({"mode": "fr", "pooling": "weighted"}, 6_287_138),
        ({"mode": "nr", "pooling": "average"}, 4_975_393),
        ({"mode": "nr", "pooling": "weighted"}, 5_238_562),
        ({"mode": "fr", "pooling": "average", "fusion": "concatenation"}, 5_237_537),
        ({"mode": "fr", "pooling": "weighted", "fusion": "difference"}, 5_238_562),
        # 397,664 of convolutions and two branches 768 -> 256 -> 1: the paper's "~790k".
        ({"mode": "fr", "shallow": True}, 397_664 + 2 * (768 * 256 + 256 + 256 + 1)),
    ],
    ids=lambda value: None if isinstance(value, int) else "-".join(map(str, value.values())),
)
def test_parameter_counts_are_those_of_the_paper(options, count):
    """By hand: convolutions 4,712,224, branches of 787,457 or 263,169."""
    assert build_wadiqam(**options).count_params() == count


def test_names_and_shapes_are_the_file_format(nr):
    """Changing a name or a shape needs a new weights file."""
    widths = (3, 32, 32, 64, 64, 128, 128, 256, 256, 512, 512)
    convolutions = [
        (f"stage{i // 2 + 1}_conv{i % 2 + 1}", [(3, 3, widths[i], widths[i + 1]), (widths[i + 1],)])
        for i in range(10)
    ]
    found = [(layer.name, [tuple(w.shape) for w in layer.weights]) for layer in nr.layers]
    named = dict(entry for entry in found if entry[1])
    assert named == dict(
        [
            *convolutions,
            ("quality_hidden", [(512, 512), (512,)]),
            ("quality", [(512, 1), (1,)]),
            ("weight_raw_hidden", [(512, 512), (512,)]),
            ("weight_raw", [(512, 1), (1,)]),
        ]
    )
    assert [name for name in named if name.startswith("stage")] == [c[0] for c in convolutions]


@pytest.mark.slow
def test_outputs_are_a_quality_and_a_positive_weight(nr, patches):
    """One number of each kind a patch; a weight is at least 1e-6, and reaches it."""
    outputs = nr.predict(patches, verbose=0)
    assert {name: value.shape for name, value in outputs.items()} == {
        "quality": (5, 1),
        "weight": (5, 1),
    }
    kernel, bias = nr.get_layer("weight_raw").get_weights()
    dead = build_wadiqam(seed=3)
    dead.get_layer("weight_raw").set_weights([np.zeros_like(kernel), bias - 1])
    np.testing.assert_allclose(dead.predict(patches, verbose=0)["weight"], 1e-6)
    assert outputs["quality"].std() > 0


def test_average_pooling_has_no_weight():
    """DIQaM has one branch and one output."""
    model = build_wadiqam(pooling="average", shallow=True)
    assert sorted(model.output) == ["quality"]
    assert model.name == "diqam_nr"


def test_patches_do_not_talk(nr, patches):
    """Permuting the batch permutes the outputs."""
    order = np.array([3, 0, 4, 1, 2])
    plain, permuted = nr.predict(patches, verbose=0), nr.predict(patches[order], verbose=0)
    for name, values in plain.items():
        np.testing.assert_allclose(permuted[name], values[order], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("fusion", ["difference", "concatenation", "both"])
def test_both_patches_run_through_the_same_layers(patches, fusion):
    """Features of equal patches are equal: their difference vanishes, halves repeat."""
    import keras

    model = build_wadiqam(mode="fr", shallow=True, fusion=fusion, seed=1)
    hidden = model.get_layer("quality_hidden").input
    joined = keras.Model(model.inputs, hidden).predict([patches, patches], verbose=0)
    names = {"difference": 1, "concatenation": 2, "both": 3}
    assert joined.shape == (5, 256 * names[fusion])
    if fusion != "concatenation":
        np.testing.assert_allclose(joined[:, :256], 0, atol=1e-3)
    if fusion != "difference":
        np.testing.assert_allclose(joined[:, -512:-256], joined[:, -256:], rtol=1e-5)


def test_inputs_of_the_full_reference_network_are_named(fr, patches):
    """Exchanging distorted and reference patch changes the quality."""
    assert [tensor.name for tensor in fr.inputs] == ["distorted", "reference"]
    one = fr.predict({"distorted": patches, "reference": patches[::-1]}, verbose=0)["quality"]
    two = fr.predict([patches[::-1], patches], verbose=0)["quality"]
    assert np.abs(one - two).max() > 1e-3


@pytest.mark.slow
def test_file_round_trip_keeps_branches_apart(fr, patches, tmp_path):
    """The .h5 gives the same quality and the same weight: heads are not exchanged."""
    path = tmp_path / "wadiqam-fr.h5"
    export_h5(
        fr, path, Details(name="wadiqam-fr", version="1", scale="0..1", higher_is_better=True)
    )
    inputs = [patches, patches[::-1]]
    again, first = load_model(path).predict(inputs, verbose=0), fr.predict(inputs, verbose=0)
    for name in ("quality", "weight"):
        np.testing.assert_allclose(again[name], first[name], rtol=1e-5, atol=1e-5)
    assert np.abs(first["quality"] - first["weight"]).max() > 1e-3


def test_a_seed_makes_the_same_weights_again():
    """Equal seeds give equal weights, other seeds and layers others."""
    first, again, other = (
        build_wadiqam(shallow=True, seed=seed).get_weights() for seed in (1, 1, 2)
    )
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert np.abs(first[0] - other[0]).max() > 0
    assert np.abs(first[-4] - first[-8]).max() > 0  # two layers of one shape


@pytest.mark.parametrize("option", ["mode", "pooling", "fusion"])
def test_refuses_unknown_options(option):
    """The option and its choices are named."""
    with pytest.raises(ValueError, match=f"Expected {option} to be one of .*'max'"):
        build_wadiqam(**{option: "max"})


def test_registry_knows_it():
    """The model is found by name."""
    assert builder("wadiqam") is build_wadiqam
