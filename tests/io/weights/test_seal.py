"""The checksum of a weights file."""

import json

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from kiqa.io.weights import (
    Details,
    WeightsError,
    export_h5,
    load_model,
    read_info,
    rewrite_details,
    write_manifest_entry,
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Bytes of a small file, and an input with its output."""
    x = keras.Input((6,), name="features")
    y = layers.Dense(4, activation="relu", name="hidden")(x)
    model = keras.Model(x, layers.Dense(1, name="score")(y), name="net")
    path = export_h5(
        model, tmp_path_factory.mktemp("seal") / "net.h5", Details("net", "1", "0..1", True)
    )
    probe = np.random.default_rng(0).uniform(0, 1, (3, 6)).astype("f4")
    return path.read_bytes(), probe, np.asarray(model(probe))


@pytest.fixture
def file(tmp_path, exported):
    """A copy of it to damage."""
    (tmp_path / "net.h5").write_bytes(exported[0])
    return tmp_path / "net.h5"


def _change(path, change):
    with h5py.File(path, "r+") as content:
        change(content)


def _value(content):
    content["model_weights/score/score/kernel"][0] += np.float32(2**-10)


def _dtype(content):
    kernel = content["model_weights/score/score/kernel"][()]
    del content["model_weights/score/score/kernel"]
    content["model_weights/score/score/kernel"] = kernel.astype(">f4")


def _activation(content):
    text = content.attrs["model_config"]
    content.attrs["model_config"] = text.replace('"relu"', '"selu"')


def _direction(content):
    text = content.attrs["kiqa"]
    content.attrs["kiqa"] = text.replace("true", "false")


@pytest.mark.parametrize("change", [_value, _dtype, _activation, _direction])
def test_what_a_file_says_and_holds_is_sealed(file, change):
    """A value, the kind of numbers, the architecture, the description."""
    _change(file, change)
    with pytest.raises(WeightsError, match=r"net\.h5: Expected a content of checksum"):
        load_model(file)


def test_damage_is_never_sealed_again(file, tmp_path):
    """Another description and an entry in a manifest are for whole files."""
    _change(file, _value)
    damaged = file.read_bytes()
    with pytest.raises(WeightsError, match="checksum"):
        rewrite_details(file, Details("other", "1", "0..1", True))
    with pytest.raises(WeightsError, match="checksum"):
        write_manifest_entry(tmp_path / "manifest.json", file, builder="b", card="c")
    assert file.read_bytes() == damaged
    assert [path.name for path in tmp_path.iterdir()] == ["net.h5"]


def test_files_without_a_checksum_load(file, exported):
    """Those of kiqa 0.1.0; the checksum is no part of the description."""
    assert not hasattr(read_info(file).details, "checksum")

    def unseal(content):
        values = json.loads(content.attrs["kiqa"])
        assert len(values.pop("checksum")) == 64
        content.attrs["kiqa"] = json.dumps(values)

    _change(file, unseal)
    _, probe, expected = exported
    np.testing.assert_array_equal(np.asarray(load_model(file)(probe)), expected)
