"""``python -m kiqa.reproduce wadiqam-table...``: rows, groups, splits, intervals."""

import json

import pytest

from kiqa.data import DATASETS
from kiqa.reproduce.__main__ import NAMES, main

pytestmark = pytest.mark.usefixtures("eager")


@pytest.mark.slow
def test_table_3_trains_rates_and_compares(quick, sets, tmp_path, capsys):
    """Both networks are trained; a second run finds them and prints the same."""
    options = ["wadiqam-table3", *sets("biq2021"), *quick, "--output", str(tmp_path / "out")]
    options += ["--images", "8", "--validation-images", "4"]
    assert main(options) == 0
    printed = capsys.readouterr().out
    assert "WaDIQaM-NR less DIQaM-NR" in printed and "8 images to train" in printed
    assert "| FRIQUEE" in printed and "0.671" in printed  # the paper's rows
    trainings = sorted((tmp_path / "out" / "trainings").iterdir())
    assert [folder.name.split("-")[0] for folder in trainings] == ["diqam", "wadiqam"]
    result = json.loads((tmp_path / "out" / "wadiqam-table3.json").read_text())
    found = {entry["method"]: entry["trained_on"] for entry in result["results"]}
    assert found == {"DIQaM-NR": "biq2021", "WaDIQaM-NR": "biq2021", "BRISQUE": "biq2021"}
    for entry in result["results"]:
        assert entry["srocc"]["lo"] - 1e-9 <= entry["srocc"]["mean"] <= entry["srocc"]["hi"] + 1e-9
    assert main(options) == 0
    assert capsys.readouterr().out == printed
    assert sorted((tmp_path / "out" / "trainings").iterdir()) == trainings


@pytest.mark.slow
def test_table_1_takes_the_rows_that_fit(quick, sets, untrained, tmp_path, capsys):
    """All four networks on LIVE, two on a data set without references; the paper's counts."""
    options = ["wadiqam-table1", *quick, "--output", str(tmp_path / "out")]
    assert main([*options, *sets("live", "biq2021")]) == 0
    assert [(name, s.mode, s.pooling) for name, s, _ in untrained] == [
        ("live", "fr", "average"), ("live", "fr", "weighted"), ("live", "nr", "average"),
        ("live", "nr", "weighted"), ("biq2021", "nr", "average"), ("biq2021", "nr", "weighted"),
    ]  # fmt: skip
    assert untrained[0][1].epochs == 1 and untrained[0][1].targets == "dmos"
    assert "WaDIQaM-FR less DIQaM-FR" in capsys.readouterr().out
    untrained.clear()
    assert main([*options, *sets("live"), "--mode", "nr", "--output", str(tmp_path / "2")]) == 0
    assert {settings.mode for _, settings, _ in untrained} == {"nr"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "groups"),
    [
        (
            "wadiqam-table2",
            {"Noise": 8, "Actual": 16, "Simple": 12, "Exotic": 4, "New": 4, "Color": 8},
        ),
        ("wadiqam-table4", {"GB": 4, "JPEG": 4, "J2K": 4, "LBDDI": 4}),
    ],
)
def test_groups_of_tid2013(quick, sets, untrained, tmp_path, table, groups):
    """Test images of 2 references, 2 levels a kind; groups without an image are left out."""
    options = [table, *sets("tid2013"), *quick, "--output", str(tmp_path)]
    assert main([*options, *(["--mode", "fr"] if table == "wadiqam-table4" else [])]) == 0
    rows = json.loads((tmp_path / f"{table}.json").read_text())["results"]
    assert {row["subset"]: row["images"] for row in rows} == groups


