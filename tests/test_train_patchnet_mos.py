"""The command line of Patchnet's training from MOS."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kiqa.data.distortions import distort
from kiqa.train_patchnet_mos import main
from kiqa.training.runs import run


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


def _options(data, workdir):
    return [
        "--data", str(data), "--dataset", "biq2021", "--workdir", str(workdir),
        "--batch-size", "4", "--pieces", "1", "--side", "72", "--copies", "2", "--epochs", "1",
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

    monkeypatch.setattr(run, "train_to_best", stop)
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
