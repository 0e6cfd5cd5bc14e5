"""Walking: sorted, each folder once, what is skipped is counted."""

import glob
import os
from pathlib import Path

import pytest

from kiqa.io.walk import Walk, matching


@pytest.fixture(autouse=True)
def tree(tmp_path, monkeypatch):
    """A working folder with ``d``."""
    monkeypatch.chdir(tmp_path)
    for name in ("d/b.x", "d/a.x", "d/z/c.x", "d/c/e.x", "d/.hidden/x", "d/.kiqa-1.lock"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def test_files_come_before_folders_and_own_files_are_silent():
    """Names have slashes; a hidden folder counts as one file, what kiqa is writing as none."""
    walk = Walk(lambda path: "b" if path.endswith("b.x") else None)
    assert list(walk.below("d")) == [
        (os.path.join("d", "a.x"), "a.x"),
        (os.path.join("d", "c", "e.x"), "c/e.x"),
        (os.path.join("d", "z", "c.x"), "z/c.x"),
    ]
    assert walk.summary() == "2 files skipped: 1 b, 1 hidden"


def test_nothing_skipped_is_not_said():
    """And one file is one."""
    assert Walk(lambda path: None).summary() is None
    walk = Walk(lambda path: ".x")
    assert list(walk.below("d/z")) == [] and walk.summary() == "1 file skipped: 1 .x"


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_circles_end_and_broken_links_are_files():
    """A link to itself, to a folder above, and to nothing."""
    Path("d/self.x").symlink_to("self.x")
    Path("d/up").symlink_to("..")
    Path("d/gone.x").symlink_to("nowhere")
    names = [name for _, name in Walk(lambda path: None).below("d")]
    assert names[:4] == ["a.x", "b.x", "gone.x", "self.x"]
    assert len(names) == len(set(names)) == 6


@pytest.mark.parametrize(
    "pattern",
    ["d/*", "d/**", "**/*.x", "d/**/*.x", "**", "d/*/", "d/[ab].x", "d/c/e.x", "d/.h*/*", "x/*",
     "d/**/c/**/*", "**/**/e.x", "./d/*.x", "d/a.x/*"],
)  # fmt: skip
def test_globs_are_pythons(pattern):
    """As far as files go; ``**`` matches folders as well, which nobody asks for."""
    expected = {os.path.normpath(path) for path in glob.glob(pattern, recursive=True)}
    found = matching(pattern)
    assert len(found) == len(set(found)) and found == sorted(found)
    listed = {os.path.normpath(path) for path in found}
    if "**" in pattern:
        listed, expected = ({path for path in each if os.path.isfile(path)}
                            for each in (listed, expected))  # fmt: skip
    assert listed == expected


@pytest.mark.skipif(os.name != "posix", reason="paths of Windows are shorter")
def test_globs_go_as_deep_as_folders(tmp_path):
    """990 levels, by ``**`` and by as many stars."""
    place = os.getcwd()
    for _ in range(990):
        os.mkdir("y")
        os.chdir("y")
    Path("a.x").touch()
    os.chdir(place)
    deepest = "y/" * 990 + "a.x"
    assert matching("**/a.x")[-1] == deepest
    assert matching("*/" * 990 + "*.x") == [deepest]
    os.remove(deepest)
    for level in range(990, 0, -1):  # pytest's own removal goes only so deep
        os.rmdir("y/" * level)
