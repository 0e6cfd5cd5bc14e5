"""The command ``python -m kiqa.train_patchnet``: small runs, refusals, interruption."""

import csv
import dataclasses
import errno
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from kiqa.constants import KONPATCH
from kiqa.data import konpatch
from kiqa.data.konpatch import load_konpatch
from kiqa.io.weights import load_model
from kiqa.train_patchnet import main
from kiqa.training.patchnet import train as patchnet
from kiqa.training.patchnet.dead import DeadNetworkError
from kiqa.training.patchnet.settings import PRESETS, PatchnetSettings

CHECKOUT = Path(__file__).parents[1]
SMALL = ["--patches-per-image", "1", "--folds", "2", "--batch-size", "64"]


_EMBEDDED = cache(konpatch.embedded_konpatch)


@pytest.fixture(autouse=True)
def embedded_patches(monkeypatch):
    """Embedded patches are made once for all tests, which change none."""
    monkeypatch.setattr(konpatch, "embedded_konpatch", _EMBEDDED)


@pytest.fixture
def narrow(monkeypatch):
    """The network of the embedded patches has few filters."""
    monkeypatch.setitem(PRESETS["embedded"], "conv_widths", ((4,), (4,), (4,)))


@pytest.fixture
def told(monkeypatch):
    """Replace the training; return what it is told, and what to raise instead."""
    calls = {"raise": None}

    def fake(konpatch, settings, **options):
        calls.update(konpatch=konpatch, settings=settings, **options)
        if calls["raise"] is not None:
            options["workdir"].mkdir(parents=True, exist_ok=True)
            (options["workdir"] / "settings.json").write_text("{}")
            raise calls["raise"]
        return [{"Instance": "mean", "MSE": 0.1}]

    monkeypatch.setattr(patchnet, "train_patchnet", fake)
    return calls


@pytest.fixture
def data_set(tmp_path, biq2021_tree):
    """Twelve generated images in BIQ2021's layout, eight of them in the set train."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (80, 96, 3), np.uint8) for _ in range(12)]
    sets, mos = ["train"] * 8 + ["val"] * 2 + ["test"] * 2, [0.05 * i + 0.2 for i in range(12)]
    return biq2021_tree(tmp_path / "biq", images, sets, mos=mos, name="{:02d}.jpg")


def test_help_loads_no_deep_learning_library(loaded_by_help):
    """--help answers with status 0 before TensorFlow, Keras, SciPy or matplotlib are imported."""
    loaded, text = loaded_by_help("kiqa.train_patchnet")
    assert not {"tensorflow", "keras", "scipy", "matplotlib", "skimage"} & loaded
    assert "--resume" in text


@pytest.mark.slow
def test_whole_protocol_runs_on_the_embedded_patches(tmp_path, capsys, narrow, eager):
    """Without data one instance trains, and the printed table is the one in the folder."""
    workdir = tmp_path / "run"
    status = main([*SMALL, "--epochs", "1", "--instances", "2", "--workdir", str(workdir)])
    assert status == 0
    with open(workdir / "table1.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Instance"] for row in rows] == ["2", "mean"]
    assert f"{float(rows[0]['SROCC']):.4f}" in capsys.readouterr().out
    assert load_model(workdir / "patchnet-2.h5").output_shape == (None, 1)


def test_defaults_without_data_are_the_embedded_ones(told, tmp_path):
    """Without options the embedded settings apply, and nothing of a subset or a resume."""
    assert main(["--workdir", str(tmp_path / "run")]) == 0
    assert told["settings"] == PatchnetSettings(**PRESETS["embedded"])
    assert (told["source"], told["instances"], told["resume"]) == ("embedded", None, False)


def test_options_reach_the_settings(told, tmp_path):
    """Each option changes its setting; those not given keep the paper's value."""
    file = tmp_path / "k.npz"
    assert main(["--patches-per-image", "1", "--write-patches", str(file)]) == 0
    assert "konpatch" not in told
    options = "--seed 5 --split-by image --early-stopping 3 --instances 1,3"
    options += " --precision mixed_bfloat16 --initial patchnet"
    assert main(["--patches", str(file), *options.split(), "--workdir", str(tmp_path / "r")]) == 0
    assert told["settings"] == PatchnetSettings(
        seed=5, split_by="image", early_stopping=3, precision="mixed_bfloat16"
    )
    assert (told["instances"], told["initial"]) == ([1, 3], "patchnet")
    np.testing.assert_array_equal(told["konpatch"].x, load_konpatch(file).x)


@pytest.mark.parametrize(
    ("options", "images"),
    [
        ([], [f"{number:02d}.jpg" for number in range(8)]),
        (["--set", "val"], ["08.jpg", "09.jpg"]),
    ],
    ids=["train", "val"],
)
def test_images_come_from_one_set_of_the_split(data_set, told, tmp_path, options, images):
    """KonPatch is cut from the set asked for, train by default, so the others stay untouched."""
    count = ["--limit", str(len(images)), "--patches-per-image", "2", *options]
    where = ["--data", str(data_set), "--dataset", "biq2021", "--workdir", str(tmp_path / "run")]
    assert main([*where, *count]) == 0
    assert sorted(set(told["konpatch"].image)) == images
    assert len(told["konpatch"].y) == 2 * len(images)


