"""The import direction, read from the sources with ``ast``."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "kiqa"

# Low to high: a part imports itself and what stands before it. Parts in one row do not import
# each other. ``kiqa`` itself (the lazy public interface) and ``__main__`` stand above all.
ORDER = (
    ("constants", "interrupts"),
    ("startup",),
    ("io",),
    ("arguments",),
    ("running",),
    ("data",),
    ("models",),
    ("maps",),
    ("evaluation",),
    ("plotting",),
    ("varjpeg",),
    ("comparators", "defects"),  # arrays to numbers; scoring makes models and rows of them
    ("scoring",),
    ("training", "reporting"),
    ("convert", "export", "studies", "reproduce"),
    ("cli", "train_*"),
    ("", "__main__"),
)
RANK = {part: rank for rank, row in enumerate(ORDER) for part in row}
DEEP_LEARNING = ("tensorflow", "keras", "tf_keras", "jax", "torch")
ARRAYS_AND_FILES = (
    *("cv2", "h5py", "jpeglib", "matplotlib", "numpy", "pandas"),
    *("PIL", "pywt", "scipy", "skimage", "tqdm"),
)
LITERALS = ("__version__", "DEFAULT_SCORER")  # of kiqa/__init__.py; everybody may read them
SOURCES = sorted(PACKAGE.rglob("*.py"))


def _part(module: str) -> str:
    """Top-level part of the package that a dotted ``kiqa`` module name belongs to."""
    names = module.split(".")
    part = names[1] if len(names) > 1 else ""
    return "train_*" if part.startswith("train_") else part


def _module(path: Path) -> str:
    """Dotted module name of a source file below the package."""
    names = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def _imports(source: str, package: str, *, everywhere: bool = True) -> list[str]:
    """Absolute names of the modules a source imports.

    ``from kiqa import io`` counts as ``kiqa.io``, and likewise from ``kiqa.training``. With
    ``everywhere=False`` imports inside functions are left out, as are those for type checkers only.
    """
    found: list[str] = []

    def visit(node: ast.AST) -> None:
        function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if not everywhere and (function or typing_only):
            return
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")
                above = above[: len(above) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            if base in {"kiqa", "kiqa.training"}:
                found.extend(f"{base}.{alias.name}" for alias in node.names)
            else:
                found.append(base)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(source))
    return found


def _foreign_system(module: str, other: str) -> bool:
    """Whether a module of one ``training/<system>`` imports from another system."""
    own, theirs = module.split("."), other.split(".")
    if theirs[:2] != ["kiqa", "training"] or len(theirs) < 3 or len(own) < 3:
        return False
    return theirs[2] not in {own[2], "runs"}


def _violations(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Sentences, one per import that the rules forbid in this module."""
    package = module if is_package else module.rpartition(".")[0]
    everything = _imports(source, package)
    at_load = _imports(source, package, everywhere=False)
    part = _part(module)
    wrong = []
    if part not in RANK:
        return [f"{module}: '{part}' has no place in the import order"]
    for name in everything:
        top = name.split(".")[0]
        if top == "kiqa":
            other = _part(name)
            if other in LITERALS:
                continue
            if other not in RANK or (other != part and RANK[other] >= RANK[part]):
                wrong.append(f"{module} imports {name}")
            if part == "models" and other not in {"constants", "models"}:
                wrong.append(f"{module} imports {name}: models import keras and constants only")
        elif part == "models" and top in {*DEEP_LEARNING, *ARRAYS_AND_FILES} - {"keras"}:
            wrong.append(f"{module} imports {name}: models import keras and constants only")
        elif part == "evaluation" and top in DEEP_LEARNING:
            wrong.append(f"{module} imports {name}: evaluation scores anybody's maps")
        elif part == "data" and module != "kiqa.data.pipeline" and top in DEEP_LEARNING:
            wrong.append(f"{module} imports {name}: only data/pipeline.py may")
        if part == "training" and _foreign_system(module, name):
            wrong.append(f"{module} imports {name}: systems share only training/runs")
    for name in at_load:
        top = name.split(".")[0]
        if top == "tensorflow" and part in {"models", "training", "io"}:
            wrong.append(f"{module} imports {name} when loaded: it must run without TensorFlow")
    return wrong


@pytest.mark.parametrize("path", SOURCES, ids=_module)
def test_module_imports_only_lower_parts(path: Path) -> None:
    """Every import, also inside functions, goes down the order and respects the special rules."""
    source = path.read_text(encoding="utf-8")
    assert _violations(source, _module(path), is_package=path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("kiqa.io.images", "from kiqa.maps import quality"),
        ("kiqa.io.images", "def f():\n    from kiqa import scoring"),
        ("kiqa.data.patches", "from ..evaluation.roc import roc_auc"),
        ("kiqa.data.patches", "def f():\n    import keras"),
        ("kiqa.evaluation.roc", "from tensorflow import math"),
        ("kiqa.models.patchnet", "import numpy as np"),
        ("kiqa.models.patchnet", "from kiqa.io.weights import export_h5"),
        ("kiqa.training.patchnet.train", "import tensorflow as tf"),
        ("kiqa.training.patchnet.train", "from kiqa.training import wadiqam"),
        ("kiqa.training.patchnet.train", "def f():\n    from kiqa.training import runs, lite"),
        ("kiqa.training.patchnet.train", "import kiqa.training.wadiqam.train"),
        ("kiqa.training.patchnet.train", "from ..wadiqam.train import train_wadiqam"),
        ("kiqa.training.patchnet.train", "from .. import wadiqam"),
        ("kiqa.training.comparators.heads.train", "from kiqa.training import wadiqam"),
        ("kiqa.training.runs.run", "from kiqa.training import wadiqam"),
        ("kiqa.reproduce.tables", "from kiqa.studies import pages"),
        ("kiqa.export.parts", "from kiqa.convert import converter"),
        ("kiqa.cli.main", "from kiqa.train_patchnet import main"),
        ("kiqa.scoring", "from kiqa import Scorer"),
        ("kiqa.helpers", "import math"),
    ],
)
def test_checker_flags_a_forbidden_import(module: str, source: str) -> None:
    """Each kind of violation is seen, so that the test above can fail."""
    assert _violations(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("kiqa.io.images", "import numpy as np\nfrom kiqa import constants"),
        ("kiqa.data.pipeline", "import tensorflow as tf"),
        ("kiqa.models.patchnet", "import keras\nfrom kiqa.constants import PATCHNET"),
        ("kiqa.training.patchnet.train", "def f():\n    import tensorflow as tf"),
        ("kiqa.training.patchnet.train", "from .settings import PatchnetSettings"),
        ("kiqa.training.patchnet.train", "from kiqa.training import patchnet, runs"),
        ("kiqa.training.comparators.heads.train", "from kiqa.training import comparators"),
        ("kiqa.cli.main", "from kiqa import __version__"),
    ],
)
def test_checker_accepts_a_permitted_import(module: str, source: str) -> None:
    """Downward imports and deferred TensorFlow imports are no violation."""
    assert _violations(source, module) == []


@pytest.mark.parametrize("module", ["kiqa", "kiqa.cli.main", "kiqa.train_patchnet", "kiqa.scoring"])
def test_import_loads_no_deep_learning_library(module: str) -> None:
    """The package, the command line and its parser load neither Keras nor TensorFlow."""
    code = (
        f"import sys, {module}\n"
        f"loaded = sorted(set({DEEP_LEARNING!r}) & set(sys.modules))\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")
