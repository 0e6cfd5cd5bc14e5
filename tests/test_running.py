"""What is checked and held before a command begins."""

import argparse
from pathlib import Path

import pytest

from kiqa.arguments import Output, add_output
from kiqa.io.files import write_atomically
from kiqa.io.outputs import OutputError, declare_inputs, lock_output
from kiqa.running import claimed, failure
from kiqa.startup import ProcessError


def parsed(argv, **kinds):
    """Arguments of a parser with these outputs and some inputs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--table", type=Path)
    parser.add_argument("--maps", nargs="+", action="append")
    group = parser.add_argument_group("files")
    for name, kind in kinds.items():
        add_output(group, f"--{name}", kind, "PATH", "write there")
    return parser.parse_args(argv)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A working folder with two tables."""
    monkeypatch.chdir(tmp_path)
    Path("o").mkdir()
    for name in ("a.csv", "o/b.csv"):
        Path(name).write_text("x")


@pytest.mark.parametrize("kind", [Output.FILE, Output.ROWS])
@pytest.mark.parametrize("argv", [
    ["--table", "a.csv", "--out", "o/../a.csv"], ["--maps", "name=a.csv", "--out", "a.csv"],
], ids=str)  # fmt: skip
def test_named_files_are_inputs(argv, kind):
    """Of options of any shape; paths of images are left to `collect`."""
    with (
        pytest.raises(OutputError, match="replaces no input"),
        claimed(parsed(argv, out=kind)),
    ):
        raise AssertionError("not begun")
    with claimed(parsed(["a.csv", "--out", "a.csv"], out=kind)):
        pass


def test_rows_may_be_a_folder():
    """Of parts; the command itself knows whether it writes them."""
    with claimed(parsed(["--out", "o"], out=Output.ROWS)):
        pass


@pytest.mark.parametrize("kind", [Output.FOLDER, Output.SHARED, Output.RUN])
def test_a_file_is_no_folder(kind):
    """Nor is what lies below one."""
    for path in ("a.csv", "a.csv/b"):
        with (
            pytest.raises(OSError, match=r"Expected a folder.*a\.csv"),
            claimed(parsed(["--out", path], out=kind)),
        ):
            raise AssertionError("not begun")


@pytest.mark.parametrize("kind", [Output.FOLDER, Output.SHARED, Output.RUN])
@pytest.mark.parametrize("name", ["ov.png", "o.TIFF", "new/o.webp", "o.heic", "o.vjpg", "o.png/"])
def test_no_folder_is_called_like_an_image(kind, name):
    """Who writes so means a file; a folder that is there is one."""
    with (
        pytest.raises(OutputError, match="Expected a folder to write to.*the name of an image"),
        claimed(parsed(["--out", name], out=kind)),
    ):
        raise AssertionError("not begun")
    Path(name).mkdir(parents=True)
    with claimed(parsed(["--out", name], out=kind)):
        pass


def test_inputs_lie_outside_of_a_run():
    """In the folder of another output they may lie."""
    with (
        pytest.raises(OutputError, match="outside the working folder"),
        claimed(parsed(["--table", "o/b.csv", "--out", "o"], out=Output.RUN)),
    ):
        raise AssertionError("not begun")
    with claimed(parsed(["--table", "o/b.csv", "--out", "o"], out=Output.FOLDER)):
        with pytest.raises(OutputError, match="replaces no input"):
            write_atomically("o/b.csv", b"y")
        declare_inputs(["a.csv"])
        with pytest.raises(OutputError, match="replaces no input"):
            write_atomically("a.csv", b"y")
    write_atomically("a.csv", b"y")  # nobody's input any more


@pytest.mark.parametrize(
    ("kind", "held"),
    [(Output.FILE, True), (Output.ROWS, True), (Output.FOLDER, True), (Output.RUN, True),
     (Output.SHARED, False), (Output.EITHER, False)],
)  # fmt: skip
def test_outputs_of_one_writer_are_held(kind, held):
    """Until the command ends; several runs may share a folder of images."""
    with claimed(parsed(["--out", "new"], out=kind)):
        if held:
            with lock_output("new"):  # of this very run
                pass
            other = claimed(parsed(["--out", "new"], out=kind))
            with pytest.raises(OutputError, match="another run is writing"), other:
                raise AssertionError("not begun")
        else:
            with claimed(parsed(["--out", "new"], out=kind)):
                pass
    assert sorted(path.name for path in Path().iterdir()) == ["a.csv", "o"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("bad\nvalue"), "bad value"),
        (ProcessError("KERAS_BACKEND=jax"), "KERAS_BACKEND=jax"),
        (
            PermissionError(13, "Permission denied", "/sys/kernel/x.csv"),
            "Expected the right to read or write /sys/kernel/x.csv. Received: Permission denied. "
            "Name another file or folder, or change the permissions of this one.",
        ),
        (
            OSError(28, "No space left on device", "out/.kiqa-1-2-3.tmp.csv"),
            "Expected to be able to write out. Received: No space left on device. Name a folder "
            "on another disk, or make room.",
        ),
        (
            OSError(30, "Read-only file system", "out/.kiqa-1.tmp", None, "out/a.csv"),
            "Expected to be able to write out/a.csv. Received: Read-only file system. Name a "
            "folder on another disk.",
        ),
        (FileNotFoundError(2, "No such file", "a.h5"), "[Errno 2] No such file: 'a.h5'"),
        (MemoryError(), "MemoryError (python -X dev -m kiqa.train_lite shows where)"),
        (
            RuntimeError("no kernel"),
            "RuntimeError: no kernel (python -X dev -m kiqa.train_lite shows where)",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_that_ends_a_command_is_one_line(error, said):
    """Those that tell what to do are their text; of others the kind is said."""
    assert failure(error, program="kiqa.train_lite") == f"error: {said}"
