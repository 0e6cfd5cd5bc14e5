"""The documents: short, with numbers that are stored, and pages that leave nothing out."""

import argparse
import configparser
import importlib.util
import json
import re
from doctest import DocTestParser
from importlib import import_module
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

import kiqa

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
ACCURACY = (DOCS / "accuracy.md").read_text(encoding="utf-8")
STORED = {"lite": "lite"}  # folders of results that are not called after model and data set


def _script(path):
    """A script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMMANDS = _script(DOCS / "hooks" / "commands.py")
PARSERS = [
    parser
    for parsers in (COMMANDS.kiqa_parsers, COMMANDS.training_parsers, COMMANDS.reproduction_parsers)
    for parser in parsers()
]
IDENTIFIERS = {
    path.name: re.findall(r"^::: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    for path in sorted((DOCS / "api").glob("*.md"))
}


def _rows(text):
    """Rows of the tables in a text whose first cell is a model."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    names = {row["name"] for row in kiqa.model_table()}
    found = {re.sub(r"[`\[\]]|\(.*\)", "", row[0]): row for row in rows}
    return {name: row for name, row in found.items() if name in names}


def _metrics(model):
    folder = STORED.get(model, f"{model}-biq2021")
    text = (DOCS / "results" / folder / "evaluation.json").read_text(encoding="utf-8")
    return json.loads(text)["metrics"]


def _with_interval(metric):
    return f"{metric['value']:.3f} ({metric['lo']:.3f} to {metric['hi']:.3f})"


def test_readme_is_one_screen_and_a_half() -> None:
    """At most 150 lines, two sentences before the first image, and images below 300 KB."""
    assert len(README.splitlines()) <= 150
    images = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert len(images) >= 2
    assert [name for name in images if (ROOT / name).stat().st_size >= 300_000] == []
    before = README.split("![")[0].removeprefix("# kiqa")
    assert len(re.findall(r"\.\s", before)) == 2


@pytest.mark.slow
def test_readme_table_has_the_stored_numbers() -> None:
    """Every model with weights and accuracy; SROCC, size and licence as stored."""
    known = {row["name"]: row for row in kiqa.model_table()}
    rows = _rows(README)
    assert rows.keys() >= {"lite", "rnn_biqa", "patchnet", "aggregator", "wadiqam_nr"}
    seconds = json.loads((DOCS / "results" / "accuracy" / "accuracy.json").read_text())["models"]
    for name, (_, _, srocc, time, megabytes, has_map, licence) in rows.items():
        if known[name]["srocc"] is not None:
            assert srocc == _with_interval(_metrics(name)["srocc"]), name
            assert time == f"{seconds[name]['seconds'][1]:.2f}", name
        assert megabytes == f"{known[name]['megabytes']:.1f}", name
        assert (has_map == "yes") == known[name]["map"], name
        assert licence == known[name]["licence"], name


def test_accuracy_table_has_the_stored_numbers() -> None:
    """SROCC, PLCC without and with a logistic, each with its interval."""
    rows = _rows(ACCURACY)
    assert rows.keys() >= {"lite", "rnn_biqa", "niqe", "fish"}
    for name, (_, *cells) in rows.items():
        metrics = _metrics(name)
        assert cells[:3] == [_with_interval(metrics[m]) for m in ("srocc", "plcc", "plcc5")], name


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_command_pages_have_every_option(parser: argparse.ArgumentParser) -> None:
    """Name and help of each, with the default filled in."""
    section = COMMANDS.described(parser)
    assert section.startswith(f"## {parser.prog}\n")
    assert "%(" not in section
    shown = set(re.findall(r"--[\w-]+", section.partition("```text")[2].partition("```")[2]))
    names = {name for action in parser._actions for name in action.option_strings}
    assert names - shown <= {"--help", "-h"}


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_help_is_finished(parser: argparse.ArgumentParser) -> None:
    """Every option says what it is, brackets are closed, and defaults are not Python's."""
    assert parser.description and parser.description[0].isupper()
    helps = {action.dest: action.help for action in parser._actions}
    assert [
        name for name, text in helps.items() if not text or text.count("(") != text.count(")")
    ] == []
    assert [
        name for name, text in helps.items() if re.search("default: (None|True|False)", text)
    ] == []


def test_help_becomes_markdown() -> None:
    """Marks of Markdown and of tables in a help text are shown as they are."""
    parser = argparse.ArgumentParser(prog="x", description="a * b")
    parser.add_argument("--mode", default="a|b", metavar="A|B", help="<one> of *a*: %(default)s")
    section = COMMANDS.described(parser)
    assert "| <code>--mode A&#124;B</code> | &lt;one&gt; of \\*a\\*: a&#124;b |" in section
    assert "a \\* b" in section


@pytest.mark.parametrize("page", IDENTIFIERS)
def test_function_pages_name_what_is_there(page: str) -> None:
    """Each name of a page is a module, function or class with a docstring; public ones of modules
    have one as well."""
    assert IDENTIFIERS[page]
    for name in IDENTIFIERS[page]:
        try:
            found = import_module(name)
        except ModuleNotFoundError:
            module, _, attribute = name.rpartition(".")
            found = getattr(import_module(module), attribute)
        assert found.__doc__, name
        if hasattr(found, "__path__") or hasattr(found, "__file__"):
            own = [
                value
                for key, value in vars(found).items()
                if not key.startswith("_") and getattr(value, "__module__", None) == name
                and callable(value)
            ]  # fmt: skip
            assert [value.__qualname__ for value in own if not value.__doc__] == []


