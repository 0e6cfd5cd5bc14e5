"""The experiment: files, bitwise resume, dead networks, refusals, several devices."""

import csv
import dataclasses
import json
import shutil

import keras
import numpy as np
import pytest

from kiqa.data.trained import konpatch_trained_on
from kiqa.io.weights import Details, export_h5, load_model, read_info
from kiqa.models.patchnet import build_patchnet
from kiqa.training.patchnet import instance, train
from kiqa.training.patchnet.dead import DeadNetworkError
from kiqa.training.patchnet.train import train_patchnet
from kiqa.training.runs import epochs
from kiqa.training.runs.checkpoint import read_checkpoint


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
def finished(konpatch, tiny, tmp_path_factory, only_fitting, as_killed):
    """An uninterrupted run, beside it one killed; tests only read them."""
    workdir = tmp_path_factory.mktemp("runs") / "finished"
    report = as_killed(workdir, workdir.with_name("killed"), at="instance 1, epoch 2,")
    with only_fitting():
        return workdir, train_patchnet(konpatch, tiny, workdir=workdir, report=report)


@pytest.mark.slow
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


@pytest.mark.slow
def test_weights_and_predictions_are_those_of_the_best_epoch(finished, konpatch, eager):
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


@pytest.fixture(scope="module")
def killed(finished, konpatch, tiny, tmp_path_factory, only_fitting):
    """A run killed in the midst of either instance and resumed twice: what the resumed ones said.

    Folder, rows of the last one, and the lines of both.
    """
    workdir, said = tmp_path_factory.mktemp("killed") / "run", []
    shutil.copytree(finished[0].with_name("killed"), workdir)
    with pytest.MonkeyPatch.context() as patched, only_fitting():
        kill_after(patched, 2)
        with pytest.raises(KeyboardInterrupt):
            train_patchnet(konpatch, tiny, workdir=workdir, resume=True, report=said.append)
    # Of three epochs the first kill left one undone, and the second came after one more.
    assert len(read_checkpoint(workdir / "instance-2" / "checkpoint.npz").state.history) == 1
    before = len(said)
    with only_fitting():
        rows = train_patchnet(konpatch, tiny, workdir=workdir, resume=True, report=said.append)
    return workdir, rows, said[:before], said[before:]


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2], ids=["first instance", "second instance"])
def test_resumed_run_gives_the_same_bits(finished, killed, number):
    """Killed in the midst of an instance and resumed, the weights equal those of a whole run."""
    workdir, rows = finished
    again, resumed, *said = killed
    assert resumed == rows
    for one, two in zip(weights_of(workdir, number), weights_of(again, number), strict=True):
        np.testing.assert_array_equal(two, one)
    finished_earlier = ["instance 1: finished earlier" in lines for lines in said]
    assert finished_earlier == [False, True]


@pytest.mark.slow
def test_more_epochs_later_equal_more_epochs_at_once(finished, konpatch, tiny, tmp_path, only_fits):
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


@pytest.mark.slow
def test_dead_network_is_started_again(konpatch, tiny, tmp_path, monkeypatch, eager):
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


@pytest.mark.slow
def test_network_dead_at_every_try_is_an_error(konpatch, tiny, tmp_path, monkeypatch, eager):
    """After the permitted restarts the error names the instance and the number of tries."""
    monkeypatch.setattr(instance, "_network", dead_network)
    settings = dataclasses.replace(tiny, max_restarts=1)
    with pytest.raises(DeadNetworkError, match="Instance 2.*2 tries"):
        train_patchnet(konpatch, settings, workdir=tmp_path, instances=[2])


@pytest.mark.slow
def test_network_that_explodes_counts_as_dead(konpatch, tiny, tmp_path, eager):
    """An absurd learning rate ends as a dead network, with a remedy, not as NaN in a table."""
    settings = dataclasses.replace(tiny, learning_rate=1e9, max_restarts=0)
    with pytest.raises(DeadNetworkError, match="lower learning rate"):
        train_patchnet(konpatch, settings, workdir=tmp_path, instances=[1])


@pytest.mark.slow
def test_folder_with_a_run_is_refused_without_resume(finished, konpatch, tiny):
    """A second run does not overwrite the first one."""
    with pytest.raises(ValueError, match="--resume"):
        train_patchnet(konpatch, tiny, workdir=finished[0])


@pytest.mark.slow
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


@pytest.mark.slow
def test_mixed_precision_trains_and_exports_float32(konpatch, tiny, tmp_path, monkeypatch, eager):
    """bfloat16 computes in 16 bits; the file is a float32 network, the policy is set back."""
    models, real = [], instance.compiled_patchnet

    def compiled(*args, **kwargs):
        models.append(real(*args, **kwargs))
        return models[-1]

    monkeypatch.setattr(instance, "compiled_patchnet", compiled)
    settings = dataclasses.replace(tiny, precision="mixed_bfloat16", epochs=1)
    train_patchnet(konpatch, settings, workdir=tmp_path, instances=[1])
    (model,) = models
    assert model.get_layer("group1_conv1").compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    exported = load_model(tmp_path / "patchnet-1.h5")
    assert exported.get_layer("group1_conv1").compute_dtype == "float32"


