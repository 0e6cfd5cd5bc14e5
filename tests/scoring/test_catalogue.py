"""What ``kiqa models`` says, against the engines and the stored results."""

import csv
import json
from importlib import resources
from pathlib import Path

import pytest

from kiqa.comparators import FITTED, FORMULAS
from kiqa.io.weights import list_models
from kiqa.scoring.catalogue import COLUMNS, model_table
from kiqa.scoring.engines import makes_maps

RESULTS = Path(__file__).parents[2] / "docs" / "results"
FILE = resources.files("kiqa.scoring") / "catalogue.csv"
STATED = {row["name"]: row for row in csv.DictReader(FILE.read_text("utf-8").splitlines())}


@pytest.fixture(scope="module")
def table():
    """Rows by name."""
    return {row["name"]: row for row in model_table()}


def test_every_model_is_in_it(table):
    """Shipped ones and comparators, once each; heads and extractors are no models."""
    assert list(table) == sorted(table)
    assert set(FORMULAS) | set(FITTED) <= set(table) == set(STATED)
    assert {"paq2piq_rm_head", "rnn_features", "lite_local"} & set(table) == set()
    assert {"paq2piq_rm_head", "rnn_features", "lite_local"} <= set(list_models())
    for row in table.values():
        assert tuple(row) == COLUMNS
        assert None not in (row["paper"], row["licence"], row["weights"])
        there = not row["weights"].startswith("none: ")
        assert (row["megabytes"] is not None) == there
        assert row["scale"] is not None and row["higher_is_better"] is not None
        stated = STATED[row["name"]]
        if row["name"] in FITTED:  # what the file says, where there is one
            assert stated["scale"] == row["scale"]
            assert stated["higher_is_better"] == ("yes" if row["higher_is_better"] else "no")
        else:
            assert stated["scale"] == stated["higher_is_better"] == ""
    assert table["paq2piq_rm"]["weights"] == "paq2piq_rm.h5 paq2piq_rm_head.h5"


def test_a_model_outside_the_package_has_a_row(monkeypatch, tmp_path):
    """With what its manifest knows; nothing is downloaded for it."""
    entry = {"file": "aggregator.h5", "bytes": 27_000_000, "scale": "0..1"}
    entry |= {"sha256": "0" * 64, "higher_is_better": True, "url": None}
    manifest = tmp_path / "manifest.json"
    monkeypatch.setattr("kiqa.io.weights.manifest.weight_folders", lambda: [tmp_path])
    for url, weights in (
        (None, "none: copy aggregator.h5 from weights/ of kiqa's repository"),
        ("https://nowhere.invalid/aggregator.h5", "downloaded when it is asked for"),
    ):
        manifest.write_text(json.dumps({"models": {"aggregator": entry | {"url": url}}}))
        (row,) = [row for row in model_table() if row["name"] == "aggregator"]
        assert (row["weights"], row["megabytes"], row["higher_is_better"]) == (weights, 27.0, True)


@pytest.mark.parametrize("name", [n for n in STATED if n in list_models()])
@pytest.mark.slow
def test_what_is_stated_is_what_the_engine_does(table, shipped_scorer, name):
    """Least side, map and reference."""
    scorer, row = shipped_scorer(name), table[name]
    assert row["least_side"] == scorer.least_side
    assert row["needs_reference"] == scorer.needs_reference
    assert row["map"] == (scorer._load()[1].map is not None) == makes_maps(scorer.info)


def test_accuracies_are_those_of_the_stored_results(table):
    """Each evaluation of docs/results on the test part of BIQ2021, rounded; no other number."""
    found = {}
    for path in sorted(RESULTS.glob("*/evaluation.json")):
        result = json.loads(path.read_text())
        if (result["dataset"], result["set"]) == ("biq2021", "test"):
            found[result["model"]] = f"{result['metrics']['srocc']['value']:.4f}"
    stated = {name: row["srocc"] for name, row in STATED.items() if row["srocc"]}
    assert stated == found
    assert {STATED[name]["measured_on"] for name in found} == {"BIQ2021, test"}


def test_own_files_and_missing_ones(tmp_path, monkeypatch):
    """A folder of one's own: damaged files and missing comparators say so."""
    (tmp_path / "mine.h5").write_bytes(b"no HDF5")
    monkeypatch.setenv("KIQA_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("kiqa.io.weights.manifest.weight_folders", lambda: [tmp_path])
    table = {row["name"]: row for row in model_table()}
    assert table["mine"]["weights"].startswith("damaged: ")
    assert table["niqe"]["weights"].startswith("none: python -m kiqa.train_comparator niqe")
    assert table["niqe"]["paper"] == "Mittal et al. 2013"
    assert (table["niqe"]["scale"], table["niqe"]["higher_is_better"]) == (">=0", False)
