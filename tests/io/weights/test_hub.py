"""Networks of the Hugging Face Hub: a stand-in for the download."""

import warnings
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

import kiqa
from kiqa.io.weights import WeightsError
from kiqa.io.weights.hub import is_address


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The function ``hub(network) -> address``; Keras finds the network there."""
    from keras.src.saving import saving_lib

    def upload(network):
        with warnings.catch_warnings(action="ignore"):  # Keras's own, of NumPy's __array__
            network.save(tmp_path / "network.keras")
        with zipfile.ZipFile(tmp_path / "network.keras") as archive:
            archive.extractall(tmp_path / "someone" / "network")
        return "hf://someone/network"

    def download(repo_id, **_):
        return str(tmp_path / repo_id)

    stand_in = SimpleNamespace(snapshot_download=download)
    monkeypatch.setattr(saving_lib, "huggingface_hub", stand_in)
    return upload


def test_a_network_of_the_hub_is_loaded(hub):
    """With its weights, uncompiled."""
    import keras

    image = keras.Input((None, None, 3), name="image")
    x = keras.layers.Conv2D(2, 3, activation="relu", name="convolution")(image)
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    network = keras.Model(image, keras.layers.Dense(1, name="score")(x))
    network.compile(loss="mse")
    loaded = kiqa.load_model(hub(network))
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 20, 30, 3)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(loaded(pixels)), np.asarray(network(pixels)), rtol=1e-6)
    assert not loaded.compiled


def test_other_layers_are_refused(hub):
    """What no file of ours may hold comes from nowhere else; the address is named."""
    import keras

    text = keras.Input((1,), dtype="int64")
    network = keras.Model(text, keras.layers.IntegerLookup(vocabulary=[1, 2], name="words")(text))
    with pytest.raises(WeightsError, match="hf://someone/network.*words"):
        kiqa.load_model(hub(network))


def test_without_the_library_it_is_named(monkeypatch):
    """As Keras names it."""
    from keras.src.saving import saving_lib

    monkeypatch.setattr(saving_lib, "huggingface_hub", None)
    with pytest.raises(ImportError, match="huggingface_hub"):
        kiqa.load_model("hf://someone/network")


def test_only_addresses_are_addresses(tmp_path):
    """Not names, nor files."""
    assert is_address("hf://a/b")
    assert not any(map(is_address, ("lite", "hf/lite.h5", tmp_path / "hf:")))
