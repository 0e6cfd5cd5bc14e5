"""Types: mypy finds no error in ``kiqa``, and public signatures are annotated in full."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kiqa"
CALLED = ("__init__", "__call__")  # public under another name
SOURCES = sorted(PACKAGE.rglob("*.py"))


def _holes(body, within=""):
    """Yield ``name: what lacks an annotation`` for the public functions of a module or class."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _holes(node.body, f"{node.name}.")
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_") and node.name not in CALLED:
            continue
        spec = node.args
        names = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
        static = any(getattr(wrap, "id", "") == "staticmethod" for wrap in node.decorator_list)
        if within and not static:
            names = names[1:]
        lacking = [name.arg for name in names if name is not None and name.annotation is None]
        if node.returns is None and node.name != "__init__":
            lacking.append("return")
        if lacking:
            yield f"{within}{node.name}: {', '.join(lacking)}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_signatures_are_annotated_in_full(path):
    """Arguments and results of every function and method whose name has no underscore."""
    assert not list(_holes(ast.parse(path.read_text(encoding="utf-8")).body))


def test_a_hole_would_be_seen():
    """An argument, a result, a keyword or ``**options`` without annotation; not private ones."""
    source = """
def f(a, *, b: int, **c) -> int: ...
class C:
    def __init__(self, d): ...
    def g(self): ...
    def _h(self, e): ...
def _k(x): ...
class _D:
    def m(self, y): ...
def whole(x: int) -> int: ...
"""
    assert list(_holes(ast.parse(source).body)) == ["f: a, c", "C.__init__: d", "C.g: return"]


def test_types_are_shipped():
    """``py.typed`` tells type checkers of other packages to read the annotations."""
    from importlib.resources import files

    assert files("kiqa").joinpath("py.typed").is_file()


@pytest.mark.slow
def test_mypy_finds_no_error():
    """With the settings of ``setup.cfg``; no cache is read or written."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", os.devnull],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
