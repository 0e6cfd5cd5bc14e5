"""``kiqa export``: what it says, its exit status, and what it refuses."""

import os

import pytest

from kiqa.cli.main import main
from kiqa.export import command, formats
from kiqa.export.formats import FORMATS
from kiqa.export.quantising import QUANTISATIONS


def test_it_says_what_it_wrote(small, tmp_path, capsys):
    """Model, format, number of networks, size and difference in one line."""
    output = str(tmp_path / "out")
    model = str(small("lite"))
    assert main(["export", model, "--format", "keras", "--output", output]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{output}: small-lite as keras, 1 network, 0.0 MB, largest relative ")
    assert out.count("\n") == 1 and err == ""
    assert "kiqa.json" in os.listdir(output)


def test_formats_are_those_of_the_package():
    """The parser loads no format to list them."""
    assert command._FORMATS == tuple(FORMATS)
    assert command._QUANTISATIONS == tuple(QUANTISATIONS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lite", "--output", "there"], "which exists"),
        (["psnr", "--output", "new"], "psnr, a formula"),
        (["niqe", "--output", "new"], "niqe, a distance"),
        (["gone.h5", "--output", "new"], "gone.h5"),
        (["lite", "--output", "file/new"], "file"),
        (["lite", "--output", "new", "--quantise", "int8"], "int8 for onnx or litert"),
    ],
)
def test_errors_are_one_line_and_status_2(tmp_path, monkeypatch, capsys, arguments, said):
    """And nothing is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()
    assert main(["export", *arguments, "--format", "keras"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert sorted(os.listdir(tmp_path)) == ["file", "there"]


def test_a_missing_extra_says_what_to_install(tmp_path, monkeypatch, capsys):
    """Status 2, before the model is loaded."""
    monkeypatch.setattr(formats.util, "find_spec", lambda module: None)
    arguments = ["export", "lite", "--format", "onnx", "--output", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "pip install 'kiqa[onnx]'" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("arguments", [["lite", "--output", "x"], ["lite", "--format", "onnx"]])
def test_usage_errors_are_status_2(arguments):
    """A format and an output are needed."""
    with pytest.raises(SystemExit) as stop:
        main(["export", *arguments])
    assert stop.value.code == 2


def test_help_loads_no_library(loaded_by_help):
    """Neither Keras nor a format's."""
    loaded, text = loaded_by_help("kiqa.cli.main", "export")
    assert "saved-model" in text
    assert not loaded & {"keras", "tensorflow", "onnx", "onnxruntime", "numpy", "h5py"}
