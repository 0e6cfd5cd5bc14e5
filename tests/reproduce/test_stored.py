"""Published rows beside ours: looked up by name, or computed again."""

import base64
import json

import numpy as np
import pytest
from PIL import Image

from kiqa.evaluation.correlation import srocc
from kiqa.evaluation.report import write_csv
from kiqa.reproduce.__main__ import NAMES
from kiqa.reproduce.published_rows import published_numbers, published_rows
from kiqa.reproduce.stored import beside_published, found_results, results_folder
from kiqa.reproduce.stored_results import StoredResult

PAPERS = ("thesis-", "wadiqam-", "paq2piq-", "rnn-")
# Written once by a command, with the published rows of another day.
TABLE_3 = {
    "table": "thesis-table3", "dataset": "koniq10k", "split": "official, test", "set": "test",
    "published": [{"method": "old", "dataset": "x", "srocc": "1", "plcc": "1", "source": "old"}],
    "results": [
        {"method": "kiqa's aggregator", "dataset": "koniq10k", "stride": 4, "images": 7,
         "metrics": {name: {"value": 0.7512, "lo": 0.7, "hi": 0.8} for name in ("srocc", "plcc")}}
    ],
}  # fmt: skip


@pytest.fixture
def stored(monkeypatch):
    """The function ``stored(*pairs)``: there are results of these names at these places."""

    def stored(*pairs):
        kept = [
            StoredResult(name, "Thesis", name, place, f"python -m kiqa.reproduce {name}", "images",
                         "2026-11-28" if place else "", "kiqa 0", "" if place else "not at hand")
            for name, place in pairs
        ]  # fmt: skip
        monkeypatch.setattr("kiqa.reproduce.stored.stored_results", lambda: kept)

    return stored


@pytest.fixture
def results(tmp_path, stored):
    """A folder of results with one table in it."""
    place = "any/thesis-table3-koniq10k.json"
    (tmp_path / "results" / "any").mkdir(parents=True)
    (tmp_path / "results" / place).write_text(json.dumps(TABLE_3))
    stored(("thesis-table3", place), ("wadiqam-table1", ""))
    return tmp_path / "results"


def _predictions(folder):
    rng = np.random.default_rng(0)
    mos = rng.random(30)
    predicted = mos + rng.normal(0, 0.1, 30)
    folder.mkdir(parents=True)
    rows = [{"name": f"{i}.jpg", "mos": a, "predicted": b}
            for i, (a, b) in enumerate(zip(mos, predicted, strict=True))]  # fmt: skip
    write_csv(rows, folder / "predictions.csv")
    return mos, predicted


def test_a_stored_table_stands_below_the_papers_rows(results):
    """All rows of the paper, as they are kept today; ours with intervals and what they are of."""
    shown = beside_published("thesis-table3", results=results)
    rows = shown.rows()
    assert [row[""] for row in rows] == ["paper"] * len(published_rows("thesis-table3")) + ["ours"]
    assert rows[5] == {
        "": "paper", "method": "thesis's aggregator", "data set": "koniq10k", "images": "",
        "SROCC": "0.79", "PLCC": "0.81", "source": "thesis, Table 3",
    }  # fmt: skip
    assert rows[-1]["SROCC"] == rows[-1]["PLCC"] == "0.751 (0.700 .. 0.800)"
    (found,) = shown.found
    assert found.about == "images; koniq10k, official, test: 7 images"
    assert found.place == "any/thesis-table3-koniq10k.json"
    assert found.made == "python -m kiqa.reproduce thesis-table3, 2026-11-28, kiqa 0"
    assert shown.missing == ""
    page = shown._repr_html_()
    assert found.place in page and page.count("<table") == 1 and "old" not in page
    assert found.place in str(shown) and "0.751 (0.700 .. 0.800)" in str(shown)


