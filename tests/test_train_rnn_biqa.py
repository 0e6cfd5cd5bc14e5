"""The command line of RNN-BIQA's trainings, from images to a scoring model."""

import json
import re
import shutil

import keras
import numpy as np
import pandas as pd
import pytest

from kiqa.cli.main import main as kiqa
from kiqa.data.trained import names_trained_on
from kiqa.io.weights import Details, Origin, export_h5, read_info
from kiqa.models.rnn_features import BACKBONES
from kiqa.train_rnn_biqa import main
from kiqa.training.rnn_biqa.command import FINE_TUNE

QUICK = ["--method", "average", "--epochs", "2", "--batch-size", "4"]


@pytest.fixture(scope="module")
def biq(tmp_path_factory, photo, biq2021_tree, blurrier):
    """A BIQ2021 tree of 15 images, blurrier the lower their MOS."""
    pieces = [photo[index : index + 230, : 230 + 15 * index] for index in range(15)]
    sets = ["train", "val", "test"] * 5
    return biq2021_tree(tmp_path_factory.mktemp("data") / "biq", blurrier(pieces, step=0.25), sets)


@pytest.fixture(scope="module")
def extractor(tmp_path_factory):
    """Edges and colours of a patch as its features."""
    x = keras.Input((224, 224, 3), name="patch")
    y = keras.layers.Rescaling(1 / 255, name="scale")(x)
    y = keras.layers.Conv2D(6, 3, activation="relu", name="conv")(y)
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(y)
    maximum = keras.layers.GlobalMaxPooling2D(name="maximum")(y)
    model = keras.Model(x, keras.layers.Concatenate(name="features")([mean, maximum]))
    about = {"name": "rnn_features", "version": "1", "scale": "features", "mode": "rnn-features"}
    path = tmp_path_factory.mktemp("extractor") / "edges.h5"
    return export_h5(model, path, Details(higher_is_better=True, **about))


@pytest.fixture(scope="module")
def features(biq, extractor, tmp_path_factory):
    """A folder of features made by the command line."""
    folder = tmp_path_factory.mktemp("features") / "biq"
    data = ["--dataset", "biq2021", "--data", str(biq)]
    assert main(["features", *data, "--extractor", str(extractor), "--output", str(folder)]) == 0
    return folder


@pytest.mark.slow
def test_from_features_to_scores(biq, features, tmp_path, capsys, eager):
    """Train on train, report on test, and score images with the file written."""
    run = tmp_path / "run"
    assert main(["pool", "--features", str(features), "--workdir", str(run), *QUICK]) == 0
    assert "| split | 5" in capsys.readouterr().out
    info = read_info(run / "average_biqa.h5")
    assert (info.details.mode, info.details.pooling) == ("rnn-biqa", "average")
    assert info.details.companions["extractor"].sha256 == read_info(run / "rnn_features.h5").sha256
    (part,) = [part for part in info.details.trained_on if part.use == "train"]
    assert (part.dataset, part.images, part.scores) == ("biq2021", 5, "human")
    rows = pd.read_csv(run / "predictions.csv")
    assert rows["name"].tolist() == [f"ss01 ({index}).jpg" for index in (2, 5, 8, 11, 14)]
    result = json.loads((run / "result.json").read_text())
    assert result["test"]["metrics"]["srocc"]["value"] is not None
    path = biq / "Images" / rows["name"][1]
    command = ["score", str(path), "--model", str(run / "average_biqa.h5"), "--format", "jsonl"]
    assert kiqa(command) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["score"] == pytest.approx(rows["predicted"][1] / 100, abs=2e-3)  # stored as float16


@pytest.fixture
def taught(biq, extractor, features, tmp_path, all_half):
    """Extract with a teacher that says 0.5 of every image and was trained on another one."""
    seen = names_trained_on(["x.jpg"], dataset="spaq", use="train", scores="human", about="MOS")
    x = keras.Input((4,))
    about = {"name": "master", "version": "1", "scale": "0..1", "higher_is_better": True}
    details = Details(trained_on=(seen,), **about)
    teacher = export_h5(keras.Model(x, keras.layers.Dense(1)(x)), tmp_path / "m.h5", details)

    def extract(name, *options):
        folder = tmp_path / name
        shutil.copytree(features / "sequences", folder / "sequences")  # so that none is computed
        data = ["--dataset", "biq2021", "--data", str(biq), "--extractor", str(extractor)]
        command = ["features", *data, "--output", str(folder), "--teacher", str(teacher), *options]
        return folder, main(command)

    return extract


