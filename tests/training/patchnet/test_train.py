"""The experiment: files, bitwise resume, dead networks, refusals, several devices."""

import csv
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kiqa.io.weights import load_model, read_info
from kiqa.training.patchnet import instance
from kiqa.training.patchnet.instance import DeadNetworkError
from kiqa.training.patchnet.train import train_patchnet
from kiqa.training.runs import epochs
from kiqa.training.runs.checkpoint import read_checkpoint

CHECKOUT = Path(__file__).parents[3]


def weights_of(workdir, instance):
    return load_model(workdir / f"patchnet-{instance}.h5").get_weights()


def kill_after(monkeypatch, saves):
    """Raise KeyboardInterrupt right after so many checkpoints were written."""
    written = []
    real = epochs.save_checkpoint

    def save(*args, **kwargs):
        real(*args, **kwargs)
        written.append(1)
        if len(written) == saves:
            raise KeyboardInterrupt

    monkeypatch.setattr(epochs, "save_checkpoint", save)


@pytest.fixture(scope="module")
def finished(konpatch, tiny, tmp_path_factory):
    """An uninterrupted run; tests only read it."""
    workdir = tmp_path_factory.mktemp("finished")
    return workdir, train_patchnet(konpatch, tiny, workdir=workdir)


def test_run_leaves_its_files_and_table(finished, konpatch, tiny):
    """Every file of the run is there and agrees with the table that is returned."""
    workdir, rows = finished
    assert sorted(path.name for path in workdir.iterdir()) == sorted(
        ["settings.json", "split.csv", "images.csv", "table1.csv", "table1.json"]
        + ["loss_curves.png", "instance-1", "instance-2", "patchnet-1.h5", "patchnet-2.h5"]
    )
    assert [row["Instance"] for row in rows] == ["1", "2", "mean"]
    with open(workdir / "table1.csv", newline="") as file:
        assert [row["MSE"] for row in csv.DictReader(file)] == [str(row["MSE"]) for row in rows]
    table = json.loads((workdir / "table1.json").read_text())
    assert table["settings"]["learning_rate"] == tiny.learning_rate
    assert table["backend"] == keras.backend.backend()
    with open(workdir / "split.csv", newline="") as file:
        parts = [row["part"] for row in csv.DictReader(file)]
    assert [parts.count(name) for name in ("test", "fold 1", "fold 2")] == [12, 24, 24]


def test_weights_and_predictions_are_those_of_the_best_epoch(finished, konpatch):
    """The exported network reproduces the validation loss of the best epoch and its test file."""
    workdir, rows = finished
    with open(workdir / "split.csv", newline="") as file:
        part = np.array([row["part"] for row in csv.DictReader(file)])
    model = load_model(workdir / "patchnet-1.h5")
    history = read_checkpoint(workdir / "instance-1" / "checkpoint.npz").state.history
    fold = part == "fold 1"
    difference = model.predict(konpatch.x[fold], verbose=0)[:, 0] - konpatch.y[fold]
    # float32, other batches.
    assert np.mean(difference**2) == pytest.approx(
        min(epoch["val_loss"] for epoch in history), abs=1e-6
    )
    with open(workdir / "instance-1" / "test_predictions.csv", newline="") as file:
        listed = [float(row["predicted"]) for row in csv.DictReader(file)]
    test = model.predict(konpatch.x[part == "test"], verbose=0)[:, 0]
    np.testing.assert_allclose(test, listed, atol=1e-6)
    assert rows[0]["MSE"] == pytest.approx(
        np.mean((test - konpatch.y[part == "test"]) ** 2), abs=1e-6
    )
    assert read_info(workdir / "patchnet-1.h5").higher_is_better is True


