"""The layout: where tests lie, how large folders are, what they are called."""

import ast
import io
import keyword
import tokenize
from collections import Counter
from graphlib import TopologicalSorter
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kiqa"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
# Tests of no module: of the package as a whole, its documents and its benchmarks.
OF_THE_WHOLE = {
    "test_documentation.py",
    "test_examples.py",
    "test_imports.py",
    "test_layout.py",
    "test_links.py",
    "test_notebooks.py",
    "test_numbers.py",
    "test_package.py",
    "test_readme.py",
    "test_peers_benchmark.py",
    "test_resumed_benchmark.py",
    "test_robustness_benchmark.py",
    "test_shipped_files.py",
    "test_types.py",
    "test_vocabulary.py",
    "test_weights_without_kiqa.py",
}
# Folders named after a marker (what needs a GPU, recorded outputs of other programs), and what is
# tried against every command and model.
OF_A_MARKER = {"gpu", "parity", "robustness"}


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _mirrored(test: Path, package: Path) -> bool:
    """Whether a module, or the folder itself, has the name and the place of a test file."""
    folder = package / test.parent
    name = test.stem.removeprefix("test_")
    modules = [folder / f"{name}.py", folder / f"__{name}__.py", folder / name / "__init__.py"]
    return any(module.is_file() for module in modules) or (
        folder.name == name and (folder / "__init__.py").is_file()
    )


@pytest.mark.parametrize("path", TESTS, ids=_relative)
def test_each_test_file_mirrors_a_module(path: Path) -> None:
    """``tests/<folder>/test_<module>.py`` tests ``kiqa/<folder>/<module>.py``, or the folder."""
    test = path.relative_to(ROOT / "tests")
    exempt = test.as_posix() in OF_THE_WHOLE or test.parts[0] in OF_A_MARKER
    assert exempt or _mirrored(test, PACKAGE)


def test_a_stray_test_file_is_seen(tmp_path: Path) -> None:
    """A module, a folder and a ``__main__`` are mirrored; anything else is not."""
    (tmp_path / "io").mkdir()
    for name in ("__init__", "__main__", "rows"):
        (tmp_path / "io" / f"{name}.py").touch()
    stems = ("rows", "io", "main", "files")
    found = [_mirrored(Path("io", f"test_{stem}.py"), tmp_path) for stem in stems]
    assert found == [True, True, True, False]
    assert _mirrored(Path("test_io.py"), tmp_path)


def test_exceptions_are_still_there() -> None:
    """The list above names no file that is gone."""
    assert {path.name for path in TESTS} >= OF_THE_WHOLE


def test_no_folder_is_crowded() -> None:
    """At most twenty Python files on one level."""
    crowd = Counter(_relative(path.parent) for path in SOURCES)
    assert {folder: count for folder, count in crowd.items() if count > 20} == {}


def test_no_module_is_a_drawer() -> None:
    """No file or folder has a name that says nothing about its content."""
    drawers = {"utils", "util", "helpers", "misc", "common"}
    names = {path: {*path.relative_to(PACKAGE).parent.parts, path.stem} for path in SOURCES}
    assert [_relative(path) for path in SOURCES if drawers & names[path]] == []


def _edges_of_training() -> set[tuple[str, str]]:
    """Pairs of different parts of ``kiqa/training``, the first of which imports the second.

    A part is a folder with all its subfolders.
    """
    edges, training = set(), PACKAGE / "training"
    for path in sorted(training.glob("*/**/*.py")):
        part = path.relative_to(training).parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            inside = [name.split(".") for name in names if name.startswith("kiqa.training.")]
            edges |= {(part, other) for _, _, other, *_ in inside}
    return {(own, other) for own, other in edges if own != other}


def test_training_has_few_parts_and_arrows() -> None:
    """At most ten parts, at most fifteen imports between them, and no circle."""
    edges = _edges_of_training()
    parts = {path.name for path in (PACKAGE / "training").iterdir() if list(path.rglob("*.py"))}
    assert len(parts) <= 10
    assert len(edges) <= 15 and edges
    imported: dict[str, set[str]] = {}
    for own, other in edges:
        imported.setdefault(own, set()).add(other)
    TopologicalSorter(imported).prepare()  # raises CycleError


def _left_out(tree: ast.Module) -> set[int]:
    """Numbers of the lines of imports and docstrings."""
    nodes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    return {line for node in nodes for line in range(node.lineno, (node.end_lineno or 0) + 1)}


def _shapes(source: str) -> list[str]:
    """Lines of code with one word for all names and one for all values, without lone brackets."""
    words: dict[int, list[str]] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        word = token.string.strip()
        if tokenize.tok_name[token.type].startswith(("STRING", "NUMBER", "FSTRING")):
            word = "value"
        elif token.type == tokenize.NAME and not keyword.iskeyword(word):
            word = "name"
        if word and token.type != tokenize.COMMENT:
            words.setdefault(token.start[0], []).append(word)
    out = _left_out(ast.parse(source))
    lines = [" ".join(line) for number, line in sorted(words.items()) if number not in out]
    return [line for line in lines if any(letter.isalpha() for letter in line)]


def _shared_runs(sources: dict[str, str], *, lines: int) -> list[tuple[str, str]]:
    """Pairs of sources with so many lines of the same shape in a row."""
    runs = {}
    for name, source in sources.items():
        shapes = _shapes(source)
        windows = range(len(shapes) - lines + 1)
        runs[name] = {tuple(shapes[start : start + lines]) for start in windows}
    return [(one, two) for one, two in combinations(sources, 2) if runs[one] & runs[two]]


def test_trainings_are_started_without_repetition() -> None:
    """No two ``kiqa/train_*.py`` share a run of six lines of the same shape."""
    sources = {path.name: path.read_text("utf-8") for path in sorted(PACKAGE.glob("train_*.py"))}
    assert len(sources) > 5
    assert _shared_runs(sources, lines=6) == []


def test_a_repeated_run_of_lines_is_seen() -> None:
    """Other names, strings and numbers hide nothing; one line in between does."""
    line = "{0} = load('{0}', {1})"
    one = "\n".join(line.format(letter, 1) for letter in "abcdef")
    two = "\nimport os\n\n".join(line.format(letter, 2) for letter in "uvwxyz")
    apart = one.replace("\nd", "\nif a:\n    b()\nd")
    sources = {"one": one, "two": two, "apart": apart}
    assert _shared_runs(sources, lines=6) == [("one", "two")]
