"""The guard: what is one file, and what may be written."""

import os
from pathlib import Path

import pytest

from kiqa.io.outputs import OutputError, check_targets, command_run, declare_inputs
from kiqa.io.outputs.guard import check_target, folds_case

posix = pytest.mark.skipif(os.name != "posix", reason="links of POSIX")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A working folder with an input."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    Path("d/a.png").write_bytes(b"a")


@posix
@pytest.mark.parametrize("path", ["d/a.png", "d/./../d/a.png", "link", "folder/a.png", "hard",
                                  os.path.join(os.curdir, "d", "a.png")])  # fmt: skip
def test_an_input_is_known_by_any_name(path):
    """Links of both kinds, folders that are links, other spellings."""
    Path("link").symlink_to("d/a.png")
    Path("folder").symlink_to("d")
    os.link("d/a.png", "hard")
    with pytest.raises(OutputError, match="replaces no input"):
        check_targets(["new.png", path], inputs=["d/a.png"])
    with command_run():
        declare_inputs(["d/a.png"])
        with pytest.raises(OutputError, match="replaces no input"):
            check_target(path)
        check_target("new.png")
    check_target(path)


def test_inputs_belong_to_one_run():
    """A run within a run has its own; without one nothing is remembered."""
    declare_inputs(["d/a.png"])
    check_targets(["d/a.png"])
    with command_run():
        declare_inputs(["d/a.png"])
        with command_run():
            check_targets(["d/a.png"])
        with pytest.raises(OutputError):
            check_targets(["d/a.png"])


def test_inputs_that_are_not_there_are_no_trouble():
    """Nor are those that come later."""
    with command_run():
        declare_inputs(["gone.png"])
        check_targets(["gone.png", "d/b.png"])
        declare_inputs(["d/a.png"])
        with pytest.raises(OutputError):
            check_targets(["d/a.png"])


@posix
def test_targets_are_different_files():
    """By any spelling; devices may be named twice."""
    Path("folder").symlink_to("d")
    with pytest.raises(OutputError, match="which are one"):
        check_targets(["d/new.png", "folder/../d/new.png"])
    check_targets(["/dev/null", "/dev/null"])


def test_folders_and_what_lies_in_files_are_refused():
    """Before anything is written."""
    with pytest.raises(OutputError, match="a folder"):
        check_targets(["d"])
    with pytest.raises(NotADirectoryError, match=r"d/a\.png, which is none"):
        check_targets(["d/a.png/b/c.png"])


def test_case_is_told_where_the_file_system_tells_it(tmp_path, monkeypatch):
    """By looking for the folder under another spelling; a folder that is to be made counts too."""
    assert folds_case(str(tmp_path / "new" / "folder")) == (tmp_path / "D").exists()
    monkeypatch.setattr(os.path, "samefile", lambda one, other: True)
    assert folds_case(str(tmp_path))