@pytest.mark.slow
def test_a_teachers_scores_are_told_by_features_and_network(taught, tmp_path, capsys, eager):
    """Blended ones beside people's, with what the teacher saw; alone with a weight of 1."""
    for weight, wanted in (("0.5", ["human", "human", "teacher"]), ("1", ["human", "teacher"])):
        folder, status = taught(f"features{weight}", "--teacher-weight", weight)
        assert status == 0
        about = json.loads((folder / "features.json").read_text())["teacher"]
        assert (about["name"], about["weight"]) == ("master", float(weight))
        run = tmp_path / f"run{weight}"
        assert main(["pool", "--features", str(folder), "--workdir", str(run), *QUICK]) == 0
        *own, chain = read_info(run / "average_biqa.h5").details.trained_on
        assert [(part.scores, part.images) for part in own] == [(scores, 5) for scores in wanted]
        assert own[-1].about.startswith("scores by master of these images")
        assert (chain.dataset, chain.images, chain.through) == ("spaq", 1, "master")


@pytest.mark.slow
def test_a_teachers_scores_judge_nothing(taught, tmp_path, capsys):
    """Another split would test on them; without the teacher the folder would hold two kinds."""
    folder, _ = taught("features")
    capsys.readouterr()
    options = ["pool", "--features", str(folder), "--workdir", str(tmp_path / "run"), *QUICK]
    assert main([*options, "--repeats", "2"]) == 2
    assert "people's scores" in capsys.readouterr().err
    shutil.rmtree(folder / "sequences")
    _, status = taught("features", "--teacher-weight", "0.25")
    assert status == 2
    assert "scores of master with weight 0.5. Use another folder" in capsys.readouterr().err


@pytest.mark.slow
def test_repeats_are_random_splits(features, tmp_path, capsys):
    """Three splits of 80/20 and their mean, here of support vectors."""
    run = ["--workdir", str(tmp_path), "--repeats", "3", "--method", "svr"]
    assert main(["pool", "--features", str(features), *run]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:6]] == [
        "split 1", "split 2", "split 3", "mean",
    ]  # fmt: skip
    tested = [
        set(pd.read_csv(tmp_path / f"split{i}" / "predictions.csv")["name"]) for i in (1, 2, 3)
    ]
    assert [len(names) for names in tested] == [3, 3, 3]
    assert tested[0] != tested[1] or tested[1] != tested[2]
    result = json.loads((tmp_path / "result.json").read_text())
    runs = [run["test"]["metrics"]["rmse"]["value"] for run in result["runs"].values()]
    assert result["mean"]["RMSE"] == pytest.approx(np.mean(runs))


@pytest.mark.slow
def test_support_vectors_start_from_nothing(features, tmp_path, capsys):
    """Weights that would be ignored are refused before anything is written."""
    command = ["pool", "--features", str(features), "--workdir", str(tmp_path / "run")]
    assert main([*command, "--method", "svr", "--initial", "rnn_biqa"]) == 2
    assert "svr, and rnn_biqa." in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_metric_that_a_split_does_not_define_has_no_mean(features, tmp_path, capsys):
    """Support vectors within an error of one say the same of all images: no correlation."""
    run = ["--workdir", str(tmp_path), "--repeats", "2", "--method", "svr", "--svr-epsilon", "1"]
    assert main(["pool", "--features", str(features), *run]) == 0
    mean = json.loads((tmp_path / "result.json").read_text())["mean"]
    assert mean["SCC"] is None and mean["RMSE"] > 0
    assert "| mean" in capsys.readouterr().out
    assert main(["pool", "--features", str(features), *run]) == 2
    assert "without a run" in capsys.readouterr().err
    assert main(["pool", "--features", str(features), *run, "--resume"]) == 0


@pytest.mark.slow
def test_another_data_set_is_the_test(features, tmp_path, capsys):
    """All images train, all others test; other extractors and the same images are refused."""
    other, about = tmp_path / "other", json.loads((features / "features.json").read_text())
    shutil.copytree(features, other)
    (other / "features.json").write_text(json.dumps(about | {"dataset": "koniq10k"}))
    options = ["pool", "--features", str(features), "--test-features"]
    run = tmp_path / "run"
    command = [*options, str(other), "--workdir", str(run), "--no-multi-resolution", *QUICK]
    assert main(command) == 0
    assert "| cross | 15" in capsys.readouterr().out
    assert read_info(run / "average_biqa.h5").details.multi_resolution is False
    for method in ("average", "svr"):
        same = [*options, str(features), "--workdir", str(tmp_path / "a"), "--method", method]
        assert main(same) == 2
        assert "15 in both train and test" in capsys.readouterr().err
        assert not (tmp_path / "a").exists()
    (other / "features.json").write_text(json.dumps(about | {"extractor_sha256": "0" * 64}))
    assert main([*options, str(other), "--workdir", str(tmp_path / "b"), *QUICK]) == 2
    assert "features of one extractor" in capsys.readouterr().err


@pytest.mark.slow
def test_some_of_the_training_images(features, tmp_path, eager):
    """--limit takes some of the train part; the test part stays."""
    options = ["pool", "--features", str(features), "--workdir", str(tmp_path), *QUICK]
    assert main([*options, "--limit", "3", "--keep", "best", "--early-stopping", "1"]) == 0
    sets = pd.read_csv(tmp_path / "images.csv")["set"].value_counts()
    assert sets.to_dict() == {"train": 3, "val": 5, "test": 5}


