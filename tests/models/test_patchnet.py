"""Patchnet: layers, parameters, range, independence of patches."""

import numpy as np
import pytest

from kiqa.models.patchnet import build_patchnet


@pytest.fixture(scope="module")
def patchnet():
    return build_patchnet(seed=3)


@pytest.fixture(scope="module")
def patches():
    return np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)


def test_has_the_fourteen_layers_of_the_thesis(patchnet):
    """Seven convolutions, three max poolings, four dense layers: 14."""
    kinds = [type(layer).__name__ for layer in patchnet.layers]
    assert kinds.count("Conv2D") == 7
    assert kinds.count("MaxPooling2D") == 3
    assert kinds.count("Dense") == 4


def test_names_and_shapes_are_the_file_format(patchnet):
    """Changing a name or a shape needs a new weights file."""
    found = [(layer.name, [tuple(w.shape) for w in layer.weights]) for layer in patchnet.layers]
    assert [entry for entry in found if entry[1]] == [
        ("group1_conv1", [(3, 3, 3, 32), (32,)]),
        ("group1_conv2", [(3, 3, 32, 32), (32,)]),
        ("group2_conv1", [(3, 3, 32, 64), (64,)]),
        ("group2_conv2", [(3, 3, 64, 64), (64,)]),
        ("group3_conv1", [(3, 3, 64, 128), (128,)]),
        ("group3_conv2", [(3, 3, 128, 128), (128,)]),
        ("group3_conv3", [(3, 3, 128, 128), (128,)]),
        ("dense1", [(1152, 1024), (1024,)]),
        ("dense2", [(1024, 16), (16,)]),
        ("dense3", [(16, 8), (8,)]),
        ("quality", [(8, 1), (1,)]),
    ]


def test_parameter_count_is_that_of_facts(patchnet):
    """1,631,809 with valid padding, 8,840,769 with same, counted by hand."""
    assert patchnet.count_params() == 1_631_809
    assert build_patchnet(padding="same").count_params() == 8_840_769


def test_quality_lies_between_zero_and_one(patchnet, patches):
    """A sigmoid ends the network; random weights give no constant."""
    quality = patchnet.predict(patches, verbose=0)
    assert quality.shape == (5, 1)
    assert quality.min() > 0 and quality.max() < 1
    assert quality.std() > 0


def test_patches_do_not_talk(patchnet, patches):
    """Permuting the batch permutes the outputs."""
    order = np.array([3, 0, 4, 1, 2])
    plain = patchnet.predict(patches, verbose=0)
    np.testing.assert_allclose(patchnet.predict(patches[order], verbose=0), plain[order], atol=1e-6)


def test_last_four_rows_and_columns_are_unseen(patchnet, patches):
    """The receptive field is 60x60 pixels of the 64x64 patch."""
    changed = patches.copy()
    changed[:, 60:] = 255 - changed[:, 60:]
    changed[:, :, 60:] = 255 - changed[:, :, 60:]
    plain = patchnet.predict(patches, verbose=0)
    np.testing.assert_array_equal(patchnet.predict(changed, verbose=0), plain)
    changed[:, 59, 59] = 255 - changed[:, 59, 59]
    assert np.abs(patchnet.predict(changed, verbose=0) - plain).max() > 0


def test_a_seed_makes_the_same_weights_again():
    """Equal seeds give equal weights, other seeds and layers others."""
    first, again, other = (build_patchnet(seed=seed).get_weights() for seed in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert np.abs(first[0] - other[0]).max() > 0
    assert np.abs(first[10] - first[12]).max() > 0  # two layers of one shape


@pytest.mark.parametrize(
    ("options", "message"),
    [({"padding": "reflect"}, "'valid' or 'same'"), ({"patch": 20}, "larger patch")],
)
def test_refuses_what_it_cannot_build(options, message):
    """Wrong padding and too small patches are named."""
    with pytest.raises(ValueError, match=message):
        build_patchnet(**options)
