"""``python -m kiqa.reproduce thesis-...``: every table and figure on small input."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from kiqa.comparators import FORMULAS
from kiqa.data.split_parts import published_parts
from kiqa.data.trained import names_trained_on
from kiqa.maps.sliding_fish import fish_map
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.computed import computable, with_weights
from kiqa.reproduce.thesis.correlations import result_of
from kiqa.scoring import Scorer


@pytest.mark.slow
def test_table_2_compares_the_network_and_fish(stand_in, biq, tmp_path, capsys, noise_image):
    """Rows of all maps with intervals, predictions and provenance; a second run computes less."""
    output = tmp_path / "out"
    models = ["--model", "patchnet", "--model", "cnniqa"]  # both are the stand-in
    command = ["thesis-table2", *biq, *models, "--stride", "8", "--output", str(output)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert len(lines) == 2 + 4 + 3
    assert "thesis, Table 2" in lines[2] and "0.667" in lines[2]
    assert all("| mean map of stand-in | biq2021  | 9 " in line for line in lines[6:8])
    assert "| mean map of FISH " in lines[8] and "ours, own split, test" in lines[8]
    result = json.loads((output / "thesis-table2-biq2021.json").read_text())
    for entry in result["results"]:  # brightness and contrast both follow the MOS
        assert entry["metrics"]["srocc"]["value"] == pytest.approx(1)
        assert entry["metrics"]["plcc"]["lo"] <= entry["metrics"]["plcc"]["value"]
        assert (entry["images"], entry["stride"]) == (9, 8)
    assert [row.get("weights_sha256") for row in result["results"]] == ["0" * 64] * 2 + [None]
    with open(output / "thesis-table2-biq2021-predictions.csv", newline="") as file:
        predictions = list(csv.DictReader(file))
    assert [row["name"] for row in predictions] == [f"ss01 ({i}).jpg" for i in range(9)]
    expected = fish_map(noise_image(3), stride=8).mean()
    assert float(predictions[3]["FISH"]) == pytest.approx(expected)
    assert (output / "thesis-table2-biq2021.md").read_text() == printed
    assert main(command) == 0
    assert capsys.readouterr().out == printed
    assert [mapper.calls for mapper in stand_in[2:]] == [1, 1]  # to warm up


@pytest.mark.slow
def test_table_2_takes_evaluations_by_their_scores(stand_in, biq, evaluation, capsys):
    """Called scores, not means of maps; alone they bring no FISH row, which needs the images."""
    mos = {f"ss01 ({number}).jpg": 0.1 + 0.08 * number for number in range(9)}
    evaluated = ["--evaluated", str(evaluation("fish", mos))]
    assert main(["thesis-table2", *evaluated]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 4 + 1
    assert "| score of fish " in lines[6] and "ours, some-split, test" in lines[6]
    assert stand_in == []
    assert main(["thesis-table2", *biq, *evaluated, "--model", "patchnet", "--stride", "8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0].strip("| ") for line in lines[6:]] == [
        "score of fish", "mean map of stand-in", "mean map of FISH",
    ]  # fmt: skip
    assert main(["thesis-table2", *evaluated, "--model", "patchnet"]) == 2
    assert "--data ROOT and --dataset NAME to score with patchnet" in capsys.readouterr().err


def test_table_2_refuses_a_model_without_maps(biq, capsys):
    """It could only bring its score."""
    assert main(["thesis-table2", *biq, "--model", "brisque"]) == 2
    assert "rates whole images only" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows"), [("thesis-table3", 6), ("thesis-table4", 5)])
@pytest.mark.parametrize("dataset", ["koniq", "live"])
def test_aggregator_tables(stand_in, request, capsys, name, rows, dataset):
    """The published rows of the data set, then ours on all its images, the aggregator last."""
    options = request.getfixturevalue(dataset)
    assert main([name, *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + rows + len(with_weights(list(computable(name)))) + 1
    assert all(options[3] in line for line in lines[2:])
    assert "| kiqa's stand-in" in lines[-1] and "| 10 " in lines[-1]
    assert "| 1.000 |" in lines[-1]


@pytest.mark.slow
def test_comparators_stand_beside(stand_in, biq, tmp_path, monkeypatch, capsys):
    """Computed rows of other models on the same images, each told by its direction."""
    load = Scorer._load

    def loaded(self):
        return self._load_alone() if self.model in FORMULAS else load(self)

    monkeypatch.setattr(Scorer, "_load", loaded)
    models = ["--model", "fish", "--model", "blur_effect", "--model", "aggregator"]
    assert main(["thesis-table3", *biq, *models, "--output", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "thesis's aggregator" in lines[7] and "official test set" in lines[15]
    assert "kiqa's fish " in lines[-3] and "kiqa's blur_effect, lower is better" in lines[-2]
    assert "kiqa's stand-in" in lines[-1]
    result = json.loads((tmp_path / "thesis-table3-biq2021.json").read_text())
    assert [row["images"] for row in result["results"]] == [9, 9, 9]
    with open(tmp_path / "thesis-table3-biq2021-predictions.csv", newline="") as file:
        assert {"fish", "blur_effect"} <= set(next(csv.DictReader(file)))
    assert main(["thesis-table3", *biq, "--model", "psnr"]) == 2
    assert "psnr is a full-reference model" in capsys.readouterr().err


@pytest.mark.slow
def test_evaluations_stand_beside_without_scoring(
    stand_in, biq, evaluation, tmp_path, monkeypatch, capsys
):
    """Their rows are of the images that all have; alone they need no data set."""
    mos = {f"ss01 ({number}).jpg": 0.1 + 0.08 * number for number in range(9)}
    here = evaluation("other", mos)
    fewer = evaluation("fewer", dict(list(mos.items())[:7]), higher_is_better=False)
    both = ["--evaluated", str(here), "--evaluated", str(fewer)]
    assert main(["thesis-table3", *both, "--output", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert "kiqa's other " in lines[-2] and "kiqa's fewer, lower is better" in lines[-1]
    assert all("| 7 " in line and "ours, some-split, test" in line for line in lines[-2:])
    assert "what other was trained on is not known" in err
    result = json.loads((tmp_path / "out" / "thesis-table3-biq2021.json").read_text())
    assert result["split"] == "some-split, test" and stand_in == []
    assert [row["metrics"]["srocc"]["value"] for row in result["results"]] == [1.0, -1.0]
    assert main(["thesis-table3", *biq, *both, "--model", "aggregator"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "kiqa's stand-in" in lines[-1] and "| 7 " in lines[-1]
    assert main(["thesis-table3", *both, "--model", "aggregator"]) == 2
    assert "--data ROOT and --dataset NAME to score with aggregator" in capsys.readouterr().err


def test_evaluations_leave_out_what_their_model_was_trained_on(evaluation, monkeypatch, capsys):
    """Seven of the ten images are of the train part of a shipped model."""
    names = sorted(published_parts("biq2021-kiqa-6000")["train"])[:7]
    names += sorted(published_parts("biq2021-kiqa-6000")["test"])[:3]
    folder = evaluation("brisque", {name: 0.1 * i for i, name in enumerate(names)})
    assert main(["thesis-table4", "--evaluated", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert "| 3 " in out.splitlines()[-1] and "7 of 10 images were trained on by brisque" in err
    assert main(["thesis-table4", "--evaluated", str(folder), "--include-trained"]) == 0
    assert "| 10 " in capsys.readouterr().out.splitlines()[-1]


def test_image_that_cannot_be_scored_is_told(stand_in, biq, capsys):
    """The others count, and the exit status is 1."""
    Path(biq[1], "Images", "ss01 (4).jpg").write_bytes(b"torn")
    assert main(["thesis-table3", *biq]) == 1
    out, err = capsys.readouterr()
    assert "| 8 " in out and "1 scores are missing" in err and "ss01 (4).jpg" in err


def test_no_score_at_all_is_an_input_error():
    """Without one score there is no table; the first reason is given."""
    with pytest.raises(ValueError, match="the first: torn.jpg"):
        result_of("any", [{"score": None, "error": "torn.jpg"}], [None])


@pytest.mark.slow
def test_tables_leave_out_what_the_network_was_trained_on(
    stand_in, biq, tmp_path, monkeypatch, capsys
):
    """FISH too is judged on the images that are left; figures of a data set likewise."""
    load = Scorer._load
    seen = (
        names_trained_on(
            ["ss01 (0).jpg"], dataset="biq2021", use="train", scores="human", about="MOS"
        ),
    )

    def loaded(self):
        info, engine = load(self)
        return replace(info, details=replace(info.details, trained_on=seen)), engine

    monkeypatch.setattr(Scorer, "_load", loaded)
    command = ["thesis-table2", *biq, "--stride", "8", "--output", str(tmp_path / "out")]
    for more, count in (([], 8), (["--include-trained"], 9)):
        assert main([*command, *more]) == 0
        assert "1 of 9 images were trained on by stand-in" in capsys.readouterr().err
        result = json.loads((tmp_path / "out" / "thesis-table2-biq2021.json").read_text())
        assert [row["images"] for row in result["results"]] == [count, count]
        assert result["results"][0]["trained_on_met"] == 1
    assert main(["thesis-examples", *biq, "--count", "2", "--output", str(tmp_path)]) == 0
    assert "are left out" in capsys.readouterr().err
