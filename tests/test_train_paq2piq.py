"""The command line of PaQ-2-PiQ's training, once with the real network, on tiny images."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kiqa.data.trained import names_trained_on
from kiqa.io.weights import Details, export_h5, read_info
from kiqa.models import paq2piq as paq2piq_models
from kiqa.scoring import Scorer
from kiqa.train_paq2piq import main

QUICK = ["--side", "32", "--batch-size", "2", "--epochs", "1"]


@pytest.fixture
def biq(tmp_path, photo, biq2021_tree):
    """A BIQ2021 tree of eight images and a file of patches."""
    images = [photo[8 * index : 8 * index + 40, 50:90] for index in range(8)]
    root = biq2021_tree(tmp_path / "biq", images, ["val", "train"] * 4)
    box = {"left": 2, "top": 3, "right": 20, "bottom": 24}
    patches = [
        {"image_name": f"ss01 ({index}).jpg", **box, "score": 10.0 * index} for index in range(8)
    ]
    pd.DataFrame(patches).to_csv(root / "patches.csv", index=False)
    return root


@pytest.mark.slow
def test_training_from_the_command_line(biq, tmp_path, capsys, eager):
    """P2P-RM on images and pseudo-scores; the two files together score an image."""
    folder = tmp_path / "run"
    options = ["--model", "rm", "--patch-scores", str(biq / "patches.csv"), "--limit", "3"]
    options += ["--patch-scores-are", "pseudo-scores of a test"]
    options += ["--packed", str(tmp_path / "packed")]
    arguments = ["--data", str(biq), "--dataset", "biq2021", *options, *QUICK]
    assert main([*arguments, "--workdir", str(folder)]) == 0
    assert "validation SROCC" in capsys.readouterr().out
    info = read_info(folder / "paq2piq_rm.h5")
    told = [(part.use, part.images, part.scores) for part in info.details.trained_on]
    assert told == [("train", 3, "human"), ("val", 4, "human")]
    assert info.details.trained_on[0].dataset == "biq2021"
    assert info.details.patch_scores == "pseudo-scores of a test"
    images = pd.read_csv(folder / "images.csv")
    assert images["set"].value_counts().to_dict() == {"val": 4, "train": 3}
    assert images["patches"].tolist() == [1] * 7 and images["score"].max() <= 100
    settings = json.loads((folder / "settings.json").read_text())["settings"]
    assert (settings["side"], settings["head_rate"], settings["flip"]) == (32, 3e-3, False)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert np.isfinite(Scorer(folder / "paq2piq_rm.h5").score(pixels))


@pytest.mark.slow
def test_live_fb_brings_its_patches(tmp_path, photo, small_body, monkeypatch, eager):
    """Three rated patches of each image, from the data set's own files; a small network."""
    monkeypatch.setattr(paq2piq_models, "build_resnet18", small_body)
    folder = tmp_path / "database"
    (folder / "EE371R").mkdir(parents=True)
    names = [f"EE371R/{index}.jpg" for index in range(8)]
    rows = []
    for index, name in enumerate(names):
        Image.fromarray(photo[:40, 40 * index : 40 * index + 40]).save(folder / name)
        row = {"name_image": name, "mos_image": 50 + index, "is_valid": str(index % 2 == 0)}
        where = {
            "": (0, 0, 40, 40),
            "1": (0, 0, 16, 16),
            "2": (28, 28, 40, 40),
            "3": (0, 32, 8, 40),
        }
        for k, (left, top, right, bottom) in where.items():
            kind = f"patch_{k}" if k else "image"
            row |= {f"left_{kind}": left + 300, f"right_{kind}": right + 300}
            row |= {f"top_{kind}": top + 300, f"bottom_{kind}": bottom + 300}
            row |= {f"width_{kind}": right - left, f"height_{kind}": bottom - top}
            if k:
                row |= {f"mos_{kind}": 40 + index, f"name_{kind}": name}
        rows.append(row)
    pd.DataFrame(rows).to_csv(folder / "labels=640_padded.csv", index=False)
    scores = pd.DataFrame({"name": names, "mos": range(50, 58)})
    scores.to_csv(folder / "labels_image.csv", index=False)
    arguments = ["--data", str(tmp_path), "--dataset", "live-fb", *QUICK]
    assert main([*arguments, "--workdir", str(tmp_path / "run")]) == 0
    assert read_info(tmp_path / "run" / "paq2piq_rm.h5").details.patch_scores == (
        "scores by people, LIVE-FB"
    )
    assert set(pd.read_csv(tmp_path / "run" / "images.csv")["patches"]) == {3}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--model", "rm"], "--patch-scores FILE"),
        (["--model", "fm", "--patches", "1"], "patches=3 for P2P-FM"),
        (["--patch-scores", "gone.csv"], "gone.csv"),
        (["--limit", "9"], "--limit from 1 to 4"),
        (["--side", "20"], "side"),
        (["--split", "gone.csv"], "gone.csv"),
        (["--patches", "0", "--initial", "gone.h5"], "gone.h5"),
        (["--initial", "imagenet", "--teacher", "lite"], "kiqa convert resnet18"),
        (["--frozen-stages", "1", "--pseudo-scores", "lite"], "Received: 1 without it"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_one_line(biq, tmp_path, capsys, options, said):
    """Exit status 2, no traceback, nothing trained."""
    arguments = ["--data", str(biq), "--dataset", "biq2021", *QUICK, *options]
    assert main([*arguments, "--workdir", str(tmp_path / "run")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and said in lines[0]
    assert not (tmp_path / "run" / "made").exists()


@pytest.mark.slow
def test_pseudo_scores_of_so_many_patches_reach_the_training(
    tmp_path, photo, biq2021_tree, monkeypatch, shipped_once
):
    """Of the training images alone; the file and the weights say by which network."""
    images = [photo[8 * index : 8 * index + 70, 50:130] for index in range(8)]
    biq = biq2021_tree(tmp_path / "biq", images, ["val", "train"] * 4)
    calls = []

    def train(images, validation, settings, **options):
        calls.append((images, options))
        return {"best_epoch": 1, "epochs": 1, "val_srocc": 0.5, "val_plcc": 0.5}

    monkeypatch.setattr("kiqa.training.paq2piq.train.train_paq2piq", train)
    arguments = ["--data", str(biq), "--dataset", "biq2021", "--workdir", str(tmp_path / "run")]
    more = ["--pseudo-scores", "wadiqam_nr", "--pseudo-patches", "3"]
    assert main([*arguments, *more]) == 0
    ((train_images, options),) = calls
    names = [image.name for image in train_images]
    assert set(options["patches"]) == set(names) and len(names) == 4
    for rois, scores in options["patches"].values():
        assert rois.shape == (3, 4) and ((scores >= 0) & (scores <= 100)).all()
    assert options["patch_scores"] == "MOS and local differences by wadiqam_nr"
    told = [(part.use, part.scores, part.about) for part in options["trained_on"]]
    assert ("train", "teacher", "scores of patches by wadiqam_nr") in told


def test_a_network_that_saw_the_test_part_rates_no_patches(biq, tmp_path, capsys):
    """It is asked first; the teacher's scores and the pixels come later."""
    split = tmp_path / "split.csv"
    names = [f"ss01 ({index}).jpg" for index in range(8)]
    sets = ["train", "val", "train", "val", "train", "val", "val", "test"]
    pd.DataFrame({"image_name": names, "set": sets}).to_csv(split, index=False)
    seen = names_trained_on(names[7:], dataset="biq2021", use="train", scores="human", about="MOS")
    x = keras.Input((32, 32, 3))
    model = keras.Model(x, keras.layers.GlobalAveragePooling2D()(x))
    about = {"scale": "0..1", "higher_is_better": True, "trained_on": (seen,)}
    judge = export_h5(model, tmp_path / "judge.h5", Details(name="judge", version="1", **about))
    arguments = ["--data", str(biq), "--dataset", "biq2021", "--split", str(split), *QUICK]
    arguments += ["--pseudo-scores", str(judge), "--histories", "1"]
    assert main([*arguments, "--workdir", str(tmp_path / "run")]) == 2
    assert "judge, which was on 1 of 1" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_help_loads_no_tensorflow(loaded_by_help):
    """--help answers without Keras or TensorFlow."""
    loaded, _ = loaded_by_help("kiqa.train_paq2piq")
    assert not {"tensorflow", "keras", "skimage"} & loaded
