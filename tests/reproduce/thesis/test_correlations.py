"""``python -m kiqa.reproduce thesis-...``: every table and figure on small input."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from kiqa.data.local_quality import vote_map
from kiqa.data.readers.datasets import koniq10k
from kiqa.data.splits import read_split
from kiqa.data.trained import names_trained_on
from kiqa.maps.fish import fish
from kiqa.maps.sliding_fish import fish_map
from kiqa.reproduce.__main__ import NAMES, main
from kiqa.reproduce.published_rows import published_rows
from kiqa.reproduce.thesis.correlations import fish_rows, result_of
from kiqa.reproduce.thesis.figures import spread
from kiqa.reproduce.thesis.local import synthetic_boxes
from kiqa.reproduce.thesis.table1 import table_rows
from kiqa.scoring import Scorer

IMAGES = 10


def _photograph(number, size=(72, 80)):
    """Noise whose mean and contrast grow with the number."""
    noise = np.random.default_rng(number).integers(0, 8 + 8 * number, (*size, 3))
    return (noise + 10 * number).astype(np.uint8)


def _write_photographs(folder, names):
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        Image.fromarray(_photograph(number)).save(folder / name, format="PNG")


@pytest.fixture
def biq(tmp_path):
    """BIQ2021 with ten photographs, better the higher their number; nine are tested."""
    root, names = tmp_path / "biq", [f"ss01 ({number}).jpg" for number in range(IMAGES)]
    _write_photographs(root / "Images", names)
    rows = [f"{name},{0.1 + 0.08 * number:.2f},," for number, name in enumerate(names)]
    (root / "Train (Images and MOS).csv").write_text("\n".join(["Image Name,MOS,,", *rows, ""]))
    sets = [f"{name},{'train' if number == 9 else 'test'}" for number, name in enumerate(names)]
    (root / "split.csv").write_text("\n".join(["image_name,set", *sets, ""]))
    return ["--data", str(root), "--dataset", "biq2021"]


@pytest.fixture
def koniq(tmp_path):
    """KonIQ-10k with ten photographs of its official test set."""
    official = read_split("koniq10k-official")
    names = [name for name, part in official.items() if part == "test"][:IMAGES]
    root = tmp_path / "koniq"
    _write_photographs(root / "1024x768", names)
    rows = [f"{name},0,0,1,0,0,100,3,0.5,{30 + 5 * i}" for i, name in enumerate(names)]
    header = "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,MOS_zscore"
    (root / "koniq10k_scores_and_distributions.csv").write_text("\n".join([header, *rows, ""]))
    return ["--data", str(root), "--dataset", "koniq10k"]


@pytest.fixture
def live(tmp_path):
    """LIVE In the Wild with its seven training pictures and ten photographs."""
    root = tmp_path / "live"
    folder = root / "ChallengeDB_release"
    rated = [f"{number}.bmp" for number in range(IMAGES)]
    _write_photographs(folder / "Images", rated)
    names = [f"t{i}.bmp" for i in range(1, 8)] + rated
    mos = [50.0] * 7 + [20.0 + 5 * number for number in range(IMAGES)]
    cells = np.empty((len(names), 1), object)
    cells[:, 0] = names
    (folder / "Data").mkdir()
    for key, value in (("Images", cells), ("MOS", [mos]), ("StdDev", [[10.0] * len(mos)])):
        savemat(folder / "Data" / f"All{key}_release.mat", {f"All{key}_release": value})
    return ["--data", str(root), "--dataset", "live-itw", "--set", "all"]


@pytest.fixture
def workdir(tmp_path):
    """What a run of kiqa.train_patchnet leaves, invented: two instances of five."""
    folder = tmp_path / "run"
    metrics = {"MSE": 0.0625, "MAE": 0.15, "SROCC": 0.75, "PLCC": 0.5}
    epochs = [{"loss": 0.2 / e, "val_loss": 0.2 / e + 0.01 * e, "epoch": e} for e in (1, 2, 3)]
    run = {
        "table": [{"Instance": name, **metrics} for name in ("1", "2", "mean")],
        "settings": {"folds": 5, "split_by": "patch"},
        "data": {"source": "invented", "patches": 80, "images": 8, "label": "lab",
                 "votes_source": "pseudo-votes"},
        "instances": [{"instance": i, **metrics, "history": epochs} for i in (1, 2)],
    }  # fmt: skip
    (folder / "instance-1").mkdir(parents=True)
    (folder / "table1.json").write_text(json.dumps(run))
    label = np.linspace(0, 1, 40)
    predicted = label + np.random.default_rng(0).normal(0, 0.2, 40)
    rows = "".join(f"{i},{a},{b}\n" for i, (a, b) in enumerate(zip(label, predicted, strict=True)))
    (folder / "instance-1" / "test_predictions.csv").write_text(f"patch,label,predicted\n{rows}")
    return folder


@pytest.fixture
def photograph(tmp_path):
    """One photograph, sharp at the right."""
    pixels = _photograph(6, (128, 160))
    pixels[:, :80] = 90
    Image.fromarray(pixels).save(tmp_path / "one.png")
    return tmp_path / "one.png"


@pytest.mark.parametrize(
    ("table", "method", "dataset", "srocc", "plcc"),
    [
        ("thesis-table2", "Patchnet", "koniq10k", "0.667", "0.573"),
        ("thesis-table2", "FISH", "live-itw", "0.500", "0.503"),
        ("thesis-table3", "BRISQUE", "koniq10k", "0.70", "0.70"),
        ("thesis-table3", "thesis's aggregator", "live-itw", "0.60", "0.62"),
        ("thesis-table4", "BosICIP", "koniq10k", "0.65", "0.67"),
        ("thesis-table4", "DeepRN", "live-itw", "0.91", "0.93"),
        ("thesis-table4", "NASNet-Large", "biq2021", "0.673", "0.708"),
    ],
)
def test_published_numbers(table, method, dataset, srocc, plcc):
    """Numbers as printed in the thesis's Tables 2 to 4, and as published for BIQ2021."""
    (row,) = [r for r in published_rows(table, dataset=dataset) if r["method"] == method]
    assert (row["srocc"], row["plcc"], row["dataset"]) == (srocc, plcc, dataset)
    assert ("official test set" in row["source"]) == (dataset == "biq2021")


