"""Evaluations as rows of the tables of RNN-BIQA."""

import argparse
import json
from pathlib import Path

import pytest

from kiqa.comparators import FITTED
from kiqa.maps.gaze import GazeForm
from kiqa.reproduce.rnn_biqa.evaluations import evaluated_results
from kiqa.training.rnn_biqa.feature_folder import FeatureFolder, FolderInfo
from kiqa.training.rnn_biqa.parts import Part

MOS = {f"{number}.jpg": 0.1 * number for number in range(1, 9)}


@pytest.fixture
def runs():
    """Two runs that test on six images of BIQ2021 each; no feature is read."""
    info = FolderInfo("rnn_features", "a" * 64, 4, "biq2021", GazeForm())
    rows = tuple(
        {"name": name, "file": name, "mos": mos, "content": name, "set": "test"}
        for name, mos in MOS.items()
    )
    folder = FeatureFolder(Path("features"), info, rows)
    names = list(MOS)
    return {
        run: {"train": Part(folder, rest), "val": None, "test": Part(folder, tested)}
        for run, tested, rest in (("1", names[:6], names[6:]), ("2", names[2:], names[:2]))
    }


@pytest.fixture
def results(runs, monkeypatch, described):
    """The function ``results(folders, **details)``: of a model trained on 1.jpg."""

    def results(*folders, table="rnn-table6", seen=("1.jpg",), include=False):
        details = described("biq2021", names=list(seen))
        monkeypatch.setattr(
            "kiqa.reproduce.rnn_biqa.evaluations.described", lambda evaluated: [details]
        )
        options = argparse.Namespace(evaluated=list(folders), include_trained=include)
        return evaluated_results(runs, options, table=table, computed=("DeepBIQ",))

    return results


def test_rows_are_of_what_a_model_has_not_seen(evaluation, results, capsys):
    """On 0..100, with the error; how many images stand in the row, and what was trained on."""
    found, lines = results(evaluation("koncept512", MOS))
    assert [(row["run"], row["report"]["images"]) for row in found] == [("1", 5), ("2", 6)]
    assert all(row["data"] == "biq2021 -> biq2021" for row in found)
    assert found[0]["source"] == "ours, kiqa evaluate, 5 images"
    metrics = found[0]["report"]["metrics"]
    assert metrics["srocc"]["value"] == pytest.approx(1)
    assert metrics["rmse"]["value"] == pytest.approx(0, abs=1e-9)
    assert len(lines) == 11 and lines[0] == {
        "method": "koncept512", "run": "1", "name": "2.jpg", "mos": pytest.approx(20),
        "predicted": pytest.approx(0.2),
    }  # fmt: skip
    error = capsys.readouterr().err
    assert "no row of BRISQUE: name its kiqa evaluate --output by --evaluated DIR" in error
    assert FITTED["brisque"].command in error and "KonCept512:" not in error
    assert "DeepBIQ" not in error


def test_a_run_without_images_left_has_no_row(evaluation, results, capsys):
    """The others have; it is told."""
    found, _ = results(evaluation("brisque", MOS), seen=list(MOS)[:4])
    assert [row["run"] for row in found] == ["2"]
    assert "no row of brisque, run 1: Expected at least 3 images" in capsys.readouterr().err


def test_an_evaluation_of_another_data_set_is_refused(evaluation, results):
    """Before anything is trained."""
    with pytest.raises(ValueError, match="an evaluation on biq2021. Received: .* on spaq"):
        results(evaluation("brisque", MOS, dataset="spaq"))


def test_no_error_on_a_scale_that_is_not_the_votes(evaluation, results, monkeypatch):
    """Correlations only; JSON takes it."""
    monkeypatch.setattr("kiqa.reproduce.rnn_biqa.evaluations._TOPS", {})
    found, _ = results(evaluation("cnniqa", MOS))
    assert found[0]["report"]["metrics"]["rmse"]["value"] is None
    assert json.dumps(found[0])
