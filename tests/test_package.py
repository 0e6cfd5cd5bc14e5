"""What is installed: declared dependencies, exact pins, and the wheel away from the checkout."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import kiqa
from kiqa.export import formats
from kiqa.io.images.extras import HEIF, RAW

ROOT = Path(__file__).parents[1]
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")


def _normal(name: str) -> str:
    """Name of a distribution as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _bounds(text: str) -> dict[str, str]:
    """Name -> version bound of a list of requirements."""
    found = re.findall(r"^\s*([\w.-]+)(?:\[[\w,-]+\])?\s*[>=]=\s*([\w.]+)", text, re.MULTILINE)
    return {_normal(name): version for name, version in found}


def _release(version: str) -> tuple[int, ...]:
    """Comparable form of a release number."""
    return tuple(int(part) for part in version.split("."))


CORE = _bounds(SETUP["options"]["install_requires"])
DEVELOPMENT = _bounds(SETUP["options.extras_require"]["dev"])
PACKAGED = {".py", ".csv", ".html", ".css", ".js"}
IMAGENET = _bounds(SETUP["options.extras_require"]["imagenet"])
FORMATS = _bounds(SETUP["options.extras_require"]["onnx"]) | _bounds(
    SETUP["options.extras_require"]["litert"]
)
# Heavy ones that requirements.txt leaves out; the workflow installs them, and runs their tests.
HEAVY = [_bounds(SETUP["options.extras_require"][name]) for name in ("ray", "parquet", "remote")]
INPUTS = _bounds(SETUP["options.extras_require"]["heif"]) | _bounds(
    SETUP["options.extras_require"]["raw"]
)
PINS = _bounds((ROOT / "requirements.txt").read_text(encoding="utf-8"))


def test_requirements_pin_what_setup_declares() -> None:
    """requirements.txt names each direct dependency once, at or above its lower bound."""
    declared = CORE | DEVELOPMENT | IMAGENET | FORMATS | INPUTS
    assert sorted(PINS) == sorted(declared)
    low = {name for name in declared if _release(PINS[name]) < _release(declared[name])}
    assert low == set()


def test_requirements_hold_pins_only() -> None:
    """No line asks for a package index, a path or a range."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in wanted if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


@pytest.mark.slow
def test_every_imported_library_is_declared() -> None:
    """What the package imports is a hard dependency, so the wheel alone is enough.

    But for the extras: `kiqa.export.formats` and `kiqa.io.images.extras` ask for theirs.
    """
    tops = set()
    for path in (ROOT / "kiqa").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                tops |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                tops.add(node.module.split(".")[0])
    providers = metadata.packages_distributions()
    outside = tops - set(sys.stdlib_module_names) - {"kiqa", "__future__"}
    forms = formats.FORMATS.values()
    optional = {module for form in forms for module in form.modules}
    optional |= {module for form in forms if form.quantiser for module in form.quantiser.modules}
    optional |= {name for bounds in HEAVY for name in bounds}
    optional |= {HEIF.module, RAW.module}
    undeclared = {
        top
        for top in outside - optional
        if not {_normal(name) for name in providers.get(top, [])} & set(CORE)
    }
    assert undeclared == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that no build folder appears in the checkout."""
    source = tmp_path_factory.mktemp("source")
    target = tmp_path_factory.mktemp("wheels")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("kiqa", "weights"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(target), str(source)]
    # The weights would take seconds to compress.
    command += ["--config-settings", "--build-option=--compression=stored"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    (built,) = target.glob("*.whl")
    return built


@pytest.mark.slow
def test_wheel_holds_package_splits_weights_and_command(wheel: Path) -> None:
    """Every module, table, file of a page and weights file is in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
        info = f"kiqa-{kiqa.__version__}.dist-info"
        commands = archive.read(f"{info}/entry_points.txt").decode()
    data = f"kiqa-{kiqa.__version__}.data/data/share"
    files = [path for path in (ROOT / "kiqa").rglob("*") if path.suffix in PACKAGED]
    assert {path.suffix for path in files} == PACKAGED
    expected = {str(path.relative_to(ROOT)) for path in files}
    weights = [path.name for path in (ROOT / "weights").glob("*.h5")]
    expected |= {f"{data}/kiqa/weights/{name}" for name in (*weights, "manifest.json")}
    expected |= {"kiqa/py.typed"}
    assert expected - inside == set()
    assert "kiqa = kiqa.__main__:main" in commands
    assert not [name for name in inside if name.startswith(("tests/", "benchmarks/"))]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A prefix with the wheel in it, and an environment that finds it there first."""
    prefix = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    command += ["--ignore-installed", "--no-warn-script-location", "--prefix", str(prefix)]
    run = subprocess.run([*command, str(wheel)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    (package,) = prefix.rglob("kiqa/__init__.py")
    environment = {key: value for key, value in os.environ.items() if key != "KIQA_WEIGHTS"}
    return prefix, environment | {"PYTHONPATH": str(package.parents[1])}


@pytest.mark.slow
def test_installed_command_answers(installed: tuple[Path, dict[str, str]]) -> None:
    """The installed command prints its commands; the module does the same."""
    prefix, environment = installed
    (script,) = [path for path in prefix.rglob("kiqa*") if path.parent.name in ("bin", "Scripts")]
    for command in ([str(script)], [sys.executable, "-m", "kiqa"]):
        run = subprocess.run(
            [*command, "--help"], cwd=prefix, env=environment, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        assert all(name in run.stdout for name in ("score", "map", "evaluate", "doctor"))


@pytest.mark.slow
def test_installed_package_finds_its_weights(installed: tuple[Path, dict[str, str]]) -> None:
    """Code and weights both come from the installed copy, none from the checkout."""
    prefix, environment = installed
    code = (
        "import kiqa\n"
        "from kiqa.io.weights import find_weights\n"
        "print(kiqa.__file__, *(find_weights(name) for name in kiqa.list_models()), sep='\\n')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=prefix, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    places = [Path(line).resolve() for line in run.stdout.splitlines()]
    assert len(places) > len(list((ROOT / "weights").glob("*.h5")))
    assert [place for place in places if not place.is_relative_to(prefix.resolve())] == []
