"""A whole export: files, kiqa.json, and what is refused."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

import kiqa
from kiqa.export import exported
from kiqa.export.comparison import TOLERANCE, made_images
from kiqa.export.exported import ExportError, export
from kiqa.export.formats import FORMATS
from kiqa.export.quantising import Quantiser
from kiqa.io.files import sha256_of
from kiqa.io.outputs import OutputError
from kiqa.io.weights import WeightsError, read_info


def test_a_folder_holds_networks_and_their_description(small, tmp_path):
    """Hashes, scale, direction, steps, shapes and the difference found."""
    found = export(small("lite"), tmp_path / "out", format="keras")
    assert sorted(os.listdir(tmp_path / "out")) == ["kiqa.json", "small-lite.keras"]
    about = json.loads((tmp_path / "out" / "kiqa.json").read_text())
    assert about == found.description
    assert about["model"] == "small-lite" and about["format"] == "keras"
    assert about["scale"] == "0..1" and about["higher_is_better"] is True
    assert about["sha256"] == sha256_of(small("lite")) == read_info(small("lite")).sha256
    assert about["input"] == {
        "channels": "RGB",
        "range": [0, 255],
        "layout": "batch, height, width, channels",
        "least_side": 32,
        "reference": False,
    }
    assert [step["step"] for step in about["before"] + about["after"]] == ["resize", "run"]
    (part,) = about["parts"].values()
    assert part["file"] == "small-lite.keras"
    assert part["sha256"] == sha256_of(tmp_path / "out" / "small-lite.keras")
    assert part["inputs"] == [{"name": "image", "shape": [None, None, None, 3], "type": "float32"}]
    assert [each["shape"] for each in part["outputs"]] == [[None, 1]]
    assert part["difference"]["relative"] == found.difference < TOLERANCE
    assert len(part["difference"]["compared_on"]) == len(list(made_images(32)))
    assert found.size == sum(path.stat().st_size for path in (tmp_path / "out").iterdir())


def test_a_pair_and_a_saved_model(small, tmp_path):
    """Outputs are told apart by what they are; a folder has no hash."""
    about = export(small("wadiqam-fr"), tmp_path / "out").description
    (part,) = about["parts"].values()
    assert about["format"] == "saved-model" and about["input"]["reference"] is True
    assert part["file"] == "small-wadiqam-fr" and "sha256" not in part
    assert [each["name"] for each in part["inputs"]] == ["image", "a_reference"]
    assert [each["is"] for each in part["outputs"]] == ["quality", "weight"]
    assert about["after"][-1]["step"] == "weighted mean"
    assert (tmp_path / "out" / "small-wadiqam-fr" / "saved_model.pb").is_file()


def test_module_and_function_share_a_name(small, tmp_path):
    """``kiqa.export`` is callable before and after its parts are imported."""
    assert kiqa.export(small("patch"), tmp_path / "a", format="keras").folder.is_dir()
    assert kiqa.export.FORMATS is FORMATS and "export" in dir(kiqa.export)
    assert kiqa.export.export is export
    with pytest.raises(AttributeError, match="no attribute 'imports'"):
        getattr(kiqa.export, "imports")  # noqa: B009


@pytest.mark.parametrize("there", ["folder", "file"])
def test_an_output_that_exists_is_refused(small, tmp_path, there):
    """And stays as it is."""
    output = tmp_path / "out"
    output.mkdir() if there == "folder" else output.write_text("mine")
    with pytest.raises(OutputError, match="which exists"):
        export(small("patch"), output, format="keras")
    assert os.listdir(tmp_path) == ["out"]
    assert os.listdir(output) == [] if there == "folder" else output.read_text() == "mine"


def test_a_copy_that_computes_something_else_is_refused(small, tmp_path, monkeypatch):
    """With the difference; nothing is left."""
    form = FORMATS["keras"]

    def off(path):
        opened = form.open(path)
        return replace(opened, run=lambda x: [y * np.float32(1.001) for y in opened.run(x)])

    monkeypatch.setitem(exported.FORMATS, "keras", replace(form, open=off))
    with pytest.raises(ExportError, match=r"small-patch in keras within 0.0001.*0.001\."):
        export(small("patch"), tmp_path / "out", format="keras")
    assert os.listdir(tmp_path) == []


def test_a_quantised_copy_may_differ_and_says_so(small, tmp_path, monkeypatch):
    """It is not refused; kiqa.json has the difference, and what was quantised."""
    form, seen = FORMATS["keras"], []

    def off(path):
        opened = form.open(path)
        return replace(opened, run=lambda x: [y * np.float32(1.01) for y in opened.run(x)])

    monkeypatch.setitem(
        exported.FORMATS, "keras", replace(form, open=off, quantiser=Quantiser(seen.append))
    )
    found = export(small("patch"), tmp_path / "out", format="keras", quantise="int8")
    assert [path.name for path in seen] == ["small-patch.keras"]
    assert found.difference == pytest.approx(0.01, rel=0.01)
    about = json.loads((tmp_path / "out" / "kiqa.json").read_text())
    assert about["quantisation"]["activations"] == "float32"
    assert "int8" in about["quantisation"]["weights"]


@pytest.mark.parametrize(("name", "kind"), [("keras", "int8"), ("onnx", "int4")])
def test_what_cannot_be_quantised_is_refused(small, tmp_path, name, kind):
    """A format that holds no eight bits, and other numbers of bits."""
    with pytest.raises(ValueError, match=f"int8 for onnx or litert.*'{kind}' for {name}"):
        export(small("patch"), tmp_path / "out", format=name, quantise=kind)
    assert os.listdir(tmp_path) == []


def test_a_layer_that_a_format_cannot_hold_is_named(small, tmp_path, monkeypatch):
    """As the converter's error names it, in one line; nothing is left."""

    def refuse(network, path):
        raise RuntimeError("op requires static shape\nat functional/a_convolution/convolution")

    monkeypatch.setitem(exported.FORMATS, "keras", replace(FORMATS["keras"], write=refuse))
    with pytest.raises(ExportError, match="small-patch, layer a_convolution: op requires") as found:
        export(small("patch"), tmp_path / "out", format="keras")
    assert "\n" not in str(found.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Not to FlatBuffer.<unknown>:0: error: loc(fused['a', '/b/c']): 'tf.X' op is none"
         "\n<unknown>:0: note: loc('b'): called from\n", "Not to FlatBuffer. 'tf.X' op is none"),
        ("Not to FlatBuffer. loc(fused['a'", "Not to FlatBuffer."),
        ("Two lines,\nwithout places", "Two lines, without places"),
    ],
)  # fmt: skip
def test_a_converters_reason_has_no_places_of_its_graph(said, told):
    """The first of its reasons, in a line."""
    assert exported._reason(said) == told