@pytest.mark.slow
def test_continues_features_with_one_bad_file(biq, extractor, tmp_path, capsys):
    """An image that cannot be read is named, the status is 1, and it is tried again."""
    root = tmp_path / "copy"
    shutil.copytree(biq, root)
    (root / "Images" / "ss01 (3).jpg").write_bytes(b"torn")
    command = ["features", "--dataset", "biq2021", "--data", str(root), "--set", "train",
               "--extractor", str(extractor), "--output", str(tmp_path / "f")]  # fmt: skip
    assert main(command) == 1
    captured = capsys.readouterr()
    assert "4 of 5 images" in captured.out and "ss01 (3).jpg" in captured.err
    shutil.copy(biq / "Images" / "ss01 (3).jpg", root / "Images")
    assert main(command) == 0
    assert "5 of 5 images" in capsys.readouterr().out


@pytest.mark.slow
def test_fine_tune_without_epochs_builds_the_extractor(tmp_path, capsys):
    """The convolutions of a shipped Patchnet fit the first stages of the compact backbone."""
    command = ["fine-tune", "--backbone", "compact", "--initial", "patchnet", "--epochs", "0"]
    assert main([*command, "--workdir", str(tmp_path)]) == 0
    assert "0 epochs" in capsys.readouterr().out
    details = read_info(tmp_path / "rnn_features.h5").details
    assert details.backbone == "compact"
    assert details.origin == Origin("patchnet", read_info("patchnet").sha256)
    assert {part.through for part in details.trained_on} == {"patchnet"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("fine-tune --workdir RUN", "Received: neither. Add what is missing, or --epochs 0"),
        ("fine-tune --dataset biq2021 --workdir RUN", "Received: only --dataset."),
        ("fine-tune --dataset biq2021 --data BIQ --workdir RUN", "--assumed-sd"),
        (
            "fine-tune --dataset biq2021 --data BIQ --assumed-sd 20 --initial imagenet "
            "--workdir RUN",
            "Download it once",
        ),
        ("pool --features NONE --workdir RUN", "train_rnn_biqa features"),
        ("pool --features FEATURES --limit 6 --workdir RUN", "--limit from 1 to 5"),
        ("pool --features FEATURES --early-stopping 2 --workdir RUN", "keep='best'"),
        (
            "fine-tune --dataset biq2021 --data BIQ --assumed-sd 20 --initial patchnet "
            "--backbone compact --frozen-until stage9 --workdir RUN",
            "'stage9'",
        ),
        ("pool --features FEATURES --repeats 2 --split x --workdir RUN", "Expected one of --split"),
        ("pool --features FEATURES --workdir RUN --epochs 0", "epochs"),
        (
            "features --dataset biq2021 --data BIQ --extractor EDGES --workers 0 --output RUN",
            "Expected at least 1 worker. Received: 0. Leave --workers out",
        ),
        ("features --dataset biq2021 --data NONE --extractor E --output RUN", "BIQ2021"),
        (
            "features --dataset biq2021 --data BIQ --extractor patchnet --output RUN",
            "(None, 64, 64",
        ),
    ],
)
def test_wrong_input_is_one_line_and_status_2(
    biq, extractor, features, tmp_path, capsys, monkeypatch, command, message
):
    """What was expected, without a traceback."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    places = {"RUN": tmp_path / "run", "BIQ": biq, "NONE": tmp_path / "x", "FEATURES": features,
              "EDGES": extractor}  # fmt: skip
    words = [str(places.get(word, word)) for word in command.split()]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", ["--data", "--dataset", "--exclude"])
def test_pool_takes_features_and_no_data_set(option, tmp_path, capsys):
    """What it would refuse is no option of it; of fine-tune it is one."""
    for command, has in (("pool", False), ("fine-tune", True)):
        with pytest.raises(SystemExit, match="0"):
            main([command, "--help"])
        assert (f"{option} " in capsys.readouterr().out) == has
    words = ["pool", "--features", "f", "--workdir", str(tmp_path / "run"), option, "biq2021"]
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert f"unrecognized arguments: {option}" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["1920", "0x4"])
def test_display_size_is_width_and_height(size, capsys):
    """Anything else is a usage error."""
    with pytest.raises(SystemExit, match="2"):
        main(["features", "--display-size", size])
    assert "1920x1080" in capsys.readouterr().err


@pytest.mark.parametrize("backbone", BACKBONES)
def test_help_names_a_start_of_every_backbone(backbone):
    """Each takes others."""
    assert re.search(rf"(of|--backbone) {backbone} (imagenet|a WaDIQaM)", FINE_TUNE.initial)


def test_help_loads_no_keras(loaded_by_help):
    """--help answers at once."""
    loaded, _ = loaded_by_help("kiqa.train_rnn_biqa", "pool")
    assert not {"tensorflow", "keras"} & loaded
