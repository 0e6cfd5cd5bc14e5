"""Patchnet from MOS: it learns, it resumes bit by bit, it refuses bad input."""

import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kiqa.data.distortions import distort
from kiqa.data.readers.biq2021 import biq2021
from kiqa.data.splits import select
from kiqa.io.weights import load_model
from kiqa.train_patchnet_mos import main
from kiqa.training.patchnet_mos import train as patchnet_mos
from kiqa.training.patchnet_mos.settings import LossWeights, MosSettings
from kiqa.training.patchnet_mos.train import train_patchnet_mos

SMALL = MosSettings(
    photographs=4, pieces=1, side=72, copies=2, unrated_pieces=0, epochs=2, warmup_steps=2,
    losses=LossWeights(image=1.0, cell=0.5, correlation=0.1, distortion=1.0),
)  # fmt: skip


@pytest.fixture
def data(tmp_path, photo):
    """A BIQ2021 tree of 12 photographs, blurrier the lower their MOS."""
    root = tmp_path / "biq"
    (root / "Images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows, sets = [], []
    for index in range(12):
        name = f"ss01 ({index}).jpg"
        piece = distort(photo[index : index + 90, 50:150], "gaussian_blur", 0.3 + index, rng=rng)
        Image.fromarray(piece).save(root / "Images" / name)
        rows.append({"Image Name": name, "MOS": 1 - index / 12})
        sets.append({"image_name": name, "set": "val" if index % 3 == 0 else "train"})
    pd.DataFrame(rows).to_csv(root / "Train (Images and MOS).csv", index=False)
    pd.DataFrame(sets).to_csv(root / "split.csv", index=False)
    return root


@pytest.fixture
def parts(data):
    records = biq2021(data)
    return select(records, "train"), select(records, "val")


def test_run_leaves_a_patchnet_and_its_history(parts, tmp_path):
    """The file is a Patchnet of patches, the history has a row an epoch."""
    result = train_patchnet_mos(*parts, SMALL, workdir=tmp_path / "run")
    model = load_model(tmp_path / "run" / "patchnet.h5")
    assert model.input_shape == (None, 64, 64, 3)
    history = pd.read_csv(tmp_path / "run" / "history.csv")
    assert list(history["epoch"]) == [1, 2]
    assert result["val_srocc"] == pytest.approx(history["val_srocc"].max())
    images = pd.read_csv(tmp_path / "run" / "images.csv")
    assert (images["set"] == "val").sum() == 4 and len(images) == 12


def test_epochs_of_a_run_stay(parts, tmp_path, monkeypatch):
    """More epochs are another learning-rate schedule, so a resumed run refuses them."""
    monkeypatch.setattr(patchnet_mos, "_compiled", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train_patchnet_mos(*parts, SMALL, workdir=tmp_path)
    longer = dataclasses.replace(SMALL, epochs=3)
    with pytest.raises(ValueError, match="epochs was 2, is 3"):
        train_patchnet_mos(*parts, longer, workdir=tmp_path, resume=True)


def test_interrupted_and_resumed_equals_uninterrupted(parts, tmp_path):
    """A run stopped after its first epoch ends with the same weights, bit by bit."""
    train_patchnet_mos(*parts, SMALL, workdir=tmp_path / "whole")

    def stop(message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_patchnet_mos(*parts, SMALL, workdir=tmp_path / "cut", report=stop)
    assert not (tmp_path / "cut" / "patchnet.h5").exists()
    train_patchnet_mos(*parts, SMALL, workdir=tmp_path / "cut", resume=True)
    whole, cut = (load_model(tmp_path / name / "patchnet.h5") for name in ("whole", "cut"))
    for one, two in zip(whole.get_weights(), cut.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_network_in_file_is_the_one_of_the_best_epoch(parts, tmp_path):
    """The mean maps of the written network give the result's validation SROCC."""
    from kiqa.evaluation.correlation import srocc
    from kiqa.maps.quality import QualityMapper
    from kiqa.training.runs.photographs import PhotographStore

    result = train_patchnet_mos(*parts, SMALL, workdir=tmp_path / "run")
    mapper = QualityMapper(load_model(tmp_path / "run" / "patchnet.h5"), stride=8)
    store = PhotographStore([r.path for r in parts[1]], smallest=64, keep_bytes=0)
    means = np.array([mapper.map(store.pixels(i)).mean() for i in range(4)])
    mos = [record.mos01 for record in parts[1]]
    assert srocc(means, mos) == pytest.approx(result["val_srocc"], abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"side": 70}, "multiple of 8"),
        ({"copies": 9}, "copies"),
        ({"unrated_pieces": 3}, "unrated_pieces"),
        ({"copies": 0}, "distortion"),
        ({"seed": -1}, "seed"),
        ({"photographs": 0}, "photographs"),
        ({"pieces": 0}, "pieces"),
        ({"epochs": 0}, "epochs"),
        ({"warmup_steps": -1}, "warmup_steps"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"losses": LossWeights(cell=-1.0)}, "cell"),
        ({"unrated_quality": 80.0}, "unrated_quality"),
        ({"precision": "float16"}, "precision"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options, message):
    """Each value, and what has to fit together, is checked at once."""
    with pytest.raises(ValueError, match=message):
        MosSettings(**{"photographs": 4, "pieces": 1, "side": 72, "copies": 2, "unrated_pieces": 0,
                       "losses": SMALL.losses, **options})  # fmt: skip


def test_unrated_photographs_need_their_number(parts, tmp_path):
    """Photographs without a score are used only where pieces of them are asked for."""
    with pytest.raises(ValueError, match="unrated_pieces=0"):
        train_patchnet_mos(*parts, SMALL, unrated=[parts[0][0].path], workdir=tmp_path)


def test_too_few_photographs_are_refused(parts, tmp_path):
    """A step needs enough photographs, a correlation three."""
    with pytest.raises(ValueError, match="Received: 3 and 4"):
        train_patchnet_mos(parts[0][:3], parts[1], SMALL, workdir=tmp_path)


def _options(data, workdir):
    return [
        "--data", str(data), "--dataset", "biq2021", "--workdir", str(workdir),
        "--photographs", "4", "--pieces", "1", "--side", "72", "--copies", "2", "--epochs", "1",
    ]  # fmt: skip


def test_command_line(data, tmp_path, capsys):
    """The command trains, on unrated photographs of the set train too, and names the folder."""
    unrated = ["--unrated", str(data / "Images"), "--unrated-pieces", "2"]
    unrated += ["--unrated-split", str(data / "split.csv")]
    assert main([*_options(data, tmp_path / "run"), *unrated]) == 0
    sets = pd.read_csv(tmp_path / "run" / "images.csv")["set"].value_counts()
    assert sets.to_dict() == {"train": 8, "val": 4, "unrated": 8}
    assert "validation SROCC" in capsys.readouterr().out
    assert (tmp_path / "run" / "patchnet.h5").is_file()


def test_command_line_errors_are_one_line(data, tmp_path, capsys):
    """Wrong folders, a lone option and a used working folder exit with status 2."""
    assert main(_options(tmp_path / "gone", tmp_path / "run")) == 2
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "settings.json").write_text("{}")
    assert main(_options(data, tmp_path / "used")) == 2
    assert main([*_options(data, tmp_path / "new"), "--unrated-split", "cid22-kiqa"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 3 and "gone" in lines[0] and "--resume" in lines[1]
    assert "--unrated" in lines[2]


def test_a_full_disk_is_one_line(data, tmp_path, capsys, monkeypatch):
    """When a checkpoint cannot be written the command says so, status 2."""

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kiqa.training.runs.epochs.save_checkpoint", full)
    assert main(_options(data, tmp_path / "run")) == 2
    assert "No space left" in capsys.readouterr().err


def test_control_c_says_how_to_resume(data, tmp_path, capsys, monkeypatch):
    """Ctrl-C exits with 130 and names the option."""

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(patchnet_mos, "train_to_best", stop)
    assert main(_options(data, tmp_path / "run")) == 130
    assert "--resume" in capsys.readouterr().err


def test_help_loads_no_tensorflow():
    """--help answers without Keras or TensorFlow."""
    code = (
        "import sys\n"
        "from kiqa.train_patchnet_mos import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
