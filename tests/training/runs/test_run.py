"""The run of all trainings: files, best and last epochs, resume after any kill, refusals."""

import dataclasses
import itertools
import json
import shutil

import keras
import numpy as np
import pandas as pd
import pytest

from kiqa.data.plans import ArraySpec, EpochPlan, in_batches, shuffled
from kiqa.data.trained import names_trained_on
from kiqa.io.weights import Details, export_h5
from kiqa.training.runs import epochs, run
from kiqa.training.runs.history import score_numbers
from kiqa.training.runs.optimizers import adam, compile_model
from kiqa.training.runs.options import PRECISIONS
from kiqa.training.runs.replicas import predict_batch
from kiqa.training.runs.run import Training, run_training
from kiqa.training.runs.seeding import epoch_rng

from .test_command import Settings

X = np.random.default_rng(0).random((12, 3), np.float32)
Y = X.sum(axis=1, keepdims=True)


def _rows(part, count):
    return [{"image_name": f"{part}{i}.png", "content": f"{part}{i}"} for i in range(count)]


def _build():
    inputs = keras.Input((3,))
    x = keras.layers.Dense(4, kernel_initializer=keras.initializers.GlorotUniform(1))(inputs)
    x = keras.layers.Dropout(0.5, seed=7)(x)
    outputs = keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(2))(x)
    model = keras.Model(inputs, outputs)
    compile_model(model, optimizer=adam(0.02), loss="mse")
    return model


def _plan(epoch):
    def noisy(sample, rng):
        return sample[0] + rng.normal(0, 0.01, 3).astype(np.float32), sample[1]

    return EpochPlan(
        order=in_batches(shuffled(12, epoch_rng(0, epoch=epoch)), 5),
        read=lambda index: (X[index], Y[index]),
        augment=noisy,
        batch=lambda samples, chosen, rng: tuple(map(np.stack, zip(*samples, strict=True))),
        signature=(ArraySpec("float32", (None, 3)), ArraySpec("float32", (None, 1))),
        generator=lambda number: epoch_rng(0, number, epoch=epoch),
    )


@pytest.fixture(scope="module")
def training():
    """Twelve samples of a sum, with noise and dropout; weights go to a text file."""

    def export(model, folder):
        np.savez(folder / "weights.npz", *model.get_weights())

    return Training(
        settings=Settings(epochs=3),
        parts={"train": _rows("train", 12), "val": _rows("val", 3), "test": _rows("test", 2)},
        build=_build,
        plan=_plan,
        validate=lambda model: score_numbers(np.asarray(model.predict_on_batch(X))[:, 0], Y[:, 0]),
        export=export,
    )


