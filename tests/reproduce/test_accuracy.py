"""``python -m kiqa.reproduce accuracy``: the table of all models."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kiqa.evaluation.correlation import srocc
from kiqa.io.weights import read_info
from kiqa.reproduce import accuracy
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.accuracy import seconds_of, sizes_of
from kiqa.scoring import Scorer


@pytest.fixture
def predictions(tmp_path):
    """Files of a good and a poor model."""
    rng = np.random.default_rng(0)
    mos = rng.random(50)
    paths = {}
    for name, noise in (("patchnet", 0.1), ("wadiqam_nr", 0.8)):
        table = pd.DataFrame({"name": [f"{i}.jpg" for i in range(50)], "mos": mos})
        table["predicted"] = mos + noise * rng.random(50)
        paths[name] = tmp_path / f"{name}.csv"
        table.to_csv(paths[name], index=False)
    return paths


@pytest.mark.slow
def test_models_stand_beside_the_first_one(predictions, tmp_path, capsys):
    """Accuracy, paired difference, size; the published rows under a line that says of what."""
    output = tmp_path / "out"
    models = [f"{name}={path}" for name, path in predictions.items()]
    assert main(["accuracy", *models, "--rounds", "0", "--output", str(output)]) == 0
    shown = capsys.readouterr().out
    assert "on other images" in shown and shown == (output / "accuracy.md").read_text()
    kept = json.loads((output / "accuracy.json").read_text())["models"]
    table = pd.read_csv(predictions["wadiqam_nr"])
    value = kept["wadiqam_nr"]["accuracy"]["metrics"]["srocc"]["value"]
    assert value == pytest.approx(srocc(table["predicted"], table["mos"]))
    assert kept["wadiqam_nr"]["less_first"]["srocc"]["hi"] < 0
    assert kept["patchnet"]["parameters"] == 1_631_809 and "less_first" not in kept["patchnet"]


@pytest.mark.slow
def test_all_rows_are_of_the_images_that_all_have(predictions, tmp_path, capsys):
    """A model that refuses images gains nothing by it."""
    path = predictions["wadiqam_nr"]
    table = pd.read_csv(path)
    worst = (table["predicted"] - table["mos"]).abs().nlargest(20).index
    models = [f"{name}={path}" for name, path in predictions.items()]
    table.drop(worst).to_csv(path, index=False)
    assert main(["accuracy", *models, "--rounds", "0", "--output", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("30 images\n") and "20 images that not all models" in shown.err
    kept = json.loads((tmp_path / "accuracy.json").read_text())
    assert kept["images"] == 30
    of_all = {name: entry["accuracy"]["metrics"]["srocc"]["value"]
              for name, entry in kept["models"].items()}  # fmt: skip
    whole = pd.read_csv(predictions["patchnet"]).drop(worst)
    assert of_all["patchnet"] == pytest.approx(srocc(whole["predicted"], whole["mos"]))
    paired = kept["models"]["wadiqam_nr"]["less_first"]["srocc"]
    assert paired["difference"] == pytest.approx(of_all["wadiqam_nr"] - of_all["patchnet"])


@pytest.mark.slow
def test_predictions_of_which_lower_is_better_are_turned(predictions, capsys):
    """NIQE counts distance from natural images: the row says so, and its SROCC is positive."""
    table = pd.read_csv(predictions["patchnet"])
    table["predicted"] *= -1
    table.to_csv(predictions["patchnet"], index=False)
    models = [f"wadiqam_nr={predictions['wadiqam_nr']}", f"niqe={predictions['patchnet']}"]
    assert main(["accuracy", *models, "--rounds", "0"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "niqe" in line]
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[1] == "niqe, turned: lower is better"
    assert float(cells[2]) == pytest.approx(-srocc(table["predicted"], table["mos"]), abs=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["blur_effect", "gmsd", "fish"])
def test_a_formula_has_its_direction_and_no_size(predictions, tmp_path, capsys, name):
    """Blur and distance are turned, sharpness is not; all are timed, GMSD with a reference."""
    lower = name != "fish"
    table = pd.read_csv(predictions["patchnet"])
    expected = srocc(table["predicted"], table["mos"])
    table["predicted"] *= -1 if lower else 1
    path = tmp_path / "formula.csv"
    table.to_csv(path, index=False)
    models = [f"{name}={path}", f"mine={predictions['patchnet']}"]
    for order in (models, models[::-1]):
        output = ["--output", str(tmp_path / "out")]
        assert main(["accuracy", *order, "--rounds", "1", *output]) == 0
        shown = capsys.readouterr().out
        assert (f"| {name}, turned: lower is better |" in shown) == lower
        kept = json.loads((tmp_path / "out" / "accuracy.json").read_text())["models"]
        assert kept[name]["accuracy"]["metrics"]["srocc"]["value"] == pytest.approx(expected)
        assert "parameters" not in kept[name] and min(kept[name]["seconds"]) > 0
    assert kept[name]["less_first"]["srocc"]["difference"] == pytest.approx(0)


@pytest.mark.slow
def test_scores_from_elsewhere_have_a_row_of_accuracy_alone(predictions, tmp_path, capsys):
    """First or not; their MOS are those of the model beside them."""
    table = pd.read_csv(predictions["wadiqam_nr"])
    mine = tmp_path / "scores.csv"
    table.rename(columns={"predicted": "score"})[["name", "score"]].to_csv(mine, index=False)
    models = [f"mine={mine}", f"patchnet={predictions['patchnet']}"]
    for order in (models, models[::-1]):
        arguments = ["--rounds", "0", "--output", str(tmp_path / "out")]
        assert main(["accuracy", *order, *arguments]) == 0
        kept = json.loads((tmp_path / "out" / "accuracy.json").read_text())["models"]
        assert "parameters" not in kept["mine"] and kept["patchnet"]["parameters"] == 1_631_809
        value = kept["mine"]["accuracy"]["metrics"]["srocc"]["value"]
        assert value == pytest.approx(srocc(table["predicted"], table["mos"]))
    assert kept["mine"]["less_first"]["srocc"]["hi"] < 0
    assert "| mine " in capsys.readouterr().out


@pytest.mark.slow
def test_files_that_belong_to_a_model_count(predictions):
    """RNN-BIQA without its extractor is no model."""
    parameters, megabytes = sizes_of(read_info("rnn_biqa"))
    alone = read_info("rnn_biqa").path.stat().st_size / 1e6
    assert megabytes > alone + 5 and parameters > 6e6


def test_seconds_are_the_medians_of_both_sizes(monkeypatch):
    """By a clock that each pixel moves on; the first turn, which loads a network, is left out."""
    monkeypatch.setattr("kiqa.reproduce.accuracy._SIZES", ((4, 5), (6, 7)))
    now, turns = [0.0], []

    def score(self, pixels, *, reference):
        assert reference is None
        turns.append(pixels.shape)
        now[0] += (100 if len(turns) <= 2 else len(turns)) * pixels[..., 0].size

    monkeypatch.setattr(Scorer, "score", score)
    monkeypatch.setattr(accuracy, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    found = seconds_of(["patchnet"], rounds=3)
    assert turns == 4 * [(4, 5, 3), (6, 7, 3)]
    assert found == {"patchnet": [5 * 20, 6 * 42]}


def test_what_is_no_pair_is_refused(capsys):
    """A file without a name."""
    with pytest.raises(SystemExit) as stop:
        main(["accuracy", "predictions.csv"])
    assert stop.value.code == 2 and "NAME=predictions.csv" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "message"),
    [(["0.5,0.1", "0.5,0.2", "0.5,0.3"], "bad.csv"), (["0.5,0.1"], "Received: 1"), ([], "bad.csv"),
     (["0.1,nan", "0.2,1", "0.3,2"], "bad.csv"), (None, "each model once")],
)  # fmt: skip
def test_tables_are_looked_at_before_anything_is_timed(
    predictions, tmp_path, capsys, monkeypatch, rows, message
):
    """Constant, few or no numbers, and a model named twice: one line that names the file."""
    monkeypatch.setattr("kiqa.reproduce.accuracy.seconds_of", None)
    models = [f"patchnet={predictions['patchnet']}"]
    if rows is None:
        models *= 2
    else:
        lines = [f"{number}.jpg,{row}" for number, row in enumerate(rows)]
        (tmp_path / "bad.csv").write_text("\n".join(["name,mos,predicted", *lines, ""]))
        models.append(f"wadiqam_nr={tmp_path / 'bad.csv'}")
    assert main(["accuracy", *models]) == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert message in line
