"""A command run as ``python -m kiqa.reproduce`` does, and the tables that it writes."""

import argparse
import ast
import csv
import json
from pathlib import Path

import nbformat
import pytest

from kiqa.data.trained import names_trained_on
from kiqa.evaluation import logistic
from kiqa.io.files import sha256_of
from kiqa.io.weights import Details

TABLES = Path(__file__).parents[2] / "notebooks" / "tables"


@pytest.fixture(scope="session")
def _kept_by_content(built_once):
    """`built_once` also for files that tests write, each of another name and the same content."""
    kept = {}

    def built(path, max_bytes):
        content = sha256_of(path)
        if content not in kept:
            kept[content] = built_once(path, max_bytes)
        return kept[content]

    return built


@pytest.fixture(autouse=True)
def _networks_stay_loaded(monkeypatch, _kept_by_content):
    """No test here changes a network that it loads."""
    monkeypatch.setattr("kiqa.io.weights.h5._built", _kept_by_content)


@pytest.fixture(autouse=True)
def _fits_end_soon(monkeypatch):
    """A logistic through the scores of eight images creeps; through those of a data set, never."""
    monkeypatch.setattr(logistic, "_MAX_EVALUATIONS", 2000)
    yield
    logistic._remembered.cache_clear()


@pytest.fixture(scope="session")
def run():
    """The function ``run(command, *arguments)``: the exit status."""

    def run(command, *arguments):
        parser = argparse.ArgumentParser()
        command.add_options(parser)
        return command.run(parser.parse_args([str(argument) for argument in arguments]))

    return run


@pytest.fixture(scope="session")
def csv_rows():
    """The function ``csv_rows(path)``: the rows of a CSV file by column."""

    def csv_rows(path):
        with Path(path).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return csv_rows


@pytest.fixture
def evaluation(tmp_path):
    """The function ``evaluation(model, mos, **changes)``: a folder as kiqa evaluate leaves it."""

    def evaluation(model, mos, **changes):
        folder = tmp_path / f"evaluation-{model}"
        folder.mkdir()
        about = {"model": model, "weights_sha256": "0" * 64, "higher_is_better": True,
                 "stride": 8, "dataset": "biq2021", "split": "some-split", "set": "test",
                 "mos_scale": "0..1"} | changes  # fmt: skip
        low, high = map(float, about["mos_scale"].split(".."))
        sign = 1 if about["higher_is_better"] else -1
        rows = [f'"{name}",{low + (high - low) * value},{sign * value},'
                for name, value in mos.items()]  # fmt: skip
        text = "\n".join(["name,mos,predicted,error", *rows, ""])
        (folder / "predictions.csv").write_text(text)
        (folder / "evaluation.json").write_text(json.dumps(about))
        return folder

    return evaluation


@pytest.fixture
def run_notebook(tmp_path, monkeypatch, unpainted):
    """The function ``run_notebook(paper, **settings)``: what its cells show, by name.

    The cells run here, in an empty folder, so that stand-ins hold; the settings take the place of
    those in the cell that begins with DATA. Tests of the figures' commands paint them.
    """

    def run_notebook(paper, **settings):
        monkeypatch.chdir(tmp_path)
        names, shown = {}, {}
        for cell in nbformat.read(TABLES / f"{paper}.ipynb", as_version=4).cells:
            if cell.cell_type != "code":
                continue
            tree = ast.parse(cell.source)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, paper, "exec"), names)
            if cell.source.startswith("DATA = "):
                assert settings.keys() <= names.keys()
                names |= settings
            if last is not None:
                value = eval(compile(ast.Expression(last.value), paper, "eval"), names)
                assert value._repr_html_()
                shown[value.name] = value
        return shown

    return run_notebook


@pytest.fixture(scope="session")
def described():
    """The function ``described(*datasets, names)``: a model trained on images of each."""

    def described(*datasets, names=("0.png",)):
        parts = tuple(
            names_trained_on(names, dataset=name, use="train", scores="human", about="MOS")
            for name in datasets
        )
        return Details("m", "1", "0..1", True, trained_on=parts)

    return described