@pytest.fixture(scope="module")
def whole(training, tmp_path_factory, only_fitting):
    """The folder of an uninterrupted run; beside it a copy for each moment, as a kill leaves it."""
    folder, moments = tmp_path_factory.mktemp("runs") / "whole", itertools.count(1)

    def copied(function):
        def call(*args, **kwargs):
            shutil.copytree(folder, folder.with_name(f"killed{next(moments)}"))
            return function(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch, only_fitting():
        patch.setattr(run, "fit_epoch", copied(run.fit_epoch))
        patch.setattr(epochs, "save_checkpoint", copied(epochs.save_checkpoint))
        patch.setattr(keras.Model, "predict_on_batch", copied(keras.Model.predict_on_batch))
        run_training(training, workdir=folder)
    assert next(moments) == 10
    return folder


def _weights(folder):
    with np.load(folder / "weights.npz") as file:
        return [file[name] for name in sorted(file.files)]


def test_a_run_leaves_its_files(training, tmp_path):
    """Settings, parts, history, checkpoint, weights, and a result that a card can quote."""
    lines = []
    result = run_training(training, workdir=tmp_path / "run", report=lines.append)
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert files == {
        *("settings.json", "images.csv", "history.csv", "checkpoint.npz"),
        *("weights.npz", "result.json"),
    }
    images = pd.read_csv(tmp_path / "run" / "images.csv")
    assert images["set"].value_counts().to_dict() == {"train": 12, "val": 3, "test": 2}
    history = pd.read_csv(tmp_path / "run" / "history.csv")
    assert list(history["epoch"]) == [1, 2, 3] and len(lines) == 3
    best = history.loc[history["val_srocc"].idxmax()]
    assert (result["best_epoch"], result["epochs"]) == (best["epoch"], 3)
    assert result["images"] == {"train": 12, "val": 3, "test": 2}
    assert (result["parameters"], result["machine"]["devices"]) == (21, [])
    assert json.loads((tmp_path / "run" / "result.json").read_text()) == result


def test_the_last_epoch_is_kept_where_nothing_is_monitored(training, tmp_path, eager):
    """Whatever validation says."""
    result = run_training(dataclasses.replace(training, monitor=None), workdir=tmp_path)
    assert result["best_epoch"] == 3


def test_what_the_start_has_seen_is_said(training, tmp_path, eager):
    """Before the first epoch; the run goes on."""
    seen = names_trained_on(["val1.png"], dataset="live", use="train", scores="human", about="MOS")
    details = Details("net", "1", "0..1", higher_is_better=True, trained_on=(seen,))
    file, lines = export_h5(_build(), tmp_path / "net.h5", details), []
    started = dataclasses.replace(training, initial=file, settings=Settings(epochs=1))
    run_training(started, workdir=tmp_path / "run", report=lines.append)
    assert lines[0].startswith("initial net was trained on 1 of 3 val images") and len(lines) == 2


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(1, 10))
def test_killed_at_any_moment_a_run_ends_with_the_same_weights(
    training, whole, tmp_path, only_fits, moment
):
    """Before each epoch, each validation and each checkpoint: bit by bit."""
    folder = shutil.copytree(whole.with_name(f"killed{moment}"), tmp_path / "killed")
    assert not (folder / "weights.npz").exists()
    run_training(training, workdir=folder, resume=True)
    for one, two in zip(*map(_weights, (whole, folder)), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
def test_more_epochs_continue_a_finished_run(training, whole, tmp_path, only_fits):
    """Two epochs and one are three; where the rate depends on them, that is refused."""
    short = dataclasses.replace(training, settings=Settings(epochs=2))
    run_training(short, workdir=tmp_path / "run")
    with pytest.raises(ValueError, match="epochs was 2, is 3"):
        run_training(
            dataclasses.replace(training, extendable=False), workdir=tmp_path / "run", resume=True
        )
    run_training(training, workdir=tmp_path / "run", resume=True)
    for one, two in zip(*map(_weights, (whole, tmp_path / "run")), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("pair", [("train", "val"), ("train", "test"), ("val", "test")])
def test_a_content_in_two_parts_is_refused(training, tmp_path, pair):
    """Also one of the test part; nothing is written."""
    one, other = pair
    parts = dict(training.parts)
    parts[other] = [*parts[other], {"image_name": "new.png", "content": f"{one}1"}]
    with pytest.raises(ValueError, match=rf"1 in both {one} and {other}, such as \['{one}1'\]"):
        run_training(dataclasses.replace(training, parts=parts), workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_other_data_do_not_continue_a_run(training, whole):
    """Another score of one image, or another part, is another run."""
    with pytest.raises(ValueError, match="holds settings.json"):
        run_training(training, workdir=whole)
    parts = {**training.parts, "val": _rows("other", 3)}
    with pytest.raises(ValueError, match="Expected the data of the run"):
        run_training(dataclasses.replace(training, parts=parts), workdir=whole, resume=True)


def test_event_files_are_written_where_asked(training, tmp_path, eager):
    """One for the run."""
    run_training(training, workdir=tmp_path, tensorboard=True)
    assert len(list((tmp_path / "tensorboard").glob("events*"))) == 1


MOMENTUM = 0.8


def _averaged_model(momentum):
    inputs = keras.Input((3,))
    start = keras.initializers.GlorotUniform(1)
    x = keras.layers.Dense(4, use_bias=False, kernel_initializer=start)(inputs)
    x = keras.layers.BatchNormalization()(x)
    model = keras.Model(inputs, keras.layers.Dense(1, kernel_initializer=start)(x))
    compile_model(model, optimizer=adam(0.02, ema_momentum=momentum), loss="mse")
    return model


def _averaged(
    folder, momentum, *, seen=None, steps=None, resume=False, devices=(), precision="float32"
):
    """Run a training; ``seen`` gets the validated weights, ``steps`` those after each step."""

    def validate(model):
        if seen is not None:
            seen.append([variable.numpy() for variable in model.trainable_variables])
        return {"val_loss": float(np.mean((predict_batch(model, X) - Y) ** 2))}

    def build():
        model = _averaged_model(momentum)
        if steps is not None:
            real = model.optimizer.apply

            def apply(grads, variables=None):
                real(grads, variables)
                steps.append([variable.numpy() for variable in model.trainable_variables])

            model.optimizer.apply = apply
            model.run_eagerly = True
        return model

    training = Training(
        settings=Settings(epochs=3, devices=devices, precision=precision),
        parts={"train": _rows("train", 12), "val": _rows("val", 3)},
        build=build,
        plan=lambda epoch: dataclasses.replace(
            _plan(epoch), order=in_batches(shuffled(12, epoch_rng(0, epoch=epoch)), 4)
        ),
        validate=validate,
        export=lambda model, place: np.savez(place / "weights.npz", *model.get_weights()),
        monitor=None,
    )
    return run_training(training, workdir=folder, resume=resume)


def test_the_average_is_validated_and_the_weights_go_on(tmp_path):
    """Against NumPy: the average of all steps, which are those of a run without it."""
    seen, steps, plain = [], [], []
    _averaged(tmp_path / "average", MOMENTUM, seen=seen, steps=steps)
    _averaged(tmp_path / "plain", 0.0, steps=plain)
    for found, wanted in zip(steps, plain, strict=True):
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)
    average, wanted = plain[0], []
    for number, step in enumerate(plain):
        if number:
            average = [
                MOMENTUM * a + (1 - MOMENTUM) * w for a, w in zip(average, step, strict=True)
            ]
        if (number + 1) % (len(plain) // 3) == 0:
            wanted.append(average)
    assert len(seen) == len(wanted) == 3
    for found, expected in zip(seen, wanted, strict=True):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_continued_run_ends_with_the_same_average(tmp_path, monkeypatch, precision):
    """Killed before its third epoch; bit by bit, in each number format."""
    _averaged(tmp_path / "whole", MOMENTUM, precision=precision)
    real = run.fit_epoch

    def killed(*args, epoch, **options):
        if epoch == 2:
            raise KeyboardInterrupt
        return real(*args, epoch=epoch, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(run, "fit_epoch", killed)
        _averaged(tmp_path / "killed", MOMENTUM, precision=precision)
    _averaged(tmp_path / "killed", MOMENTUM, precision=precision, resume=True)
    for one, other in zip(_weights(tmp_path / "whole"), _weights(tmp_path / "killed"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_devices_keep_the_average_of_one(tmp_path, two_devices):
    """But for rounding."""
    _averaged(tmp_path / "one", MOMENTUM)
    _averaged(tmp_path / "two", MOMENTUM, devices=two_devices)
    for one, other in zip(_weights(tmp_path / "one"), _weights(tmp_path / "two"), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
