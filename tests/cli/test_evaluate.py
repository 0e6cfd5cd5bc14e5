"""``kiqa evaluate``: predictions, table and JSON over a data set in its published layout."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.cli.main import main
from kiqa.data.trained import names_trained_on
from kiqa.scoring import Scorer


@pytest.fixture
def biq(tmp_path, monkeypatch):
    """A small BIQ2021: brightness follows MOS, apart from two neighbours; one image is torn."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "biq"
    (root / "Images").mkdir(parents=True)
    scores, split = ["Image Name,MOS,,"], ["image_name,set"]
    levels = [20, 40, 80, 60, *range(100, 240, 20)]
    for number, level in enumerate(levels):
        name = f"ss01 ({number}).jpg"
        Image.new("RGB", (64, 64), (level,) * 3).save(root / "Images" / name)
        scores.append(f"{name},{0.1 + 0.07 * number:.4f},,")
        split.append(f"{name},{'train' if number == 10 else 'test'}")
    (root / "Images" / "ss01 (9).jpg").write_bytes(b"\xff\xd8 torn")
    (root / "Train (Images and MOS).csv").write_text("\n".join(scores) + "\n")
    (root / "split.csv").write_text("\n".join(split) + "\n")
    return ["evaluate", "--data", str(root), "--dataset", "biq2021"]