def test_a_method_of_several_rows_gets_one(results):
    """Data sets become columns, as in the paper; ours stand in those of its data set."""
    (frame,) = beside_published("thesis-table3", results=results).frames()
    assert list(frame.columns)[:4] == [
        (name, metric) for name in ("koniq10k", "live-itw") for metric in ("SROCC", "PLCC")
    ]
    assert list(frame.loc["paper"].index) == [
        *("BIQI", "BLIINDS-II", "BRISQUE", "DIIVINE", "SSEQ", "thesis's aggregator", "NIQE")
    ]
    assert frame.loc[("paper", "SSEQ"), ("live-itw", "PLCC")] == "0.50"
    ours = frame.loc[("ours", "kiqa's aggregator")]
    assert ours[("koniq10k", "SROCC")] == "0.751 (0.700 .. 0.800)"
    assert ours[("live-itw", "SROCC")] == ""


def test_rows_that_do_not_repeat_stay_rows(results):
    """Indexed by whose they are; columns that are empty everywhere are left out."""
    (frame,) = beside_published("rnn-table1", results=results).frames()
    assert frame.index.names == ["", "method"]
    assert list(frame.columns) == ["trained on", "data set", "SROCC", "PLCC", "RMSE"]
    (frame,) = beside_published("wadiqam-table6", results=results).frames()
    assert ("live -> csiq, 4 distortions", "SROCC") in frame.columns
    assert ("live -> tid2013", "SROCC") in frame.columns


def test_a_figure_has_its_numbers_and_its_picture(results, stored):
    """The files of one stem are one result, whichever of them the place is."""
    Image.new("RGB", (2, 2)).save(results / "any/thesis-fig1.png")
    write_csv([{"distortion": "blur", "MSE": 480.12345}], results / "any/thesis-fig1.csv")
    stored(("thesis-fig1", "any/thesis-fig1.png"), ("thesis-fig1", "any/gone.png"))
    (found,) = found_results("thesis-fig1", results)
    assert found.place == "any/thesis-fig1.csv"
    assert list(found.rows) == [{"distortion": "blur", "MSE": 480.12345}]
    shown = beside_published("thesis-fig1", results=results)
    assert [row.get("MSE") for row in shown.rows()] == [None, "480.123"]
    assert [list(frame.columns) for frame in shown.frames()] == [["value"], ["MSE"]]
    assert base64.b64encode(found.picture).decode() in shown._repr_html_()


def test_predictions_of_other_methods_become_rows(results):
    """SROCC and PLCC of the file with intervals; its evaluation says what it is on."""
    mos, predicted = _predictions(results / "brisque-koniq10k")
    (results / "brisque-koniq10k/evaluation.json").write_text(
        json.dumps({"dataset": "koniq10k", "split": "official", "set": "test"})
    )
    also = {"BRISQUE": "brisque-koniq10k", "absent": "absent"}
    shown = beside_published("thesis-table3", also=also, results=results)
    row = shown.rows()[-1]
    value, _, interval = row["SROCC"].partition(" (")
    assert value == f"{srocc(predicted, mos):.3f}"
    low, high = (float(end) for end in interval.rstrip(")").split(" .. "))
    assert low < float(value) < high
    assert (row["method"], row["images"]) == ("BRISQUE", "30")
    assert [each.about for each in shown.found][1:] == ["BRISQUE, koniq10k, official, test"]


def test_a_comparison_may_be_the_result_of_a_table(results, stored):
    """Its difference is told; rows come from predictions."""
    _predictions(results / "first")
    entry = {"first": 0.8, "second": 0.7, "difference": 0.1, "lo": 0.05, "hi": 0.15}
    content = {"files": [[{"name": "a.csv", "sha256": "0"}, "b.csv"]], "splits": 1, "images": 9,
               "srocc": entry, "plcc": entry}  # fmt: skip
    (results / "against.json").write_text(json.dumps(content))
    stored(("rnn-table4", "against.json"))
    shown = beside_published("rnn-table4", also={"first": "first"}, results=results)
    assert "a.csv less b.csv, 9 images: SROCC +0.100 (+0.050 .. +0.150)" in shown.found[0].about
    assert [row["method"] for row in shown.rows() if row[""] == "ours"] == ["first"]
    assert shown.missing == ""


def test_what_is_not_stored_says_how_it_is_made(results):
    """The paper's rows are there all the same; a name without a command says so."""
    shown = beside_published("wadiqam-table1", results=results)
    assert shown.missing == (
        "No result of ours, not at hand. It is made by: python -m kiqa.reproduce wadiqam-table1"
    )
    assert not shown.found
    assert len(shown.rows()) == len(published_rows("wadiqam-table1"))
    assert "Nothing is computed" in beside_published("paq2piq-table1", results=results).missing