@pytest.mark.parametrize(
    ("table", "count"), [("thesis-table2", 2), ("thesis-table3", 6), ("thesis-table4", 5)]
)
def test_published_tables_are_whole(table, count):
    """Both data sets of the thesis have every row of the table."""
    for dataset in ("koniq10k", "live-itw"):
        rows = published_rows(table, dataset=dataset)
        assert len(rows) == count and {row["dataset"] for row in rows} == {dataset}


def test_published_table_without_the_data_set_is_shown_whole():
    """Table 2 has no row on BIQ2021: all its rows stand beside ours."""
    assert len(published_rows("thesis-table2", dataset="biq2021")) == 4


def test_table_1_stands_beside_the_thesis(workdir, tmp_path, capsys):
    """Ours with an interval where predictions are there, the thesis's digits, and both means."""
    assert main(["thesis-table1", "--workdir", str(workdir), "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "2 of 5 instances: invented, 80 patches of 8 images" in printed
    with open(tmp_path / "thesis-table1.csv", newline="", encoding="utf-8") as file:
        first, second, mean = csv.DictReader(file)
    assert first["SROCC"].startswith("0.7500 (0.") and second["SROCC"] == "0.7500"
    assert (first["thesis's MSE"], second["thesis's PLCC"]) == ("0.0611", "0.748")
    # Thesis, Table 1: (.677 + .670 + .654 + .649 + .678) / 5.
    assert mean["thesis's SROCC"] == "0.666"
    result = json.loads((tmp_path / "thesis-table1.json").read_text())
    assert list(result["intervals"]) == ["1"] and len(result["published"]) == 5


def test_table_1_takes_more_instances_than_the_thesis():
    """An instance that the thesis has not has empty cells there."""
    ours = {"Instance": "6", "MSE": 0.1, "MAE": 0.2, "SROCC": 0.3, "PLCC": 0.4}
    (row,) = table_rows({"table": [ours]}, {})
    assert row["MSE"] == "0.1000" and row["thesis's MSE"] is None


@pytest.mark.parametrize("name", ["thesis-table1", "thesis-fig8"])
def test_missing_run_names_the_command(name, tmp_path, capsys):
    """Without a finished run the message is the command that makes it; a torn one is refused."""
    assert main([name, "--workdir", str(tmp_path)]) == 2
    assert "python -m kiqa.train_patchnet --data ROOT --dataset biq2021" in capsys.readouterr().err
    (tmp_path / "table1.json").write_text('{"instances": []}')
    assert main([name, "--workdir", str(tmp_path)]) == 2
    assert "--resume" in capsys.readouterr().err


def test_fish_rows_are_the_means_of_the_exact_maps(photograph, tmp_path):
    """Equal to the mean over windows; done rows, also of a copy, are not computed again."""
    Image.new("RGB", (40, 40)).save(tmp_path / "small.png")
    paths, file = [photograph, tmp_path / "small.png"], tmp_path / "rows.jsonl"
    row, small = fish_rows(paths, stride=32, output=file)
    pixels = np.array(Image.open(photograph))
    windows = [pixels[y : y + 64, x : x + 64] for y in (0, 32, 64) for x in (0, 32, 64, 96)]
    assert row["score"] == pytest.approx(np.mean([fish(window) for window in windows]), abs=1e-5)
    assert small["score"] is None and str(paths[1]) in small["error"]
    copy = tmp_path / "copy.png"
    copy.write_bytes(photograph.read_bytes())
    before = file.read_text().replace(str(row["score"]), "7.0")
    file.write_text(before)
    assert [r["score"] for r in fish_rows([copy], stride=32, output=file)] == [7.0]
    assert file.read_text() == before
    (other,) = fish_rows([photograph], stride=64, output=file)
    assert other["score"] == pytest.approx(fish_map(pixels, stride=64).mean())


def test_table_2_compares_the_network_and_fish(stand_in, biq, tmp_path, capsys):
    """Rows of both maps with intervals, predictions and provenance; a second run computes less."""
    output = tmp_path / "out"
    command = ["thesis-table2", *biq, "--stride", "8", "--output", str(output)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert len(lines) == 2 + 4 + 2
    assert "thesis, Table 2" in lines[2] and "0.667" in lines[2]
    assert "| mean map of stand-in | biq2021  | 9 " in lines[6]
    assert "ours, own split, test" in lines[7]
    result = json.loads((output / "thesis-table2-biq2021.json").read_text())
    for entry in result["results"]:  # brightness and contrast both follow the MOS
        assert entry["metrics"]["srocc"]["value"] == pytest.approx(1)
        assert entry["metrics"]["plcc"]["lo"] <= entry["metrics"]["plcc"]["value"]
        assert (entry["images"], entry["stride"]) == (9, 8)
    assert result["results"][0]["weights_sha256"] == "0" * 64
    with open(output / "thesis-table2-biq2021-predictions.csv", newline="") as file:
        predictions = list(csv.DictReader(file))
    assert [row["name"] for row in predictions] == [f"ss01 ({i}).jpg" for i in range(9)]
    expected = fish_map(_photograph(3), stride=8).mean()
    assert float(predictions[3]["fish"]) == pytest.approx(expected)
    assert (output / "thesis-table2-biq2021.md").read_text() == printed
    assert main(command) == 0
    assert capsys.readouterr().out == printed
    assert stand_in[1].calls == 1  # to warm up


@pytest.mark.parametrize(("name", "rows"), [("thesis-table3", 6), ("thesis-table4", 5)])
@pytest.mark.parametrize("dataset", ["koniq", "live"])
def test_aggregator_tables(stand_in, request, capsys, name, rows, dataset):
    """The published rows of the data set, then ours on all its images."""
    options = request.getfixturevalue(dataset)
    assert main([name, *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + rows + 1
    assert all(options[3] in line for line in lines[2:])
    assert "| kiqa's stand-in" in lines[-1] and f"| {IMAGES} " in lines[-1]
    assert "| 1.000 |" in lines[-1]


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


@pytest.mark.parametrize(
    ("dataset", "page", "holds"),
    [
        ("biq2021", "github.com/nisarahmedrana/BIQ2021", "Images/"),
        ("koniq10k", "database.mmsp-kn.de", "1024x768/"),
        ("live-itw", "live.ece.utexas.edu", "ChallengeDB_release/"),
    ],
)
@pytest.mark.parametrize("name", ["thesis-table2", "thesis-table3", "thesis-table4",
                                  "thesis-fig17", "thesis-examples"])  # fmt: skip
def test_missing_data_set_says_what_to_download(name, dataset, page, holds, tmp_path, capsys):
    """One line with the page and what the folder must hold; status 2."""
    assert main([name, "--data", str(tmp_path / "gone"), "--dataset", dataset]) == 2
    error = capsys.readouterr().err
    assert page in error and holds in error and str(tmp_path / "gone") in error
    assert error.count("\n") == 1


def test_data_set_without_split_names_the_option(live, capsys):
    """LIVE In the Wild has no split of its own."""
    assert main(["thesis-table2", *live[:4]]) == 2
    assert "--split" in capsys.readouterr().err


FIGURES = {
    "thesis-fig8": ["--workdir", "{run}"],
    "thesis-fig9": ["--image", "{image}"],
    "thesis-fig10": ["--image", "{image}"],
    "thesis-fig13": ["--image", "{image}", "--stride", "16"],
    "thesis-fig17": ["{biq}", "--set", "test", "--patches-per-image", "4"],
    "thesis-examples": ["{biq}", "--photographs", "3", "--stride", "8"],
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_written(stand_in, name, biq, workdir, photograph, tmp_path, capsys):
    """Each figure becomes a picture whose path is printed."""
    options = []
    for text in FIGURES[name]:
        options += biq if text == "{biq}" else [text.format(run=workdir, image=photograph)]
    assert main([name, *options, "--output", str(tmp_path / "out")]) == 0
    path = tmp_path / "out" / f"{name}.png"
    assert capsys.readouterr().out == f"{path}\n"
    with Image.open(path) as picture:
        assert min(picture.size) > 300
        assert np.ptp(np.asarray(picture.convert("L"))) > 200


def test_every_thesis_name_is_tested():
    """No table or figure is registered without a test that runs it."""
    tables = {f"thesis-table{number}" for number in (1, 2, 3, 4)}
    # By a test of its own below, test_reproduce_varjpeg and test_reproduce_jnd.
    elsewhere = {f"thesis-fig{number}" for number in (11, 14, 15, 16)}
    named = {name for name in NAMES if name.startswith("thesis-")}
    assert named == tables | set(FIGURES) | elsewhere


def test_fig_10_takes_the_boxes_of_a_file(photograph, tmp_path, capsys):
    """A file of boxes is used for the image it names; another image is refused."""
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"one.png": {"p1": [[80, 0, 160, 128]], "p2": []}}))
    command = ["thesis-fig10", "--boxes", str(boxes), "--output", str(tmp_path / "out")]
    assert main([*command, "--image", str(photograph)]) == 0
    other = tmp_path / "other.png"
    photograph.rename(other)
    assert main([*command, "--image", str(other)]) == 2
    assert "such as one.png" in capsys.readouterr().err


def test_synthetic_participants_mark_the_sharp_side(photograph):
    """Seeded, inside the image, some without a box, and most votes where it is sharp."""
    pixels = np.array(Image.open(photograph))
    answers = synthetic_boxes(pixels, seed=0)
    assert answers == synthetic_boxes(pixels, seed=0) != synthetic_boxes(pixels, seed=1)
    assert len(answers) == 30 and [] in answers.values()  # thesis, section 5.3: 30 participants
    assert all(name.startswith("synthetic") for name in answers)
    votes = vote_map(answers, height=128, width=160, participants=30)
    assert votes[:, 80:].mean() > 2 * votes[:, :80].mean()


@pytest.fixture
def pristine(tmp_path):
    """Three photographs to distort."""
    folder = tmp_path / "pristine"
    folder.mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (160, 192, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_fig_11_on_synthetic_distortions(stand_in, pristine, tmp_path, capsys):
    """Table, rows, JSON and box plot of three predictors, called synthetic."""
    output = tmp_path / "out"
    options = ["--images", str(pristine), "--stride", "16", "--border", "edge"]
    assert main(["thesis-fig11", *options, "--output", str(output)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("synthetic distortions of pristine photographs, seed 0: 3 images")
    result = json.loads((output / "thesis-fig11.json").read_text())
    assert list(result["predictors"]) == ["stand-in", "fish", "gray"]
    assert (result["images"], result["border"], result["stride"]) == (3, "edge", 16)
    with open(output / "thesis-fig11.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 3 * 9  # thesis, Fig. 11: t_G from 0 to 0.8
    assert {row["distortion"] for row in rows} and (output / "thesis-fig11.png").is_file()


def test_fig_11_on_human_boxes(stand_in, pristine, tmp_path, capsys):
    """With a file of boxes nothing is distorted; a torn image is named."""
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"0.png": {"p1": [[0, 0, 96, 160]], "p2": [[0, 0, 96, 160]]}}))
    options = ["--images", str(pristine), "--boxes", str(boxes), "--stride", "16"]
    output = ["--output", str(tmp_path / "out")]
    assert main(["thesis-fig11", *options, *output]) == 0
    assert capsys.readouterr().out.startswith("boxes.json: 1 images")
    assert "distortion" not in (tmp_path / "out" / "thesis-fig11.csv").read_text()
    (pristine / "0.png").write_bytes(b"torn")
    assert main(["thesis-fig11", *options, *output]) == 2
    assert "0.png" in capsys.readouterr().err


def test_examples_are_spread_over_the_ranks(koniq):
    """Two of ten: the middle ones of the lower and the upper half, whatever the order."""
    records = koniq10k(koniq[1])
    chosen = spread(records[::-1], 2)
    assert [record.mos for record in chosen] == [40, 65]
    assert len(spread(records, 99)) == IMAGES
    with pytest.raises(ValueError, match="at least one"):
        spread(records, 0)


def test_fig_17_wants_both_or_none(capsys):
    """A folder without its kind is refused."""
    assert main(["thesis-fig17", "--data", "somewhere"]) == 2
    assert "--dataset together" in capsys.readouterr().err


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
    assert main(["thesis-examples", *biq, "--photographs", "2", "--output", str(tmp_path)]) == 0
    assert "are left out" in capsys.readouterr().err