def test_public_names_are_documented_with_an_example() -> None:
    """Each name of `kiqa.__all__` is on the first page of the functions; callables run."""
    names = {name.rpartition(".")[2] for name in IDENTIFIERS["kiqa.md"]}
    text = (DOCS / "api" / "kiqa.md").read_text(encoding="utf-8")
    for name in kiqa.__all__:
        value = getattr(kiqa, name)
        if callable(value):
            assert name in names
            value = getattr(value, name, value)  # a module that is called for its function
            assert DocTestParser().get_examples(value.__doc__), name
        else:
            assert f"kiqa.{name}" in text


def test_walks_are_the_notebooks() -> None:
    """Cell by cell, and with outputs; `python docs/walks.py` makes them."""
    notebooks, walks = (
        {path.relative_to(folder): path for path in folder.rglob("*.ipynb")}
        for folder in (ROOT / "notebooks", DOCS / "walks")
    )
    assert notebooks.keys() == walks.keys()
    for place, path in notebooks.items():
        walk = walks[place]
        plain, shown = (nbformat.read(each, as_version=4).cells for each in (path, walk))
        assert [c.source for c in plain] == [c.source for c in shown], path.name
        outputs = [output for cell in shown for output in cell.get("outputs", ())]
        assert any({"image/png", "text/html"} & output.get("data", {}).keys() for output in outputs)
        assert "error" not in {output.output_type for output in outputs}, path.name
        assert str(ROOT) not in walk.read_text(encoding="utf-8")


def test_links_become_those_of_the_repository() -> None:
    """Files, and images as bytes; not anchors and not the web."""
    page = _script(DOCS / "package_page.py").absolute(
        "[a](x/a.md#b) ![c](x/c.png) [d](#e) [f](https://example.org)",
        "https://host/kiqa/", "v1",
    )  # fmt: skip
    assert page == (
        "[a](https://host/kiqa/blob/v1/x/a.md#b) ![c](https://host/kiqa/raw/v1/x/c.png) "
        "[d](#e) [f](https://example.org)"
    )


def test_weights_outside_a_release_get_an_address() -> None:
    """At the release's tag; the others keep none. Without them the index takes the package."""
    page = _script(DOCS / "package_page.py")
    models = {"a": {"file": "a.h5", "url": None}, "b": {"file": "aggregator.h5", "url": None}}
    found = page.addressed(models, "https://host/kiqa/", "v1")
    assert found["a"]["url"] is None
    assert found["b"]["url"] == "https://host/kiqa/raw/v1/weights/aggregator.h5"
    sizes = {path.name: path.stat().st_size for path in (ROOT / "weights").glob("*.h5")}
    assert sizes.keys() >= page.ELSEWHERE
    assert sum(sizes[name] for name in sizes.keys() - page.ELSEWHERE) < 100_000_000


def test_citation_names_this_version() -> None:
    """CITATION.cff, the changelog and the package agree."""
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {kiqa.__version__}\n" in citation
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changes, re.MULTILINE)[1] == kiqa.__version__


def test_extra_of_the_site_is_declared() -> None:
    """Every plugin of mkdocs.yml comes with a package of the extra `docs`."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    packages = re.findall(r"^([\w-]+)>=", setup["options.extras_require"]["docs"], re.MULTILINE)
    assert packages == ["mkdocs", "mkdocs-jupyter", "mkdocs-material", "mkdocstrings-python"]
    needed = [line.partition(">=")[0] for line in _script(DOCS / "needed.py").needed(setup)]
    assert needed[-4:] == packages and "numpy" in needed
    assert not {"tensorflow", "keras"} & set(needed)


def test_images_of_the_readme_are_small_and_made_by_the_script() -> None:
    """At most 300 KB each."""
    sizes = {path.stem: path.stat().st_size for path in (DOCS / "assets").glob("*.png")}
    assert sizes.keys() == _script(DOCS / "pictures.py").PICTURES.keys()
    assert max(sizes.values()) < 300_000


def test_image_of_the_report_asks_for_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the remedy, where there is none."""
    made = _script(DOCS / "pictures.py")
    monkeypatch.setattr(made.shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="Install Chromium"):
        made.report_picture()


@pytest.mark.slow
@pytest.mark.usefixtures("shipped_once", "eager")
@pytest.mark.parametrize("name", ["map", "varjpeg"])
def test_images_of_the_readme_are_what_the_script_makes(name: str) -> None:
    """Within what fonts and another processor change: one level on average."""
    made = _script(DOCS / "pictures.py")
    data = made.png_of(made.PICTURES[name]())
    path = DOCS / "assets" / f"{name}.png"
    with Image.open(path) as kept, Image.open(made.io.BytesIO(data)) as new:
        assert kept.size == new.size
        difference = np.subtract(
            np.asarray(kept.convert("RGB"), float), np.asarray(new.convert("RGB"), float)
        )
    assert np.abs(difference).mean() < 1
