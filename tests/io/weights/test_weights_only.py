"""Weights without an architecture: set by order, after the checks of every other file."""

import warnings

import h5py
import keras
import numpy as np
import pytest

from kiqa.io.weights import Details, WeightsError, export_h5, holds_weights_only, load_weights

ABOUT = Details("net", "1", "0..1", higher_is_better=True)


def _network(names="ab", seed=0, width=3):
    """Two layers with weights, one of which has statistics."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((4,))
    x = keras.layers.Dense(width, name=names[0])(inputs)
    return keras.Model(inputs, keras.layers.BatchNormalization(name=names[1])(x))


@pytest.fixture
def alone(tmp_path):
    """A file of weights only, as the older Keras writes it, and its arrays."""
    model = _network(seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / "whole.h5")
    with h5py.File(tmp_path / "whole.h5") as whole, h5py.File(tmp_path / "w.h5", "w") as file:
        for name, group in whole["model_weights"].items():
            whole.copy(group, file, name)
        for key, value in whole["model_weights"].attrs.items():
            file.attrs[key] = value
    return tmp_path / "w.h5", model.get_weights()


def _same(model, arrays):
    return all(np.array_equal(a, b) for a, b in zip(model.get_weights(), arrays, strict=True))


def test_weights_are_set_by_order(alone):
    """Under whatever names the layers have, as Keras does."""
    path, arrays = alone
    assert holds_weights_only(path)
    model = _network(names="cd")
    load_weights(model, path)
    assert _same(model, arrays)


def test_a_whole_file_gives_its_weights_too(tmp_path):
    """Of kiqa or of Keras."""
    source = _network(seed=2)
    path = export_h5(source, tmp_path / "whole.h5", ABOUT)
    assert not holds_weights_only(path)
    model = _network()
    load_weights(model, path)
    assert _same(model, source.get_weights())


def _linked(file):
    del file["a/a/kernel"]
    file["a/a/kernel"] = h5py.ExternalLink("other.h5", "/x")


def _huge(file):
    del file["a/a/kernel"]
    file.create_dataset("a/a/kernel", (100_000, 100_000), "f4")


def _not_finite(file):
    file["a/a/kernel"][...] = np.nan


def _texts(file):
    del file["a/a/kernel"]
    file["a/a/kernel"] = np.array([b"x" * 9])


@pytest.mark.parametrize("damage", [_linked, _huge, _not_finite, _texts])
def test_the_file_is_not_trusted(alone, damage):
    """Links, gigabytes without data, numbers that are none; the network stays as it was."""
    path, _ = alone
    with h5py.File(path, "r+") as file:
        damage(file)
    model = _network()
    before = model.get_weights()
    with pytest.raises(WeightsError, match=r"w\.h5: Expected"):
        load_weights(model, path)
    assert _same(model, before)


def test_other_shapes_are_named(alone, tmp_path):
    """The first that differs; and a file that is none."""
    path, _ = alone
    with pytest.raises(WeightsError, match=r"6 tensors .* first a/kernel is \(4, 3\) for \(4, 5\)"):
        load_weights(_network(width=5), path)
    (tmp_path / "text.h5").write_text("no network")
    for function in (holds_weights_only, lambda file: load_weights(_network(), file)):
        with pytest.raises(WeightsError, match=r"text\.h5"):
            function(tmp_path / "text.h5")
    with pytest.raises(FileNotFoundError, match=r"gone\.h5"):
        load_weights(_network(), tmp_path / "gone.h5")