@pytest.mark.parametrize("saves", [2, 4], ids=["first instance", "second instance"])
def test_resumed_run_gives_the_same_bits(finished, konpatch, tiny, tmp_path, monkeypatch, saves):
    """Killed in the midst of an instance and resumed, the weights equal those of a whole run."""
    workdir, rows = finished
    killed = tmp_path / "killed"
    with monkeypatch.context() as patched:
        kill_after(patched, saves)
        with pytest.raises(KeyboardInterrupt):
            train_patchnet(konpatch, tiny, workdir=killed)
    said = []
    again = train_patchnet(konpatch, tiny, workdir=killed, resume=True, report=said.append)
    assert again == rows
    for number in (1, 2):
        for whole, resumed in zip(
            weights_of(workdir, number), weights_of(killed, number), strict=True
        ):
            np.testing.assert_array_equal(resumed, whole)
    assert ("instance 1: finished earlier" in said) == (saves == 4)


def test_more_epochs_later_equal_more_epochs_at_once(finished, konpatch, tiny, tmp_path):
    """A finished run resumed with more epochs gives the weights of a longer run."""
    longer = dataclasses.replace(tiny, epochs=4)
    at_once = tmp_path / "at_once"
    train_patchnet(konpatch, longer, workdir=at_once, instances=[2])
    extended = shutil.copytree(finished[0], tmp_path / "extended")
    train_patchnet(konpatch, longer, workdir=extended, instances=[2], resume=True)
    paths = [folder / "instance-2" / "checkpoint.npz" for folder in (extended, at_once)]
    later, whole = (read_checkpoint(path) for path in paths)
    assert later.state.epoch == whole.state.epoch == 4
    for left, right in zip(later.model, whole.model, strict=True):
        np.testing.assert_array_equal(left, right)


def dead_network(settings, *, seed):
    """A network of zeros: every patch gets 0.5 and no gradient reaches the convolutions."""
    model = REAL_NETWORK(settings, seed=seed)
    model.set_weights([np.zeros_like(value) for value in model.get_weights()])
    return model


REAL_NETWORK = instance._network


def test_dead_network_is_started_again(konpatch, tiny, tmp_path, monkeypatch):
    """A constant network is noticed after its epoch, replaced, reported and recorded."""
    built = []

    def network(settings, *, seed):
        built.append(seed)
        return (dead_network if len(built) == 1 else REAL_NETWORK)(settings, seed=seed)

    monkeypatch.setattr(instance, "_network", network)
    said = []
    train_patchnet(konpatch, tiny, workdir=tmp_path, instances=[1], report=said.append)
    assert "dead network" in said[0] and "try 2 of 5" in said[0]
    (result,) = json.loads((tmp_path / "table1.json").read_text())["instances"]
    assert [restart["initial_weights_seed"] for restart in result["restarts"]] == built[:1]
    assert result["initial_weights_seed"] == built[1] != built[0]


def test_network_dead_at_every_try_is_an_error(konpatch, tiny, tmp_path, monkeypatch):
    """After the permitted restarts the error names the instance and the number of tries."""
    monkeypatch.setattr(instance, "_network", dead_network)
    settings = dataclasses.replace(tiny, max_restarts=1)
    with pytest.raises(DeadNetworkError, match="Instance 2.*2 tries"):
        train_patchnet(konpatch, settings, workdir=tmp_path, instances=[2])


def test_network_that_explodes_counts_as_dead(konpatch, tiny, tmp_path):
    """An absurd learning rate ends as a dead network, with a remedy, not as NaN in a table."""
    settings = dataclasses.replace(tiny, learning_rate=1e9, max_restarts=0)
    with pytest.raises(DeadNetworkError, match="lower learning rate"):
        train_patchnet(konpatch, settings, workdir=tmp_path, instances=[1])


def test_folder_with_a_run_is_refused_without_resume(finished, konpatch, tiny):
    """A second run does not overwrite the first one."""
    with pytest.raises(ValueError, match="--resume"):
        train_patchnet(konpatch, tiny, workdir=finished[0])