def test_a_damaged_result_is_named(results, stored):
    """No row of it is shown."""
    (results / "thesis-table2-x.json").write_text('{"results": 1}')
    stored(("thesis-table2", "thesis-table2-x.json"))
    with pytest.raises(ValueError, match=r"thesis-table2-x\.json.*Compute it again"):
        beside_published("thesis-table2", results=results)
    stored(("thesis-fig1", "thesis-fig1.csv"))
    for damaged in (b"distortion,MSE\nblur\n", b"distortion,MSE\nblur,1.5,2\n", b"MSE\n\xff\n"):
        (results / "thesis-fig1.csv").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"thesis-fig1\.csv.*Compute it again"):
            found_results("thesis-fig1", results)


def test_an_evaluation_that_does_not_say_on_what_is_named(results):
    """Predictions alone are enough; a file beside them has to be that of kiqa evaluate."""
    _predictions(results / "brisque")
    (results / "brisque/evaluation.json").write_text('{"dataset": "koniq10k"}')
    with pytest.raises(ValueError, match=r"in .*evaluation\.json. Received: .* without split, set"):
        beside_published("thesis-table3", also={"BRISQUE": "brisque"}, results=results)


def test_options_compute_again(tmp_path, stand_in, capsys):
    """The command runs with its own checks; what it writes is shown, older results are not."""
    (tmp_path / "Images").mkdir()
    names = [f"ss01 ({number}).jpg" for number in range(8)]
    for number, name in enumerate(names):
        Image.new("RGB", (72, 72), (20 * number + 10,) * 3).save(tmp_path / "Images" / name)
    lines = [f"{name},{0.1 + 0.1 * number:.1f},," for number, name in enumerate(names)]
    (tmp_path / "Train (Images and MOS).csv").write_text("\n".join(["Image Name,MOS,,", *lines]))
    own = ["--data", tmp_path, "--dataset", "biq2021", "--set", "all"]
    old = tmp_path / "out" / "thesis" / "thesis-table3-koniq10k.json"
    old.parent.mkdir(parents=True)
    old.write_text(json.dumps(TABLE_3))
    shown = beside_published("thesis-table3", own, output=tmp_path / "out")
    assert [found.place for found in shown.found] == ["thesis-table3-biq2021.json"]
    assert shown.rows()[-1]["SROCC"].startswith("1.000")
    assert capsys.readouterr().out == ""
    for wrong in (["--data", tmp_path / "none", "--dataset", "biq2021"], ["--no-such-option"]):
        refused = beside_published("thesis-table3", wrong, output=tmp_path / "out")
        assert refused.missing.startswith("Not computed: ") and not refused.found


def test_a_command_that_writes_a_file_is_computed_too(results, tmp_path):
    """Its ``--output`` is no folder."""
    _predictions(results / "first")
    both = [results / "first/predictions.csv"] * 2
    shown = beside_published("compare", both, output=tmp_path / "out")
    assert shown.missing == "" and [found.place for found in shown.found] == ["compare.json"]


@pytest.mark.parametrize("name", NAMES)
def test_every_result_of_the_checkout_can_be_read(name):
    """Whatever is stored under a name of a paper has rows or a picture, and says what it is of."""
    for found in found_results(name, results_folder()):
        compared = " less " in found.about
        assert found.rows or found.picture or compared or not name.startswith(PAPERS)
        assert found.about and found.made


def test_some_results_are_stored():
    """The test above has something to read."""
    stored = [name for name in NAMES if found_results(name, results_folder())]
    assert {"thesis-table2", "wadiqam-table3", "thesis-fig8", "thesis-fig11"} <= set(stored)


def test_numbers_of_figures():
    """Figures have numbers with a source; a table has its rows."""
    assert [row["value"] for row in published_numbers("thesis-fig11")] == [
        "around 0.9",
        "around 0.8",
    ]
    assert published_numbers("wadiqam-table8") == published_rows("wadiqam-table8")
    assert all(row["source"] for row in published_rows("figures"))
