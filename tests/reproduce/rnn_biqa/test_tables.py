"""``python -m kiqa.reproduce rnn-table1`` to ``rnn-table7`` on small folders of features."""

import csv
import json

import keras
import numpy as np
import pytest

from kiqa.data.trained import names_trained_on
from kiqa.evaluation.correlation import plcc, rmse, srocc
from kiqa.io.rows import RowFile
from kiqa.io.weights import Details, export_h5
from kiqa.maps.gaze import GazeForm
from kiqa.maps.rnn_biqa import FeatureSequence
from kiqa.reproduce.__main__ import NAMES, main
from kiqa.reproduce.rnn_biqa.tables import METHODS
from kiqa.training.rnn_biqa.feature_folder import (
    EXTRACTOR_FILE,
    ROW_COLUMNS,
    FolderInfo,
    open_folder,
    save_sequence,
    sequence_file,
)
from kiqa.training.rnn_biqa.parts import cross_parts, less_excluded, random_parts

pytestmark = pytest.mark.usefixtures("eager")
ABLATION = ["CNN+Avg+NN", "CNN+Mres+Avg+NN", "CNN+RNN", "CNN+Mres+RNN"]


@pytest.fixture
def quick(monkeypatch):
    """The average in the recurrent networks' place, which take seconds to build."""
    monkeypatch.setitem(METHODS, "CNN+RNN", METHODS["CNN+Avg+NN"])
    monkeypatch.setitem(METHODS, "CNN+Mres+RNN", METHODS["CNN+Mres+Avg+NN"])


@pytest.fixture
def folder(tmp_path):
    """Write a folder of features in which the mean of the first feature is the score."""

    def write(name, dataset, *, count=20, width=4, extractor="a" * 64, form=None, without=()):
        info = FolderInfo("rnn_features", extractor, width, dataset, form or GazeForm())
        path = tmp_path / name
        (path / "sequences").mkdir(parents=True)
        values = {"extractor": info.extractor, "extractor_sha256": extractor, "features": width,
                  "dataset": dataset, "form": info.form.to_json()}  # fmt: skip
        (path / "features.json").write_text(json.dumps(values))
        rows = RowFile(path / "images.jsonl", form="jsonl", columns=ROW_COLUMNS, resume=False)
        rng = np.random.default_rng(len(name))
        for index in sorted({*range(count)} - {*without}):
            mos, sha = (index + 1) / (count + 1), f"{index:064d}"
            features = rng.uniform(0, 0.1, (5, width)).astype(np.float32)
            features[:, 0] += mos
            file = sequence_file(sha, info)
            save_sequence(path / file, FeatureSequence(features, 2), info, half=False)
            rows.append(
                dict.fromkeys(ROW_COLUMNS)
                | {"name": f"{index}.jpg", "content": f"{index}.jpg", "sha256": sha, "mos": mos}
                | {"patches": 5, "low": 2, "file": file, "set": ("train", "test")[index % 2]}
            )
        rows.close()
        return str(path)

    return write


def _table(output, name):
    content = json.loads((output / f"{name}.json").read_text())
    with open(output / f"{name}-predictions.csv", newline="") as file:
        return content, list(csv.DictReader(file))


