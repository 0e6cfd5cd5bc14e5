"""Outputs of every command: no input is replaced, one writer, links and devices kept."""

import argparse
import importlib
import os
import shutil
import threading
from pathlib import Path

import pytest

from kiqa.arguments import Output
from kiqa.cli.commands import COMMANDS
from kiqa.io.outputs import lock_output
from kiqa.reproduce.__main__ import NAMES, reproduction_parser

from .commands import SILENT, USES, call, furnish

TRAINING = Path(importlib.import_module("kiqa.training").__file__).parent
SYSTEMS = sorted(path.parent.name for path in TRAINING.glob("*/command.py"))
posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and pipes of POSIX")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    """A folder with the inputs of all commands."""
    folder = tmp_path_factory.mktemp("furnished")
    furnish(folder)
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch, stand_in, furnished):
    """A working folder with a copy of them."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(furnished, tmp_path, dirs_exist_ok=True)


def _contents(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in Path(root).rglob("*")
        if path.is_file()
    }


def _refused(use, output, capsys, *said):
    before = _contents(".")
    status = call(use, output)
    lines = [line for line in capsys.readouterr().err.splitlines() if "skipped" not in line]
    assert status == 2
    assert len(lines) == 1 and any(text in lines[0] for text in said), lines
    assert _contents(".") == before


@pytest.mark.parametrize("use", USES, ids=str)
@pytest.mark.parametrize("spelling", ["plain", "dots", "link"])
def test_no_input_is_replaced(place, capsys, use, spelling):
    """By any spelling of its path; nothing is written at all."""
    output = use.clash
    if spelling == "dots":
        output = f"photos/../{output}"
    elif spelling == "link":
        top, _, rest = output.partition("/")
        Path("other").symlink_to(top, target_is_directory=True)
        output = f"other/{rest}".rstrip("/")
    _refused(use, output, capsys, "replaces no input", "has content", "photos/a.png, which is none",
             "outside the working folder", "which exists")  # fmt: skip


@pytest.mark.parametrize("use", [use for use in USES if Path(use.clash).suffix], ids=str)
def test_a_link_to_an_input_replaces_it_neither(place, capsys, use):
    """The link is what is named, the input is what would be written."""
    Path("link").symlink_to(use.victim)
    _refused(use, "link", capsys, "replaces no input", "has content", "another file",
             "ending in", "outside")  # fmt: skip


@pytest.mark.parametrize("use", [use for use in USES if use.locked], ids=str)
def test_a_second_writer_is_refused(place, capsys, use):
    """While another run holds the output; it is named, and free again afterwards."""
    with lock_output(use.fresh):
        before = _contents(".")
        assert call(use, use.fresh) == 2
        err = capsys.readouterr().err
        assert f"Received: {use.fresh}, which another run is writing" in err
        assert _contents(".") == before
    assert not any(".lock" in path for path in _contents("."))
    with lock_output(use.fresh):
        pass


@pytest.mark.parametrize("use", USES, ids=str)
def test_a_folder_is_no_file_and_a_file_no_folder(place, capsys, use):
    """Refused before the work."""
    if Path(use.fresh).suffix:
        Path("folder.x").mkdir()
        output = "folder.x"
    else:
        output = "tables/one.csv"
    _refused(use, output, capsys, "a folder", "Expected a folder", "which is none")


@posix
@pytest.mark.parametrize("use", [u for u in USES if u.runs and Path(u.fresh).suffix], ids=str)
def test_links_modes_devices_and_pipes_are_written_through(place, use):
    """The target of a link is written and keeps its permissions, a pipe stays a pipe."""
    target = Path(f"real{Path(use.fresh).suffix}")
    target.touch()
    target.chmod(0o600)
    link = Path(f"link{Path(use.fresh).suffix}")
    link.symlink_to(target)
    assert call(use, str(link)) in (0, 1)
    assert link.is_symlink() and target.stat().st_size > 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert call(use, "/dev/null") in (0, 1)
    assert not Path("/dev/null").is_file()
    os.mkfifo("pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()))
    reader.start()
    assert call(use, "pipe") in (0, 1)
    reader.join(timeout=20)
    assert Path("pipe").is_fifo() and len(read[0]) > 0
    assert not [path for path in _contents(".") if ".kiqa-" in path or path.endswith(".part")]


def test_every_command_has_an_entry():
    """Of `commands.py`; doctor and models write nothing."""
    known = {use.command for use in USES} | SILENT
    assert {f"kiqa {command.name}" for command in COMMANDS} <= known


def _parsers():
    for command in COMMANDS:
        parser = argparse.ArgumentParser()
        command.module.add_options(parser)
        yield from _leaves(f"kiqa {command.name}", parser)
    for name in NAMES:
        yield f"reproduce {name}", reproduction_parser(name)
    from kiqa.training.runs.command import training_parser

    for system in SYSTEMS:
        if system != "runs":
            command = importlib.import_module(f"kiqa.training.{system}.command").COMMAND
            yield from _leaves(command.name, training_parser(command))


def _leaves(name, parser):
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for group in groups:
        for own, inner in group.choices.items():
            yield from _leaves(f"{name} {own}", inner)


def test_every_option_that_writes_says_so():
    """What is called an output or is said to be written was added by `add_output`."""
    missing, kinds = [], set()
    for name, parser in _parsers():
        outputs = parser.get_default("outputs") or {}
        kinds |= set(outputs.values())
        for action in parser._actions:
            takes = action.nargs != 0 and bool(action.option_strings)
            writes = takes and (action.help or "").removeprefix("besides: ").startswith("write ")
            called = action.dest in ("output", "overlay", "npz", "html", "write_patches", "cut")
            if (writes or called) and action.dest not in outputs and action.dest != "participant":
                missing.append((name, action.dest))
    assert missing == []
    assert kinds == set(Output)
