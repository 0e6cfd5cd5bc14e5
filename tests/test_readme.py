"""The code of the README and of the guides, run as a reader would run it."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from kiqa.cli.main import main

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": ROOT / "README.md"} | {
    name: ROOT / "docs" / name
    for name in ("comparing.md", "installation.md", "keras.md", "maps.md", "scoring.md",
                 "training.md")
}  # fmt: skip
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = {name: FENCE.findall(path.read_text(encoding="utf-8")) for name, path in PAGES.items()}


def python_blocks(page: str, *, with_kiqa: bool) -> list[str]:
    """Python blocks of a page: those with kiqa, or those that must run without it."""
    blocks = [code for language, code in BLOCKS[page] if language == "python"]
    return [code for code in blocks if code.startswith("# without kiqa") != with_kiqa]


WITH_KIQA = [page for page in PAGES if python_blocks(page, with_kiqa=True)]
WITHOUT_KIQA = [page for page in PAGES if python_blocks(page, with_kiqa=False)]
# Each command once, though several pages show it: Python and TensorFlow start for each.
SHELL = dict.fromkeys(
    line
    for blocks in BLOCKS.values()
    for language, code in blocks
    if language == "sh"
    for line in code.replace("\\\n", "").splitlines()
    if line.strip()
)
SHELL_MARKS = set("|<>;&$*?~'\"\\")  # of scripts that are for a shell


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the pages take for granted: an image, more of them, weights."""
    bundled = Path(skimage.__file__).parent / "data"
    with Image.open(bundled / "chelsea.png") as image:
        small = image.convert("RGB").crop((100, 20, 300, 212))
    small.save(tmp_path / "photo.jpg", quality=90)
    (tmp_path / "photos").mkdir()
    small.save(tmp_path / "photos" / "first.jpg", quality=20)
    noise = np.random.default_rng(0).integers(0, 256, (192, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photos" / "second.png")
    (tmp_path / "weights").symlink_to(ROOT / "weights")  # only read
    return tmp_path


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The caller's environment, in which `kiqa` and `python` are those under test."""
    programs = tmp_path_factory.mktemp("bin")
    for name, arguments in {"kiqa": "-m kiqa ", "python": ""}.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
        program.chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"}


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run a command, insist on success, and return what it printed."""
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, f"{command[-1]}\n{run.stdout}\n{run.stderr}"
    return run.stdout


def test_pages_have_every_kind_of_code() -> None:
    """The README has all kinds, each page some, and no fence is of a kind unknown here."""
    assert "README.md" in WITH_KIQA and "README.md" in WITHOUT_KIQA
    assert "sh" in {language for language, _ in BLOCKS["README.md"]}
    assert [page for page, blocks in BLOCKS.items() if not blocks] == []
    languages = {language for blocks in BLOCKS.values() for language, _ in blocks}
    assert languages <= {"python", "sh", "console"}


@pytest.mark.slow
@pytest.mark.usefixtures("eager")  # not the networks of other tests: an example trains one
def test_python_examples_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Python examples of a page run one after the other and leave the files they name."""
    monkeypatch.chdir(folder)
    pages = {page: "\n".join(python_blocks(page, with_kiqa=True)) for page in WITH_KIQA}
    printed = {}
    for page, code in pages.items():  # each has its own names, and its own in a traceback
        exec(compile(code, page, "exec"), {})
        printed[page] = capsys.readouterr().out
    assert [page for page in pages if not printed[page]] == []
    assert 0 <= float(printed["README.md"].splitlines()[0]) <= 1
    for name in re.findall(r"save(?:_figure)?\([^\n]*\"([\w.]+)\"\)", "\n".join(pages.values())):
        assert (folder / name).stat().st_size > 1000


@pytest.mark.slow
@pytest.mark.usefixtures("shipped_once", "eager")
@pytest.mark.parametrize("script", SHELL)
def test_shell_examples_run(
    script: str,
    folder: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The commands end with status 0 and write the files they name; a shell runs what needs one."""
    if script.startswith("kiqa ") and not set(script) & SHELL_MARKS:
        monkeypatch.chdir(folder)
        assert main(script.split()[1:]) == 0
        printed = capsys.readouterr().out
    else:
        printed = _run(["bash", "-euo", "pipefail", "-c", script], folder, environment)
    named = re.findall(r"--(?:output|html|overlay|npz) (\S+)", script)
    assert [name for name in named if not (folder / name).exists()] == []
    assert printed or named  # rows go to their file


def _console_commands() -> list[list[str]]:
    """Our own commands that need a GPU, data or hours, split into words."""
    lines = {
        line.removeprefix("$ ").split("#")[0].strip()
        for blocks in BLOCKS.values()
        for language, code in blocks
        if language == "console"
        for line in code.splitlines()
        if line.startswith("$ ")
    }
    return [line.split() for line in sorted(lines) if line.startswith(("kiqa ", "python -m kiqa"))]


@pytest.mark.slow
@pytest.mark.parametrize("words", _console_commands(), ids=" ".join)
def test_other_commands_get_as_far_as_their_data(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Commands too long to run here are accepted, up to the data that is not there."""
    data = [after for word, after in pairwise(words) if word == "--data"]
    assert not set(" ".join(words)) & SHELL_MARKS  # no word that a shell would change
    run, arguments = main, words[1:]
    if words[0] == "python":
        package = find_spec(words[2]).submodule_search_locations
        module = import_module(f"{words[2]}.__main__" if package else words[2])
        assert 'if __name__ == "__main__":' in inspect.getsource(module)
        run, arguments = module.main, words[3:]
    monkeypatch.chdir(tmp_path)
    try:
        status = run(arguments if data else [*arguments, "--help"])
    except SystemExit as end:
        status = end.code or 0
    error = capsys.readouterr().err
    assert status == (2 if data else 0), error
    assert [name for name in data if name not in error] == []