@pytest.mark.slow
def test_ablation_between_two_data_sets(folder, tmp_path, capsys):
    """Four methods of ours beside the four printed; numbers follow from the predictions."""
    spaq, koniq = folder("s", "spaq"), folder("koniq", "koniq10k", count=12)
    options = ["--features", spaq, "--test-features", koniq, "--epochs", "1"]
    assert main(["rnn-table1", *options, "--output", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in shown.splitlines()]
    assert [line[0] for line in lines[2:]] == [*ABLATION, *ABLATION]
    assert lines[5][2:] == [
        "spaq -> koniq10k", "0.810", "", "0.831", "9.8", "RNN-BIQA, Table 1",
    ]  # fmt: skip
    assert {line[-1] for line in lines[6:]} == {"ours"}
    content, predictions = _table(tmp_path / "out", "rnn-table1")
    assert content["data"] == "spaq -> koniq10k"
    for result in content["results"]:
        rows = [row for row in predictions if row["method"] == result["method"]]
        assert len(rows) == result["report"]["images"] == 12
        predicted, mos = (np.array([float(row[k]) for row in rows]) for k in ("predicted", "mos"))
        metrics = result["report"]["metrics"]
        assert metrics["srocc"]["value"] == pytest.approx(srocc(predicted, mos))
        assert metrics["plcc"]["value"] == pytest.approx(plcc(predicted, mos, logistic=None))
        assert metrics["rmse"]["value"] == pytest.approx(rmse(predicted, mos, logistic=None))


@pytest.mark.slow
def test_trainings_are_kept_and_continued(folder, tmp_path, quick, capsys):
    """A second call with the same output trains nothing and prints the same table."""
    command = ["rnn-table4", "--features", folder("b", "biq2021"), "--epochs", "1"]
    assert main([*command, "--output", str(tmp_path / "out")]) == 0
    first = capsys.readouterr()
    assert "epoch 1" in first.err
    assert main([*command, "--output", str(tmp_path / "out")]) == 0
    second = capsys.readouterr()
    assert second.out == first.out
    assert "epoch 1" not in second.err


@pytest.mark.slow
def test_a_single_data_set_takes_its_own_split(folder, tmp_path, quick):
    """BIQ2021 in place of the paper's two data sets; support vectors learn the score."""
    command = ["rnn-table5", "--features", folder("b", "biq2021"), "--epochs", "1"]
    assert main([*command, "--output", str(tmp_path)]) == 0
    content, predictions = _table(tmp_path, "rnn-table5")
    assert content["data"] == "biq2021, train -> test"
    assert {row["name"] for row in predictions} == {f"{i}.jpg" for i in range(1, 20, 2)}
    found = {result["method"]: result["report"]["metrics"] for result in content["results"]}
    assert found["DeepBIQ"]["srocc"]["value"] > 0.9


@pytest.mark.slow
def test_versions_share_one_random_split(folder, tmp_path, quick):
    """Table 3: the same images are tested at each size."""
    small, large = folder("small", "spaq"), folder("large", "spaq")
    command = ["rnn-table3", "--features", small, large, "--epochs", "1"]
    assert main([*command, "--output", str(tmp_path / "out")]) == 0
    content, predictions = _table(tmp_path / "out", "rnn-table3")
    names = {run: [r["name"] for r in predictions if r["run"] == run] for run in ("small", "large")}
    assert names["small"] == names["large"]
    assert len(names["small"]) == 2 * 4
    assert [(row["method"], row["runs"], row["images"]) for row in content["consistency"]] == [
        (method, ["small", "large"], 4) for method in ("CNN+RNN", "CNN+Mres+RNN")
    ]
    assert main(["rnn-table3", "--features", small, small]) == 2


@pytest.mark.slow
def test_missing_images_move_no_others(folder, tmp_path, quick):
    """Table 3: an image is in one part at all sizes; what none has moves at most as many."""
    lacking = [3, 8, 11]
    paths = [folder("whole", "spaq", count=50), folder("part", "spaq", count=50, without=lacking)]
    command = ["rnn-table3", "--features", *paths, "--epochs", "1"]
    assert main([*command, "--output", str(tmp_path / "out")]) == 0
    _, predictions = _table(tmp_path / "out", "rnn-table3")
    names = {run: [r["name"] for r in predictions if r["run"] == run] for run in ("whole", "part")}
    names = {run: of_both[: len(of_both) // 2] for run, of_both in names.items()}  # of one method
    assert len(names["whole"]) == 10
    assert names["part"] == [n for n in names["whole"] if int(n[:-4]) not in lacking]
    whole, part = map(open_folder, paths)
    for seed in range(20):
        alone, other = ({*random_parts(one, seed=seed)["test"].names} for one in (whole, part))
        assert len(alone) == 10 and len(other) == 9
        assert len((alone ^ other) - {f"{i}.jpg" for i in lacking}) <= len(lacking)


def test_table_3_is_of_one_data_set(folder, capsys):
    """Sizes of two data sets are no versions of one."""
    paths = [folder("a", "spaq"), folder("b", "koniq10k")]
    assert main(["rnn-table3", "--features", *paths]) == 2
    assert "a of spaq" in (error := capsys.readouterr().err) and "b of koniq10k" in error


@pytest.mark.slow
def test_random_splits_have_a_mean(folder, tmp_path, quick):
    """Tables 6 and 7: each split and the mean of each method."""
    command = ["rnn-table7", "--features", folder("b", "biq2021"), "--epochs", "1"]
    assert main([*command, "--repeats", "2", "--output", str(tmp_path)]) == 0
    content, _ = _table(tmp_path, "rnn-table7")
    assert [(r["method"], r["run"]) for r in content["results"]] == [
        (method, run) for method in ("DeepBIQ", "CNN+Mres+RNN") for run in ("1", "2", "mean")
    ]
    values = [r["report"]["metrics"]["srocc"]["value"] for r in content["results"][:2]]
    assert content["results"][2]["mean"]["SCC"] == pytest.approx(np.mean(values))


@pytest.mark.parametrize("number", range(1, 8))
def test_missing_features_say_how_to_make_them(number, capsys):
    """One line, status 2."""
    name = f"rnn-table{number}"
    assert name in NAMES
    assert main([name, "--features", "nowhere"]) == 2
    error = capsys.readouterr().err
    assert "python -m kiqa.train_rnn_biqa features" in error
    assert error.count("\n") == 1


def test_features_must_be_of_one_extractor(folder, capsys):
    """Between two data sets."""
    options = ["--features", folder("a", "spaq"),
               "--test-features", folder("b", "koniq10k", extractor="b" * 64)]  # fmt: skip
    assert main(["rnn-table2", *options]) == 2
    assert "features of one extractor" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change", [{"downscaling": "box"}, {"short_axis": "both"}, {"small_images": "squash"}]
)
def test_features_must_be_of_one_form(folder, change, capsys):
    """Of one preset; the size to which images were shrunk may differ."""
    one = open_folder(folder("a", "spaq", form=GazeForm(smaller_side=768)))
    shown = open_folder(folder("b", "koniq10k", form=GazeForm(display=(1920, 1080))))
    assert len(cross_parts(one, shown)["test"].names) == 20
    other = folder("c", "koniq10k", form=GazeForm(**change))
    assert main(["rnn-table2", "--features", str(one.path), "--test-features", other]) == 2
    error = capsys.readouterr().err
    assert "features of one form" in error and repr(next(iter(change.values()))) in error


@pytest.mark.slow
def test_images_that_the_extractor_was_trained_on_are_not_tested(folder, tmp_path, quick, capsys):
    """The copy of the extractor in the folder says which; without one that is not known."""
    path = folder("spaq", "spaq")
    options = ["rnn-table4", "--features", path, "--epochs", "1", "--output", str(tmp_path / "o")]
    assert main(options) == 0
    assert "what rnn_features was trained on is not known" in capsys.readouterr().err
    x = keras.Input((224, 224, 3), name="patch")
    model = keras.Model(x, keras.layers.GlobalAveragePooling2D(name="features")(x))
    names = ["1.jpg", "3.jpg", "4.jpg"]
    seen = [names_trained_on(names, dataset="spaq", use="train", scores="human", about="MOS")]
    details = Details("rnn_features", "1", "features", True, trained_on=seen)
    export_h5(model, f"{path}/{EXTRACTOR_FILE}", details)
    for more, count in (([], 8), (["--include-trained"], 10)):
        assert main([*options[:-1], str(tmp_path / f"o{count}"), *more]) == 0
        assert "2 of 10 images were trained on by rnn_features" in capsys.readouterr().err
        _, rows = _table(tmp_path / f"o{count}", "rnn-table4")
        assert len({row["name"] for row in rows}) == count


@pytest.mark.slow
def test_notebook_computes_again(run_notebook, folder, quick, monkeypatch):
    """Features are extracted once for each size; every table is computed of them."""
    asked = []

    def extract(options):
        asked.append(options)
        folder(options[options.index("--output") + 1], "biq2021")

    monkeypatch.setattr("kiqa.train_rnn_biqa.main", extract)
    shown = run_notebook(
        "rnn_biqa", DATA="somewhere", DATASET="biq2021", SIZES=[512, 768],
        POOLING=["--epochs", "1"], REPEATS=["--repeats", "2"],
    )  # fmt: skip
    assert [options[-1] for options in asked] == [
        f"runs/features/biq2021{size}" for size in ("-512", "-768", "")
    ]
    assert {name for name, value in shown.items() if value.missing} == set()
    counts = {1: 4, 2: 4, 3: 4, 4: 2, 5: 2, 6: 6, 7: 6}  # rows of ours
    for number, count in counts.items():
        ours = [row for row in shown[f"rnn-table{number}"].rows() if row[""] == "ours"]
        assert len(ours) == count
    assert shown["rnn-table3"].rows()[-1]["run"] == "biq2021-768"


def test_excluded_images_are_in_no_part(folder, tmp_path):
    """They are left out before the parts are drawn."""
    file = tmp_path / "konpatch.csv"
    file.write_text("image_name\n3.jpg\n4.jpg\n")
    told = []
    less = less_excluded(open_folder(folder("b", "biq2021")), [file], report=told.append)
    parts = random_parts(less, seed=0)
    assert [len(parts[part].names) for part in ("train", "test")] == [14, 4]
    assert not {"3.jpg", "4.jpg"} & {*parts["train"].names, *parts["test"].names}
    assert told == ["2 of 20 images are excluded by konpatch.csv"]
