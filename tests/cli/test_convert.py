"""``kiqa convert``: options, what it says, and its exit status."""

from pkgutil import resolve_name

import h5py
import pytest

from kiqa.cli import convert
from kiqa.cli.main import main
from kiqa.convert import CONVERTERS
from kiqa.io.weights import read_info


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A deepIQA file of zeros without reference; its name says nothing."""
    path = tmp_path_factory.mktemp("deepiqa") / "zeros.model"
    channels = 3
    with h5py.File(path, "w") as file:
        for index, width in enumerate((32, 32, 64, 64, 128, 128, 256, 256, 512, 512), 1):
            file[f"conv{index}/W"] = file.create_dataset(
                None, (width, channels, 3, 3), "f4", compression=1
            )
            file[f"conv{index}/b"] = file.create_dataset(None, (width,), "f4")
            channels = width
        for name, shape in (("fc1", (512, 512)), ("fc2", (1, 512))):
            for branch in ("", "_a"):
                file[f"{name}{branch}/W"] = file.create_dataset(None, shape, "f4", compression=1)
                file[f"{name}{branch}/b"] = file.create_dataset(None, shape[:1], "f4")
    return path


@pytest.mark.slow
def test_convert_says_what_it_wrote(checkpoint, tmp_path, capsys):
    """Mode, pooling, scale and direction in one line; nothing on stderr."""
    output = str(tmp_path / "zeros.h5")
    arguments = ["convert", "deepiqa", str(checkpoint), "--pooling", "weighted", "--output", output]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    line = "wadiqam-nr, pooling weighted, scale 0..100 DMOS, lower is better"
    assert out == f"{output}: {line}\n"
    assert err == ""
    assert read_info(output).name == "zeros"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deepiqa", "FILE", "--output", "o.h5"], "--pooling average or --pooling weighted"),
        (["deepiqa", "gone.model", "--output", "o.h5"], "gone.model"),
        (["deepiqa", "FILE", "--output", "FILE"], "another file"),
        (["deepiqa", "FILE", "--pooling", "average", "--output", "o.txt"], "o.txt"),
        (["lidq92", "FILE", "--output", "o.h5"], "zeros.model"),
        (["pyiqa", "FILE", "--output", "o.h5"], "zeros.model"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_are_one_line_and_status_2(
    checkpoint, tmp_path, monkeypatch, capsys, arguments, said
):
    """And nothing is written."""
    monkeypatch.chdir(tmp_path)
    assert main(["convert", *[str(checkpoint) if a == "FILE" else a for a in arguments]]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [[], ["else", "f", "--output", "o.h5"], ["deepiqa", "f"], ["pyiqa", "f", "--x"]]
)
def test_usage_errors_are_status_2(arguments):
    """A project, a file and an output are needed."""
    with pytest.raises(SystemExit) as stop:
        main(["convert", *arguments])
    assert stop.value.code == 2


def test_every_converter_has_its_command():
    """The registry and the command line name the same projects."""
    assert convert._PROJECTS.keys() == CONVERTERS.keys()
    assert all(callable(resolve_name(place)) for place in CONVERTERS.values())