@pytest.mark.slow
def test_tensorboard_files_are_written(konpatch, tiny, tmp_path, eager):
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


@pytest.mark.slow
def test_two_devices_take_the_steps_of_one(konpatch, tiny, tmp_path, one_then_two, shares):
    """Each device gets half of a batch; the losses agree, and the weights to 1e-5."""
    settings = dataclasses.replace(tiny, learning_rate=3e-4, epochs=2)
    for folder, devices in zip((tmp_path / "one", tmp_path / "two"), one_then_two, strict=True):
        on_devices = dataclasses.replace(settings, devices=devices)
        train_patchnet(konpatch, on_devices, workdir=folder, instances=[1])
        assert shares == ([8, 8, 4, 4] * 2 if devices else [16, 8] * 2)
    checkpoints = (tmp_path / name / "instance-1" / "checkpoint.npz" for name in ("one", "two"))
    one, two = map(read_checkpoint, checkpoints)
    for before, after in zip(one.state.history, two.state.history, strict=True):
        assert after["loss"] == pytest.approx(before["loss"], rel=1e-4)
        assert after["val_loss"] == pytest.approx(before["val_loss"], rel=1e-4)
    for first, second in zip(one.best, two.best, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


@pytest.mark.slow
def test_instances_start_from_a_given_network(finished, konpatch, tiny, tmp_path, eager):
    """At a learning rate of next to nothing they end with its weights, and say where from."""
    workdir, _ = finished
    settings = dataclasses.replace(tiny, learning_rate=1e-12, epochs=1)
    train_patchnet(
        konpatch, settings, workdir=tmp_path, instances=[2], initial=workdir / "patchnet-1.h5"
    )
    for given, found in zip(weights_of(workdir, 1), weights_of(tmp_path, 2), strict=True):
        np.testing.assert_allclose(found, given, atol=1e-8)
    details = read_info(tmp_path / "patchnet-2.h5").details
    assert details.origin.name == "patchnet-1"


def test_images_that_the_start_was_trained_on_are_counted(konpatch, tiny, tmp_path, monkeypatch):
    """Every image is tested by one of the instances."""

    def stop(*args, **options):
        raise KeyboardInterrupt

    dataset = dataclasses.replace(konpatch, dataset="koniq10k")
    model = build_patchnet(conv_widths=tiny.conv_widths, dense_widths=tiny.dense_widths)
    details = Details(
        "start", "1", "0..1", higher_is_better=True, trained_on=konpatch_trained_on(dataset)
    )
    file, lines = export_h5(model, tmp_path / "start.h5", details), []
    monkeypatch.setattr(train, "open_workdir", stop)
    with pytest.raises(KeyboardInterrupt):
        train_patchnet(dataset, tiny, workdir=tmp_path, initial=file, report=lines.append)
    assert len(lines) == 1 and "initial start was trained on 12 of 12 test images" in lines[0]


def test_other_widths_are_no_start(konpatch, tiny, tmp_path):
    """The shipped Patchnet is wider; both shapes are named."""
    with pytest.raises(ValueError, match=r"\(3, 3, 3, 4\) and \(3, 3, 3, 32\)"):
        train_patchnet(konpatch, tiny, workdir=tmp_path / "run", initial="patchnet")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("split_by", "shared"), [("patch", True), ("image", False)])
def test_images_are_in_two_parts_by_the_thesis_only(
    konpatch, tiny, tmp_path, eager, split_by, shared
):
    """Its protocol draws single patches; by image no image is trained on that is tested."""
    settings = dataclasses.replace(tiny, split_by=split_by, epochs=1)
    train_patchnet(konpatch, settings, workdir=tmp_path, instances=[1])
    with open(tmp_path / "split.csv", newline="") as file:
        rows = [(row["part"] == "test", row["image"]) for row in csv.DictReader(file)]
    tested = {image for is_test, image in rows if is_test}
    assert bool(tested & {image for is_test, image in rows if not is_test}) == shared


def test_a_patch_in_two_parts_is_refused(konpatch, tiny, tmp_path, monkeypatch):
    """Parts that overlap by mistake are an error before any epoch."""
    real = train.protocol_parts

    def overlapping(*args, **kwargs):
        parts = real(*args, **kwargs)
        return dataclasses.replace(parts, test=parts.folds[1])

    monkeypatch.setattr(train, "protocol_parts", overlapping)
    monkeypatch.setattr(train, "_write_split", lambda *args: None)
    with pytest.raises(ValueError, match="both train and test"):
        train_patchnet(konpatch, tiny, workdir=tmp_path, instances=[1])
