"""Every public function has a runnable example; pytest runs them (``--doctest-modules``)."""

import doctest
from importlib import import_module
from inspect import isfunction

import pytest

import kiqa

# Modules whose public functions all have one, and names of modules that have more than examples
# are worth.
WHOLE = (
    "kiqa.data.patches",
    "kiqa.evaluation.correlation",
    "kiqa.evaluation.logistic",
    "kiqa.evaluation.roc",
)
NAMED = (
    *(f"kiqa.{name}" for name in kiqa.__all__ if callable(getattr(kiqa, name))),
    *(f"kiqa.maps.fish.{name}" for name in ("fish", "fish_blocks", "fish_bb", "fish_block_map")),
    *(f"kiqa.varjpeg.{name}" for name in ("encode", "decode")),
)


def _public():
    found = [
        f"{module}.{name}"
        for module in WHOLE
        for name, value in vars(import_module(module)).items()
        if isfunction(value) and value.__module__ == module and not name.startswith("_")
    ]
    return [*found, *NAMED]


@pytest.mark.parametrize("name", _public())
def test_it_has_an_example(name):
    """At least one ``>>>`` line that is not an import."""
    module, _, attribute = name.rpartition(".")
    text = getattr(import_module(module), attribute).__doc__
    lines = [example.source for example in doctest.DocTestParser().get_examples(text)]
    assert [line for line in lines if not line.startswith(("import ", "from "))]


def test_pytest_runs_them(pytestconfig):
    """Plain ``pytest`` collects the examples of ``kiqa`` with the tests."""
    assert pytestconfig.getoption("doctestmodules")
    assert "kiqa" in pytestconfig.getini("testpaths")
