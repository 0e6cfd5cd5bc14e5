"""Comparators on the test parts of a table."""

import argparse
from functools import partial

import numpy as np
import pytest

from kiqa.comparators.gmsd import gmsd
from kiqa.io.images import load_image
from kiqa.reproduce.wadiqam.comparators import add_comparators, comparator_results
from kiqa.reproduce.wadiqam.data import given_sets
from kiqa.reproduce.wadiqam.tables import TABLES, _subsets


@pytest.fixture
def results(sets, tmp_path):
    """The function ``results(table, mode, name, *options)``: of all images of a data set."""

    def results(table, mode, name, *options, limit=None):
        parser = argparse.ArgumentParser()
        add_comparators(parser, table)
        chosen = parser.parse_args(options, argparse.Namespace(output=tmp_path / "out"))
        chosen.output.mkdir(exist_ok=True)
        tasks = given_sets([f"{name}={tmp_path}"], printed=(name,), mode=mode)[name]
        return comparator_results(
            [(mode, name, 0, {name: tasks[:limit]})], table, chosen,
            subsets=partial(_subsets, TABLES[table]),
        )  # fmt: skip

    return results


def test_formulas_compare_with_the_reference(results, tmp_path):
    """All that Table I lists and that need one; higher is better, also of GMSD; kept on disk."""
    found = results("wadiqam-table1", "fr", "live", limit=8)
    assert [row.method for row in found] == ["PSNR", "SSIM", "FSIMc", "GMSD"]
    assert all((row.trained_on, row.tested_on, row.subset) == ("", "live", "full") for row in found)
    task = found[3].tasks[5]
    pixels = [load_image(path).pixels for path in (task.path, task.reference)]
    assert found[3].scores[5] == pytest.approx(-gmsd(*pixels))
    assert len((tmp_path / "out" / "comparators-gmsd.jsonl").read_text().splitlines()) == 8


def test_groups_are_those_of_the_table(results):
    """Of TID2013's kinds."""
    found = results("wadiqam-table2", "fr", "tid2013", "--comparators", "psnr")
    assert [row.subset for row in found] == ["Noise", "Actual", "Simple", "Exotic", "New", "Color"]
    assert {row.method for row in found} == {"PSNR"} and len(found[0].tasks) == 40


def test_none_and_what_does_not_fit(results, capsys):
    """An empty list is none; a model with a reference has no row where none is taken."""
    assert results("wadiqam-table1", "fr", "live", "--comparators") == []
    assert results("wadiqam-table3", "nr", "biq2021", "--comparators", "ssim") == []
    assert "no row of ssim: it is for rows with a reference" in capsys.readouterr().err
    assert results("wadiqam-table1", "fr", "live", "--comparators", "ms_ssim") == []
    assert "no row of ms_ssim on live, split 0: Expected images" in capsys.readouterr().err


def test_images_that_a_model_was_trained_on_are_left_out(results, monkeypatch, described, capsys):
    """What it was trained on stands in its row; it is looked up by name for the title."""
    name = "biq2021-2-blur-1.png"
    details = described("biq2021", names=[name])

    class StandIn:
        """A model that looks at an image's mean."""

        def __init__(self, model):
            self.info = argparse.Namespace(
                name=model, details=details, sha256="0" * 64, higher_is_better=False
            )
            self.needs_reference = False

    monkeypatch.setattr("kiqa.reproduce.wadiqam.comparators.Scorer", StandIn)
    monkeypatch.setattr("kiqa.reproduce.wadiqam.comparators.load_quietly", lambda scorer: scorer)
    monkeypatch.setattr(
        "kiqa.reproduce.wadiqam.comparators.score_paths",
        lambda paths, *_, **__: [{"score": i, "error": None} for i in range(len(paths))],
    )
    found = results("wadiqam-table3", "nr", "biq2021", "--comparators", "brisque")
    (row,) = found
    assert (row.method, row.trained_on) == ("BRISQUE", "biq2021")
    assert len(row.tasks) == 18 and name not in {task.name for task in row.tasks}
    np.testing.assert_array_equal(row.scores, -np.arange(18))
    assert "2 of 20 images were trained on by m" in capsys.readouterr().err
    (row,) = results(
        "wadiqam-table3", "nr", "biq2021", "--comparators", "brisque", "--include-trained"
    )
    assert len(row.tasks) == 20 and name in {task.name for task in row.tasks}
