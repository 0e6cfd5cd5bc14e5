"""Each format, by small networks."""

import importlib.util
import logging
import os
import warnings

import numpy as np
import pytest

from kiqa.export import formats
from kiqa.export.comparison import TOLERANCE, largest_difference, outputs_of
from kiqa.export.formats import FORMATS, check_installed
from kiqa.export.parts import system_of
from kiqa.io.weights import read_info


def available(name):
    """Skip where the libraries of a format are not installed."""
    for module in FORMATS[name].modules:
        pytest.importorskip(module, reason=f"needs kiqa[{FORMATS[name].extra}]")


def _called(part):
    """Run a network once, which Keras wants before it exports."""
    inputs = part.network.inputs
    outputs_of(part, [np.zeros((1, *(side or 16 for side in x.shape[1:])), "f4") for x in inputs])


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("saved-model", "lite"),
        ("saved-model", "wadiqam-fr"),
        ("keras", "wadiqam-fr"),
        pytest.param("onnx", "lite", marks=pytest.mark.slow),
        pytest.param("onnx", "wadiqam-fr", marks=pytest.mark.slow),
        pytest.param("litert", "lite", marks=pytest.mark.slow),
        pytest.param("litert", "wadiqam-fr", marks=pytest.mark.slow),
    ],
)
def test_a_network_is_what_it_was(small, tmp_path, name, mode):
    """Same outputs, any batch, any size where the network has it; inputs and outputs by name."""
    available(name)
    system = system_of(read_info(small(mode)))
    (part,) = system.parts
    _called(part)
    path = tmp_path / f"network{FORMATS[name].ending}"
    FORMATS[name].write(part.network, path)
    opened = FORMATS[name].open(path)
    assert opened.inputs == {x.name: tuple(x.shape) for x in part.network.inputs}
    assert opened.batches
    if mode == "wadiqam-fr":
        assert opened.outputs == ("quality", "weight")
    assert largest_difference(part, opened, system).relative < TOLERANCE


@pytest.mark.slow
def test_a_recurrent_network_takes_one_sequence_in_litert(tmp_path):
    """Of any length; the lists of its loop must know the batch."""
    available("litert")
    import keras

    x = keras.Input((None, 3), name="features")
    y = keras.layers.GRU(4, name="gru")(keras.layers.Masking(-1.0, name="padding")(x))
    network = keras.Model(x, keras.layers.Dense(1, name="score")(y))
    rng = np.random.default_rng(0)
    FORMATS["litert"].write(network, tmp_path / "network.tflite")
    opened = FORMATS["litert"].open(tmp_path / "network.tflite")
    assert opened.inputs == {"features": (1, None, 3)} and not opened.batches
    for steps in (2, 5):
        values = rng.normal(size=(1, steps, 3)).astype(np.float32)
        np.testing.assert_allclose(
            opened.run({"features": values})[0], np.asarray(network(values)), rtol=1e-5
        )


@pytest.mark.parametrize("name", ["onnx", "litert"])
def test_what_is_missing_is_said_with_its_extra(monkeypatch, name):
    """Before anything is loaded."""
    monkeypatch.setattr(formats.util, "find_spec", lambda module: None)
    with pytest.raises(ImportError, match=rf"no {FORMATS[name].modules[0]}.*kiqa\[{name}\]"):
        check_installed(name)


def test_what_quantises_is_asked_for_only_when_it_is_needed(monkeypatch):
    """LiteRT's quantiser is a package of its own."""
    absent = FORMATS["litert"].quantiser.modules
    monkeypatch.setattr(formats.util, "find_spec", lambda module: None if module in absent else 1)
    check_installed("litert")
    with pytest.raises(ImportError, match=r"no ai_edge_quantizer.*kiqa\[litert\]"):
        check_installed("litert", quantise=True)


def test_formats_of_tensorflow_and_keras_need_nothing(monkeypatch):
    """No extra."""
    monkeypatch.setattr(formats.util, "find_spec", lambda module: None)
    check_installed("saved-model")
    check_installed("keras")


def test_libraries_are_silenced_for_the_block_only(monkeypatch, capfd):
    """Their log lines, warnings and native lines, and nobody else's afterwards."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    logger = logging.getLogger("tf2onnx")
    before = logger.level
    with formats._silent():
        warnings.warn("of a library", FutureWarning, stacklevel=1)
        assert not logger.isEnabledFor(logging.ERROR)
        os.write(2, b"loc(callsite(fused\n")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"
    assert logger.level == before
    with pytest.warns(FutureWarning):
        warnings.warn("afterwards", FutureWarning, stacklevel=1)


def test_extras_name_what_the_formats_import():
    """A module of each extra is what `check_installed` looks for."""
    assert importlib.util.find_spec("tensorflow")
    assert {form.extra for form in FORMATS.values() if form.modules} == {"onnx", "litert"}