@pytest.mark.slow
def test_table_and_files(stand_in, biq, capsys):
    """Predictions, JSON and table agree; the torn image is an error and the status 1."""
    assert main([*biq, "--output", "out"]) == 1
    out, err = capsys.readouterr()
    assert "9 images, stride 8, MOS 0..1" in out
    assert "| SROCC" in out
    assert err.splitlines()[-1] == "kiqa: 1 of 10 images could not be scored"
    (told,) = [line for line in err.splitlines() if "ss01 (9).jpg: " in line]
    assert told.startswith(f"kiqa: {Path('biq/Images').resolve()}") and "expected an image" in told
    with open("out/predictions.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [f"ss01 ({number}).jpg" for number in range(10)]
    assert float(rows[0]["mos"]) == pytest.approx(0.1)
    assert float(rows[0]["predicted"]) == pytest.approx(20 / 255, abs=0.01)
    assert rows[9]["predicted"] == ""
    assert rows[9]["error"].startswith("ss01 (9).jpg: ")
    result = json.loads(Path("out/evaluation.json").read_text())
    # Two neighbours of nine exchanged: rho = 1 - 6 * 2 / (9 * 80).
    assert result["metrics"]["srocc"]["value"] == pytest.approx(1 - 12 / 720)
    assert result["metrics"]["srocc"]["lo"] <= result["metrics"]["srocc"]["value"]
    assert (result["images"], result["errors"], result["stride"]) == (9, 1, 8)
    assert result["weights_sha256"] == "0" * 64
    assert (result["split"], result["set"]) == ("the data set's own", "test")
    assert Path("out/evaluation.md").read_text() == out


@pytest.mark.slow
def test_resume_computes_nothing_again(stand_in, biq, capsys):
    """The second run takes all rows from the folder and gives the same table."""
    main([*biq, "--output", "out"])
    first = capsys.readouterr().out
    assert main([*biq, "--output", "out", "--resume"]) == 1
    assert capsys.readouterr().out == first
    assert stand_in[1].calls == 1  # to warm up


@pytest.mark.slow
def test_split_file_and_all(stand_in, biq, capsys):
    """--split takes the place of the data set's own, --set all needs none."""
    names = [f"ss01 ({number}).jpg" for number in range(6)]
    Path("mine.csv").write_text("image_name,set\n" + "".join(f"{n},val\n" for n in names))
    assert main([*biq, "--split", "mine.csv", "--set", "val", "--output", "out"]) == 0
    result = json.loads(Path("out/evaluation.json").read_text())
    assert (result["images"], result["split"]) == (6, "mine.csv")
    assert len(result["split_sha256"]) == 64
    assert main([*biq, "--set", "all"]) == 1
    assert "all: 10 images" in capsys.readouterr().out


def test_excluded_images_are_left_out(stand_in, biq, capsys):
    """By a table of names; the line says of how many, and the predictions are the others'."""
    names = [f"ss01 ({number}).jpg" for number in (0, 9)]
    Path("konpatch.csv").write_text("".join(f"{name}\n" for name in ["image_name", *names]))
    assert main([*biq, "--exclude", "konpatch.csv", "--output", "out"]) == 0
    out, err = capsys.readouterr()
    assert "8 images" in out and "2 of 11 images are excluded by konpatch.csv" in err
    with open("out/predictions.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [f"ss01 ({number}).jpg" for number in range(1, 9)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--exclude", "gone.csv"], "gone.csv"),
        (["--set", "val"], "'val'"),
        (["--split", "gone.csv"], "gone.csv"),
        (["--resume"], "--output"),
        (["--dataset", "koniq10k"], "biq"),
        (["--data", "gone"], "gone"),
    ],
    ids=" ".join,
)
def test_input_error_is_one_line_and_status_2(stand_in, biq, capsys, change, said):
    """A wrong set, split, layout or folder ends before anything is scored."""
    assert main([*biq, *change]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("kiqa: error: ")
    assert err.count("\n") == 1
    assert said in err
    assert not stand_in


def test_nothing_scored_is_an_input_error(stand_in, biq, capsys):
    """When every image is bad there is no table; the first reason is given."""
    for path in Path("biq/Images").iterdir():
        path.write_bytes(b"no image")
    assert main(biq) == 2
    assert "ss01 (0).jpg" in capsys.readouterr().err


def test_constant_predictions_have_no_correlation(stand_in, biq, capsys):
    """A metric that does not exist is a note in the table, not a number, and no success."""
    for path in Path("biq/Images").iterdir():
        Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(path)
    assert main([*biq, "--output", "out"]) == 1
    entry = json.loads(Path("out/evaluation.json").read_text())["metrics"]["srocc"]
    assert entry["value"] is None
    assert "note" in entry
    err = capsys.readouterr().err
    assert err.startswith("kiqa: no srocc, plcc, krocc: Expected predictions that ")


def _with_scores(scores):
    """Let the first images be all there are, with these MOS."""
    lines = [f"ss01 ({number}).jpg,{mos}\n" for number, mos in enumerate(scores)]
    Path("biq/Train (Images and MOS).csv").write_text("".join(["Image Name,MOS\n", *lines]))
    names = [f"ss01 ({number}).jpg,test\n" for number in range(len(scores))]
    Path("biq/split.csv").write_text("".join(["image_name,set\n", *names]))


def test_constant_mos_ends_before_anything_is_scored(stand_in, biq, capsys):
    """The fault is the data's, not the network's."""
    _with_scores([0.5] * 9)
    assert main([*biq, "--output", "out"]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("kiqa: error: Expected MOS that differ, received 9 times 0.5")
    assert "dead" not in err and out == "" and not Path("out").exists() and not stand_in


@pytest.mark.parametrize("images", [1, 2])
def test_too_few_images_end_before_anything_is_scored(stand_in, biq, capsys, images):
    """Two points always lie on a line."""
    _with_scores([0.1, 0.2][:images])
    assert main(biq) == 2
    assert f"Expected at least 3 images, received {images}" in capsys.readouterr().err
    assert not stand_in


def test_rows_that_are_there_end_it_before_the_model_is_loaded(stand_in, biq, capsys):
    """Without --resume they are left as they are."""
    Path("out").mkdir()
    Path("out/rows.jsonl").write_text("{}\n")
    assert main([*biq, "--output", "out"]) == 2
    assert "rows.jsonl, which has content. Add --resume" in capsys.readouterr().err
    assert not stand_in and Path("out/rows.jsonl").read_text() == "{}\n"


def test_too_few_images_for_a_fit_are_noted(stand_in, biq, capsys):
    """The correlations exist, and the table says why the fits do not."""
    _with_scores([0.1, 0.2, 0.4, 0.3])
    assert main(biq) == 0
    out, err = capsys.readouterr()
    assert "4 images" in out and "Expected more than 4 predictions" in out and not err


def test_too_few_scored_images_are_no_success(stand_in, biq, capsys):
    """Two good files of ten."""
    for number in range(2, 10):
        Path(f"biq/Images/ss01 ({number}).jpg").write_bytes(b"no image")
    assert main([*biq, "--output", "out"]) == 2
    assert "Expected at least 3 images, received 2" in capsys.readouterr().err
    assert Path("out/rows.jsonl").exists()


def test_a_model_of_0_to_100_is_compared_on_its_scale(stand_in, biq, monkeypatch, capsys):
    """The error is in the model's unit, and the file holds the MOS that it is against."""
    load = Scorer._load

    def hundred(self):
        info, engine = load(self)
        return replace(info, details=replace(info.details, scale="0..100")), engine

    monkeypatch.setattr(Scorer, "_load", hundred)
    assert main([*biq, "--output", "out"]) == 1
    assert "MOS 0..100" in capsys.readouterr().out
    with open("out/predictions.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["predicted"]]
    assert float(rows[0]["mos"]) == pytest.approx(10)
    errors = [float(row["predicted"]) - float(row["mos"]) for row in rows]
    result = json.loads(Path("out/evaluation.json").read_text())
    assert result["metrics"]["rmse"]["value"] == pytest.approx(np.sqrt(np.mean(np.square(errors))))


@pytest.mark.parametrize(
    ("of", "said"),
    [({"scale": ">=0"}, "scale >=0, higher"), ({"higher_is_better": False}, "scale 0..1, lower")],
    ids=str,
)
def test_a_score_in_another_unit_than_mos_has_no_error(
    stand_in, biq, monkeypatch, capsys, of, said
):
    """RMSE is left out, with a note; that is no failure, and the correlations stay."""
    load = Scorer._load

    def loaded(self):
        info, engine = load(self)
        return replace(info, details=replace(info.details, **of)), engine

    monkeypatch.setattr(Scorer, "_load", loaded)
    _with_scores([0.1, 0.2, 0.4, 0.3, 0.5, 0.6])
    assert main([*biq, "--output", "out"]) == 0
    metrics = json.loads(Path("out/evaluation.json").read_text())["metrics"]
    assert metrics["srocc"]["value"] is not None
    assert metrics["rmse"]["value"] is None and said in metrics["rmse"]["note"]
    assert said in capsys.readouterr().out


@pytest.fixture
def trained(stand_in, biq, monkeypatch):
    """The stand-in's file says that it was trained on three of the images."""
    names = [f"ss01 ({number}).jpg" for number in (0, 4, 10)]
    part = names_trained_on(names, dataset="biq2021", use="train", scores="human", about="MOS")
    load = Scorer._load

    def loaded(self):
        info, engine = load(self)
        return replace(info, details=replace(info.details, trained_on=(part,))), engine

    monkeypatch.setattr(Scorer, "_load", loaded)
    return biq


@pytest.mark.slow
def test_images_that_were_trained_on_are_left_out(trained, capsys):
    """They are told, are in no file, and the JSON counts them."""
    assert main([*trained, "--output", "out"]) == 1
    out, err = capsys.readouterr()
    assert "7 images" in out
    assert "kiqa: 2 of 10 images were trained on by stand-in" in err and "--include-trained" in err
    with open("out/predictions.csv", newline="", encoding="utf-8") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    assert "ss01 (0).jpg" not in names and len(names) == 8
    result = json.loads(Path("out/evaluation.json").read_text())
    assert (result["trained_on_met"], result["trained_on_included"]) == (2, False)


@pytest.mark.slow
def test_include_trained_takes_them_and_says_so(trained, capsys):
    """All ten, a line on stderr, and a note in the JSON."""
    assert main([*trained, "--include-trained", "--output", "out"]) == 1
    out, err = capsys.readouterr()
    assert "9 images" in out and "2 of 10 images were trained on" in err and "included" in err
    result = json.loads(Path("out/evaluation.json").read_text())
    assert (result["trained_on_met"], result["trained_on_included"]) == (2, True)


def test_training_part_alone_is_refused(trained, capsys):
    """Nothing would be left: exit status 2 and the option."""
    names = [f"ss01 ({number}).jpg" for number in (0, 4, 10)]
    Path("mine.csv").write_text("image_name,set\n" + "".join(f"{n},train\n" for n in names))
    assert main([*trained, "--split", "mine.csv", "--set", "train"]) == 2
    assert "--include-trained" in capsys.readouterr().err


def test_images_of_one_scene_are_drawn_together(stand_in, tmp_path, monkeypatch, capsys):
    """Of a data set that says so; the numbers of the table are of scenes then."""
    monkeypatch.chdir(tmp_path)
    Path("own").mkdir()
    lines = ["image_name,mos,set,content"]
    for number in range(12):
        Image.new("RGB", (64, 64), (20 * number + 10,) * 3).save(f"own/{number}.png")
        lines.append(f"{number}.png,{8 * number},test,scene{number // 2}")
    Path("own/mos.csv").write_text("\n".join([*lines, ""]))
    arguments = ["evaluate", "--data", "own", "--dataset", "mos-csv", "--output", "out"]
    assert main(arguments) == 0
    assert "12 images of 6 scenes, stride 8" in capsys.readouterr().out
    assert json.loads(Path("out/evaluation.json").read_text())["groups"] == 6
    written = Path("out/predictions.csv").read_text().splitlines()
    assert written[0] == "name,mos,predicted,content,error"
    assert [line.split(",")[3] for line in written[1:]] == [f"scene{n // 2}" for n in range(12)]
