"""The command line of Patchnet's training from MOS."""

import pandas as pd
import pytest

from kiqa.train_patchnet_mos import main
from kiqa.training.runs import run


@pytest.fixture
def data(tmp_path, photo, biq2021_tree, blurrier):
    """A BIQ2021 tree of 12 images, blurrier the lower their MOS."""
    images = blurrier([photo[index : index + 90, 50:150] for index in range(12)])
    return biq2021_tree(tmp_path / "biq", images, ["val", "train", "train"] * 4)


def _options(data, workdir):
    return [
        "--data", str(data), "--dataset", "biq2021", "--workdir", str(workdir),
        "--batch-size", "4", "--pieces", "1", "--side", "72", "--copies", "2", "--epochs", "1",
    ]  # fmt: skip


@pytest.mark.slow
def test_command_line(data, tmp_path, capsys, eager):
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


@pytest.mark.slow
def test_a_full_disk_is_one_line(data, tmp_path, capsys, monkeypatch, eager):
    """When a checkpoint cannot be written the command says so, status 2."""

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kiqa.training.runs.epochs.save_checkpoint", full)
    assert main(_options(data, tmp_path / "run")) == 2
    assert "No space left" in capsys.readouterr().err


def test_control_c_says_how_to_resume(data, tmp_path, capsys, monkeypatch, eager):
    """Ctrl-C exits with 130 and names the option."""

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "train_to_best", stop)
    assert main(_options(data, tmp_path / "run")) == 130
    assert "--resume" in capsys.readouterr().err


def test_help_loads_no_tensorflow(loaded_by_help):
    """--help answers without Keras or TensorFlow."""
    loaded, _ = loaded_by_help("kiqa.train_patchnet_mos")
    assert not {"tensorflow", "keras"} & loaded
