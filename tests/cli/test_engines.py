"""``--engine ray`` of `kiqa score`, `map` and `evaluate`: options, and what they refuse."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from kiqa.cli.main import main
from kiqa.io.outputs import lock_output


@pytest.mark.parametrize(
    "options",
    [
        ["--engine", "dask"],
        ["--engine", "ray", "--gpus-per-worker", "-1"],
        ["--engine", "ray", "--gpus-per-worker", "nan"],
        ["--engine", "ray", "--workers", "0"],
    ],
)
def test_usage_errors_are_status_2(options):
    """Other engines, no share of a GPU, no workers."""
    with pytest.raises(SystemExit) as stop:
        main(["score", "photos", *options])
    assert stop.value.code == 2


@pytest.mark.parametrize(
    "command", [["score", "--output", "rows.jsonl"], ["map", "--npz", "n"]], ids=["score", "map"]
)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--address", "auto"], "for the engine ray only"),
        (["--gpus-per-worker", "0.5"], "for the engine ray only"),
        (["--engine", "ray", "--address", "127.0.0.1:9"], "no answer from 127.0.0.1:9"),
        (["--engine", "ray", "--address", "somewhere"], "Expected an address HOST:PORT"),
    ],
)
def test_errors_are_one_line_and_status_2(
    stand_in, photos, monkeypatch, capsys, command, options, said
):
    """And no output is begun, and no model is loaded."""
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(is_initialized=lambda: False))
    assert main([*command, "photos", *options]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["photos"] and stand_in == []


@pytest.mark.parametrize(
    ("command", "output"),
    [("score", ["--output", "rows.jsonl"]), ("score", ["--output", "rows.parquet"]),
     ("map", ["--html", "p.html"])],
)  # fmt: skip
def test_a_second_writer_is_refused_before_a_worker_starts(
    stand_in, photos, monkeypatch, capsys, command, output
):
    """While another run holds the output; the stand-in for Ray could start none."""
    if output[1].endswith(".parquet"):
        pytest.importorskip("pyarrow", reason="needs kiqa[parquet]")
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(is_initialized=lambda: True))
    with lock_output(output[1]):
        assert main([command, "photos", "--engine", "ray", *output]) == 2
    error = capsys.readouterr().err
    assert f"Received: {output[1]}, which another run is writing" in error
    assert not Path(output[1]).exists()


def test_a_missing_extra_says_what_to_install(stand_in, photos, monkeypatch, capsys):
    """Of all commands."""
    monkeypatch.setitem(sys.modules, "ray", None)
    for command in (["score"], ["map", "--html", "p.html"]):
        assert main([*command, "photos", "--engine", "ray"]) == 2
        assert "pip install 'kiqa[ray]'" in capsys.readouterr().err


def test_evaluate_passes_its_engine_on(stand_in, biq2021_tree, tmp_path, monkeypatch, capsys):
    """The rows come from the same function."""
    import numpy as np

    images = [np.full((72, 80, 3), 60 * n + 50, np.uint8) for n in range(3)]
    data = biq2021_tree(tmp_path / "data", images, ["test"] * 3)
    monkeypatch.setitem(sys.modules, "ray", None)
    command = ["evaluate", "--data", str(data), "--dataset", "biq2021", "--include-trained"]
    assert main([*command, "--engine", "ray"]) == 2
    assert "pip install 'kiqa[ray]'" in capsys.readouterr().err