def test_other_settings_or_patches_are_refused_on_resume(finished, konpatch, tiny):
    """A run is continued with its own settings and patches only."""
    workdir, _ = finished
    with pytest.raises(ValueError, match="batch_size was 16, is 8"):
        train_patchnet(
            konpatch, dataclasses.replace(tiny, batch_size=8), workdir=workdir, resume=True
        )
    other = dataclasses.replace(konpatch, y=konpatch.y[::-1].copy())
    with pytest.raises(ValueError, match="data of the run"):
        train_patchnet(other, tiny, workdir=workdir, resume=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda k: {"x": k.x[:, :32, :32]}, "64x64"),
        (lambda k: {"y": np.full_like(k.y, 0.5)}, "different labels"),
    ],
    ids=["small patches", "constant labels"],
)
def test_unsuitable_patches_are_refused(konpatch, tiny, tmp_path, change, message):
    """Patches that cannot be trained on are refused before anything is written."""
    broken = dataclasses.replace(konpatch, **change(konpatch))
    with pytest.raises(ValueError, match=message):
        train_patchnet(broken, tiny, workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_unknown_instance_is_refused(konpatch, tiny, tmp_path):
    """Instances outside 1..folds are an error."""
    with pytest.raises(ValueError, match="from 1 to 2"):
        train_patchnet(konpatch, tiny, workdir=tmp_path, instances=[3])


def test_mixed_precision_trains_and_exports_float32(konpatch, tiny, tmp_path):
    """bfloat16 computes in 16 bits; the file is a float32 network, the policy is set back."""
    settings = dataclasses.replace(tiny, precision="mixed_bfloat16", epochs=1)
    model = instance.compiled_patchnet(settings, seed=0)
    assert model.get_layer("group1_conv1").compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    train_patchnet(konpatch, settings, workdir=tmp_path, instances=[1])
    exported = load_model(tmp_path / "patchnet-1.h5")
    assert exported.get_layer("group1_conv1").compute_dtype == "float32"


def test_tensorboard_files_are_written(konpatch, tiny, tmp_path):
    """With tensorboard=True an instance's folder holds an event file with both losses."""
    settings = dataclasses.replace(tiny, epochs=1)
    train_patchnet(konpatch, settings, workdir=tmp_path, instances=[1], tensorboard=True)
    (events,) = (tmp_path / "instance-1" / "tensorboard").iterdir()
    content = events.read_bytes()
    assert b"val_loss" in content and b"scalars" in content


def test_tensorboard_needs_tensorflow(konpatch, tiny, tmp_path, monkeypatch):
    """On another backend the option is refused before the folder is made."""
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="TensorBoard.*jax"):
        train_patchnet(konpatch, tiny, workdir=tmp_path / "run", tensorboard=True)
    assert not (tmp_path / "run").exists()


TWO_DEVICES = """
import dataclasses, json, sys
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from kiqa.training.patchnet.batches import PatchBatches
from kiqa.training.patchnet.instance import compiled_patchnet
from kiqa.training.patchnet.settings import PatchnetSettings
one = PatchnetSettings(conv_widths=((4,), (4,), (4,)), dense_widths=(32,))
two = dataclasses.replace(one, devices=("CPU:0", "CPU:1"))
rng = np.random.default_rng(0)
x, y = rng.integers(0, 256, (32, 64, 64, 3), np.uint8), rng.random(32, np.float32)
found = []
for settings in (one, two):
    model = compiled_patchnet(settings, seed=1)
    losses = [
        model.fit(PatchBatches(x, y, np.arange(32), batch_size=16), shuffle=False, verbose=0)
        .history["loss"][0]
        for _ in range(2)
    ]
    found.append((losses, model.distribute_strategy.num_replicas_in_sync,
                  [value.tolist() for value in model.get_weights()]))
json.dump(found, sys.stdout)
"""


def test_two_devices_train_as_one():
    """Under MirroredStrategy two devices share a batch and end with one device's weights."""
    run = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    (one_loss, one, one_weights), (two_loss, two, two_weights) = json.loads(run.stdout)
    assert (one, two) == (1, 2)
    # float32; Adam's first steps amplify rounding of small gradients.
    np.testing.assert_allclose(two_loss, one_loss, rtol=1e-4)
    for left, right in zip(one_weights, two_weights, strict=True):
        np.testing.assert_allclose(right, left, atol=1e-4)