def test_split_file_replaces_the_data_set_s_own(data_set, told, tmp_path):
    """With --split the sets of that file count; images that it does not name are left out."""
    file = tmp_path / "mine.csv"
    file.write_text("image_name,set\n11.jpg,train\n10.jpg,train\n00.jpg,test\n")
    status = main(
        ["--data", str(data_set), "--dataset", "biq2021", "--split", str(file)]
        + ["--limit", "2", "--patches-per-image", "1", "--workdir", str(tmp_path / "run")]
    )
    assert status == 0
    assert sorted(told["konpatch"].image) == ["10.jpg", "11.jpg"]


def test_limit_takes_images_of_a_file_of_patches(told, tmp_path):
    """All patches of so many images, others with another seed."""
    file, found = tmp_path / "k.npz", []
    assert main(["--patches-per-image", "1", "--write-patches", str(file)]) == 0
    whole = load_konpatch(file)
    for seed in ("0", "0", "1"):
        options = ["--patches", str(file), "--limit", "3", "--seed", seed]
        assert main([*options, "--workdir", str(tmp_path / "r")]) == 0
        found.append(sorted(set(told["konpatch"].image)))
        assert len(told["konpatch"].x) == np.isin(whole.image, found[-1]).sum()
    assert found[0] == found[1] != found[2] and len(found[0]) == 3


def test_scenes_in_two_parts_are_refused(data_set, tmp_path, capsys, monkeypatch):
    """A scene of the set val among the images to cut patches from is named."""
    from kiqa.data import DATASETS

    def one_scene(root, read=DATASETS["biq2021"]):
        return [dataclasses.replace(record, content="a scene") for record in read(root)]

    monkeypatch.setitem(DATASETS, "biq2021", one_scene)
    options = ["--data", str(data_set), "--dataset", "biq2021", "--limit", "8"]
    assert main([*options, "--workdir", str(tmp_path / "run")]) == 2
    assert "both train and val, such as ['a scene']" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--patches none.npz", "none.npz"),
        ("--data none --dataset biq2021", "none"),
        ("--data {data}", "--dataset"),
        ("--votes mine.csv", "--data"),
        ("--data a --patches b", "--patches"),
        ("--limit 0", "--limit"),
        ("--patches-per-image 0", "received n=0"),
        ("--patches {data}/split.csv", "split.csv"),
        ("--data {data} --dataset biq2021", str(KONPATCH.images)),
        ("--data {data} --dataset biq2021 --split none.csv", "none.csv"),
        ("--data {data} --dataset biq2021 --votes {data}/split.csv --limit 2", "split.csv"),
        ("--learning-rate -1", "learning_rate"),
        ("--folds 1", "folds"),
        ("--instances 9", "instances"),
        ("--gpus 99", "GPU"),
    ],
)
def test_bad_input_is_one_line_and_status_2(data_set, tmp_path, capsys, options, expected):
    """Wrong files and options end with status 2 and one line that names them."""
    arguments = options.format(data=data_set).split()
    status = main([*arguments, "--workdir", str(tmp_path / "run")])
    message = capsys.readouterr().err
    assert status == 2
    assert message.count("\n") == 1 and expected in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "options", ["--instances x", "--gpus x", "--preset small", "--precision int8"]
)
def test_unknown_value_is_a_usage_error(capsys, options):
    """What the parser refuses ends with status 2 as well."""
    with pytest.raises(SystemExit) as end:
        main(options.split())
    assert end.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (KeyboardInterrupt(), 130, "--workdir {workdir} --resume"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "--workdir {workdir} --resume"),
        (DeadNetworkError("Instance 1: constant"), 1, "Instance 1"),
    ],
    ids=["Ctrl-C", "full disk", "dead network"],
)
def test_interrupted_training_says_how_to_go_on(told, tmp_path, capsys, error, status, expected):
    """Ctrl-C, a full disk and dead networks end with one line and their own status."""
    told["raise"] = error
    workdir = tmp_path / "run"
    assert main([*SMALL, "--workdir", str(workdir)]) == status
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert expected.format(workdir=workdir) in message


@pytest.mark.slow
def test_new_run_gets_a_new_folder_and_resume_the_latest(told, tmp_path, monkeypatch):
    """Without --workdir runs are numbered; --resume goes to the last one."""
    monkeypatch.chdir(tmp_path)
    for name in ("patchnet-1", "patchnet-3"):  # gaps stay
        (tmp_path / "runs" / name).mkdir(parents=True)
    main(SMALL)
    assert told["workdir"] == Path("runs/patchnet-4")
    main([*SMALL, "--resume"])
    assert told["workdir"] == Path("runs/patchnet-3")
    assert told["resume"] is True


@pytest.mark.slow
def test_resume_continues_after_ctrl_c(tmp_path, capsys, monkeypatch, narrow, eager):
    """The line that Ctrl-C prints works: the run goes on and its folder gets the table."""
    from kiqa.training.runs import epochs

    real = epochs.save_checkpoint

    def save(*args, **kwargs):
        real(*args, **kwargs)
        raise KeyboardInterrupt

    workdir = tmp_path / "run"
    options = [*SMALL, "--epochs", "2", "--instances", "1", "--workdir", str(workdir)]
    with monkeypatch.context() as patched:
        patched.setattr(epochs, "save_checkpoint", save)
        assert main(options) == 130
    assert "--resume" in capsys.readouterr().err
    assert main([*options, "--resume"]) == 0
    (result,) = json.loads((workdir / "table1.json").read_text())["instances"]
    assert [epoch["epoch"] for epoch in result["history"]] == [1, 2]