@pytest.mark.slow
def test_a_layer_is_found_in_a_converters_error(tmp_path, capfd, monkeypatch):
    """LiteRT has no average over three axes of its own."""
    pytest.importorskip("ai_edge_litert", reason="needs kiqa[litert]")
    import keras

    image = keras.Input((4, 8, 8, 1), name="image")
    x = keras.layers.Conv3D(2, 3, padding="same", name="convolution")(image)
    network = keras.Model(image, keras.layers.AveragePooling3D(2, name="averaged")(x))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    capfd.readouterr()
    with pytest.raises(Exception, match="AvgPool3D") as found:  # noqa: PT011 its kind is TensorFlow's
        FORMATS["litert"].write(network, tmp_path / "network.tflite")
    assert exported._layer_in(str(found.value), network) == ", layer averaged"
    assert exported._layer_in("Out of disk.", network) == ""
    reason = exported._reason(str(found.value))
    assert "AvgPool3D" in reason and "loc(" not in reason and len(reason) < 200
    assert "loc(" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("model", "error", "said"),
    [
        ("psnr", WeightsError, "psnr, a formula"),
        ("brisque", WeightsError, "statistics"),
        ("paq2piq_rm_head", WeightsError, "a part of paq2piq_rm.h5"),
        ("nothing", WeightsError, "nothing"),
        ("gone.h5", FileNotFoundError, "gone.h5"),
    ],
)
def test_models_that_cannot_be_exported(tmp_path, model, error, said):
    """Are named; nothing is left."""
    with pytest.raises(error, match=said):
        export(model, tmp_path / "out", format="keras")
    assert os.listdir(tmp_path) == []


def test_an_unknown_format_is_named(tmp_path):
    """With those there are."""
    with pytest.raises(ValueError, match="saved-model, onnx, litert, keras.*'caffe'"):
        export("lite", tmp_path / "out", format="caffe")


# benchmarks/export.py tries all models in all formats.
WHOLE = [("patchnet", "onnx"), ("wadiqam_fr", "litert"), ("paq2piq_rm", "saved-model")]


@pytest.mark.slow
@pytest.mark.parametrize(("model", "name"), WHOLE)
def test_shipped_models_stay_what_they_are(tmp_path, model, name):
    """Two networks or one, with a reference or without, in three formats."""
    for module in FORMATS[name].modules:
        pytest.importorskip(module, reason=f"needs kiqa[{FORMATS[name].extra}]")
    found = export(model, tmp_path / "out", format=name)
    assert found.difference <= TOLERANCE
    files = {path.name for path in found.folder.iterdir()}
    assert files == {part["file"] for part in found.description["parts"].values()} | {"kiqa.json"}
    sources = {part["source"]["sha256"] for part in found.description["parts"].values()}
    assert read_info(model).sha256 in sources