@pytest.mark.slow
def test_cross_tables_train_on_whole_data_sets(quick, sets, untrained, tmp_path, monkeypatch):
    """Table V: two directions; Table VI: also the four shared distortions. Of five references."""
    out = tmp_path / "out"
    data = sets("live", "tid2013", "csiq")
    for name in ("live", "tid2013", "csiq"):
        records = DATASETS[name]("")
        half = records[: len(records) // 2]
        monkeypatch.setitem(DATASETS, name, lambda root, half=half: half)
    assert main(["wadiqam-table5", *data, *quick, "--output", str(out)]) == 0
    assert [(name, parts) for name, _, parts in untrained] == [
        ("live", {"train": 24, "val": 6}), ("live", {"train": 24, "val": 6}),
        ("tid2013", {"train": 48, "val": 12}), ("tid2013", {"train": 48, "val": 12}),
    ]  # fmt: skip
    rows = json.loads((out / "wadiqam-table5.json").read_text())["results"]
    assert {(row["trained_on"], row["tested_on"], row["images"]) for row in rows} == {
        ("live", "tid2013", 60), ("live", "csiq", 30), ("tid2013", "csiq", 30),
        ("tid2013", "live", 30),
    }  # fmt: skip
    assert main(["wadiqam-table6", *data, *quick, "--output", str(out)]) == 0
    rows = json.loads((out / "wadiqam-table6.json").read_text())["results"]
    assert {(row["tested_on"], row["subset"], row["images"]) for row in rows} == {
        ("csiq", "full", 30), ("csiq", "4 distortions", 20), ("tid2013", "full", 60),
        ("tid2013", "4 distortions", 40),
    }  # fmt: skip


@pytest.mark.slow
def test_fusions_and_depths(quick, sets, untrained, tmp_path):
    """Table VIII has six networks, section IV-H two."""
    for name, count in (("wadiqam-table8", 6), ("wadiqam-depth", 2)):
        untrained.clear()
        assert main([name, *sets("live"), *quick, "--output", str(tmp_path / name)]) == 0
        assert len({settings for _, settings, _ in untrained}) == (1 if "depth" in name else count)
        assert len(untrained) == count


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("wadiqam-table")])
def test_missing_data_sets_are_named(name, capsys, tmp_path):
    """One line on stderr, exit status 2, nothing written."""
    assert main([name, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "=ROOT" in error and len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["wadiqam-table1", "--data", "live"], "NAME=PATH"),
        (["wadiqam-table1", "--data", "cats=."], "cats"),
        (["wadiqam-table1", "--data", "live=gone"], "gone"),
        (["wadiqam-table2", "--data", "biq2021=."], "reference images"),
        (["wadiqam-table5", "--data", "live=."], "tid2013=ROOT"),
        (["wadiqam-fig6"], "--data live=ROOT"),
        (["wadiqam-fig8", "--data", "live=.", "--model", "x.h5"], "no --model"),
        (["wadiqam-fig9", "--data", "biq2021=."], "reference images"),
    ],
)
def test_wrong_input_is_one_line(sets, options, message, capsys, tmp_path):
    """Exit status 2 and the reason."""
    if "gone" in options[-1]:
        DATASETS["live"] = _gone
    assert main([*options, "--output", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.splitlines()) == 1


def _gone(root):
    raise FileNotFoundError(f"Expected a data set. Received: {root}.")


@pytest.mark.slow
def test_notebook_computes_again(run_notebook, quick, sets, untrained, tmp_path, monkeypatch):
    """On one data set with references; tables across data sets say which others they need."""
    half = [r for r in DATASETS["tid2013"]("") if r.distortion in ("08", "10", "11")]
    monkeypatch.setitem(DATASETS, "tid2013", lambda root: half)
    shown = run_notebook(
        "wadiqam", DATA=str(tmp_path), DATASET="tid2013", SETS=[], REDUCED=quick,
        NUMBERS=["--numbers", "1", "2"],
        COMPONENTS=["--components", "0", "3", "--pca-patches", "8"],
    )  # fmt: skip
    missing = {name: value.missing for name, value in shown.items() if value.missing}
    assert missing.keys() == {f"wadiqam-table{number}" for number in (5, 6, 7)}
    assert all(text.startswith("Not computed: Expected --data") for text in missing.values())
    for name in ("wadiqam-table1", "wadiqam-table3"):
        (*_, row) = shown[name].rows()
        assert (row["method"], row["data set"]) == ("WaDIQaM-NR", "tid2013")
        assert " .. " in row["SROCC"] and row["SROCC"].endswith(")")
    for number in (3, 4, 5, 6, 7, 8, 9):
        (found,) = shown[f"wadiqam-fig{number}"].found
        assert found.picture is not None
    assert len(untrained) == 28
