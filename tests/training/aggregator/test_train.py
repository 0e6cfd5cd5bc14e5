"""The aggregator's training: it learns, it resumes bit by bit, it refuses bad input.

A small network stands in for DenseNet-169, which takes minutes on a CPU; its head has the
aggregator's layer names.
"""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from kiqa.data.records import ScoredImage
from kiqa.io.files import sha256_of
from kiqa.io.weights import Origin, load_model, read_info
from kiqa.training.aggregator import network
from kiqa.training.aggregator.items import stack_item
from kiqa.training.aggregator.network import predict_scores
from kiqa.training.aggregator.settings import AggregatorSettings
from kiqa.training.aggregator.train import train_aggregator
from kiqa.training.runs.checkpoint import read_checkpoint

SMALL = AggregatorSettings(batch_size=4, epochs=3, learning_rate=0.01, early_stopping=None)
DETAILS = {
    "maps": ["fish", "gray", "patchnet"],
    "stride": 4,
    "fish": "sliding",
    "patchnet": {"name": "patchnet", "sha256": "ab" * 32},
}


def _small(*, weights=None, pooling="max", seed=None):
    """Two layers and the aggregator's head."""
    draw = keras.initializers.GlorotUniform
    inputs = keras.Input((None, None, 3), name="maps")
    x = keras.layers.Conv2D(
        4, 3, strides=2, use_bias=False, kernel_initializer=draw(seed=seed), name="conv"
    )(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Conv2D(
        1, 1, kernel_initializer=draw(seed=seed), dtype="float32", name="quality_map"
    )(x)
    pool = {
        "max": keras.layers.GlobalMaxPooling2D,
        "mean": keras.layers.GlobalAveragePooling2D,
    }[pooling]
    model = keras.Model(inputs, pool(name="quality", dtype="float32")(x), name="aggregator")
    if weights is not None:
        model.set_weights(load_model(weights).get_weights())
    return model


@pytest.fixture(scope="module", autouse=True)
def small_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "build_aggregator", _small)
        yield


def _stacks(folder, shapes):
    """Stacks whose Patchnet channel is the target and noise."""
    rng = np.random.default_rng(0)
    made = []
    for index, shape in enumerate(shapes):
        target = index / len(shapes)
        stack = rng.random((*shape, 3)).astype(np.float32) * 0.1
        stack[..., 2] += target
        path = folder / f"{index}.npy"
        np.save(path, stack)
        made.append(stack_item(path, target, name=f"{index}.jpg", content=f"c{index}"))
    return made


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    """Twenty stacks of two resolutions."""
    shapes = [(12, 12) if index % 3 else (10, 14) for index in range(20)]
    return _stacks(tmp_path_factory.mktemp("stacks"), shapes)


def _train(items, workdir, settings=SMALL, **options):
    return train_aggregator(
        items[:14], items[14:], settings, workdir=workdir, details=DETAILS, trained_on=(), **options
    )


@pytest.fixture(scope="module")
def run(items, tmp_path_factory, eagerly):
    """Folder, result and lines of a run; tests only read it."""
    folder, lines = tmp_path_factory.mktemp("run"), []
    with eagerly():
        return folder, _train(items, folder, report=lines.append), lines


@pytest.mark.slow
def test_run_leaves_an_aggregator_and_its_history(run):
    """The file names its maps, the history has a row an epoch, the result is the best row."""
    folder, result, lines = run
    info = read_info(folder / "aggregator.h5")
    assert info.details.mode == "aggregator"
    assert info.details.pooling == "max"
    assert list(info.details.maps) == DETAILS["maps"]
    assert (info.details.stride, info.details.fish) == (DETAILS["stride"], DETAILS["fish"])
    assert vars(info.details.companions["patchnet"]) == DETAILS["patchnet"]
    history = pd.read_csv(folder / "history.csv")
    assert list(history["epoch"]) == [1, 2, 3]
    assert lines[0] == "2 of 14 stacks are left out of each epoch: alone in a batch"
    assert [line.split(",")[0] for line in lines[1:]] == ["epoch 1", "epoch 2", "epoch 3"]
    assert result["val_srocc"] == pytest.approx(history["val_srocc"].max())
    images = pd.read_csv(folder / "images.csv")
    assert list(images["set"]) == ["train"] * 14 + ["val"] * 6
    assert list(images["image_name"]) == [f"{index}.jpg" for index in range(20)]
    assert list(images["stack"]) == [f"{index}.npy" for index in range(20)]


@pytest.mark.slow
def test_file_holds_the_best_epoch(items, run, eager):
    """The file's predictions have the validation error that the result names."""
    folder, result, _ = run
    model = load_model(folder / "aggregator.h5")
    predicted = predict_scores(model, items[14:], batch_size=4)
    targets = np.array([item.target for item in items[14:]])
    assert np.mean((predicted - targets) ** 2) == pytest.approx(result["val_mse"], rel=1e-5)


@pytest.mark.slow
def test_it_learns(items, tmp_path, only_fits):
    """The loss of the last epoch is a small part of the first one's."""
    settings = AggregatorSettings(
        batch_size=4, epochs=15, learning_rate=0.02, schedule="cosine", pooling="mean",
        correlation_loss=0.1, early_stopping=None,
    )  # fmt: skip
    _train(items, tmp_path / "run", settings)
    loss = pd.read_csv(tmp_path / "run" / "history.csv")["loss"]
    assert loss.iloc[-1] < 0.3 * loss.iloc[0]


@pytest.mark.slow
def test_scores_begin_at_the_mean_of_the_targets(items, tmp_path, eager):
    """The head's bias starts as the mean target of the training stacks."""
    settings = AggregatorSettings(batch_size=4, epochs=1, learning_rate=1e-12)
    _train(items, tmp_path / "run", settings)
    bias = load_model(tmp_path / "run" / "aggregator.h5").get_layer("quality_map").get_weights()[1]
    assert bias[0] == pytest.approx(np.mean([item.target for item in items[:14]]), abs=1e-6)


@pytest.mark.slow
def test_resumed_run_gives_the_same_weights(items, tmp_path, only_fits, as_killed):
    """A run killed after its second epoch ends as the one that was not."""
    settings = AggregatorSettings(
        batch_size=4, epochs=3, learning_rate=0.01, schedule="cosine", warmup_steps=2,
        flip_maps=True, crop_maps=0.7, noise_maps=0.1, weight_decay=0.01,
        correlation_loss=0.1, correlation_with="ranks",
    )  # fmt: skip
    folders = tmp_path / "whole", tmp_path / "parts"
    _train(items, folders[0], settings, report=as_killed(*folders, at="epoch 2,"))
    assert not (tmp_path / "parts" / "aggregator.h5").exists()
    _train(items, tmp_path / "parts", settings, resume=True)
    whole, parts = (tmp_path / name / "aggregator.h5" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pooling", "each"), [("max", "one_then_two"), ("mean", "each_by_operations")]
)
def test_two_devices_take_the_steps_of_one(tmp_path, request, shares, pooling, each):
    """Each device gets half of a batch; weights and numbers agree; a graph where one is taken."""
    both = request.getfixturevalue(each)
    stacks = _stacks(tmp_path, [(12, 12)] * 36)
    settings = AggregatorSettings(
        batch_size=16, epochs=1, learning_rate=1e-3, pooling=pooling, correlation_loss=0.1,
        flip_maps=True, early_stopping=None,
    )  # fmt: skip
    results = []
    for folder, devices in zip((tmp_path / "one", tmp_path / "two"), both, strict=True):
        results.append(
            train_aggregator(
                stacks[:32], stacks[32:], replace(settings, devices=devices), workdir=folder,
                details=DETAILS, trained_on=(),
            )
        )  # fmt: skip
        assert shares == ([8] * 4 if devices else [16] * 2)
    one, two = (read_checkpoint(tmp_path / name / "checkpoint.npz") for name in ("one", "two"))
    for first, second in zip(one.best, two.best, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)
    for name in ("loss", "val_mse", "val_srocc"):
        assert results[0][name] == pytest.approx(results[1][name], rel=1e-4)


@pytest.mark.slow
def test_odd_batches_of_several_resolutions_on_two_devices(items, tmp_path, two_devices, only_fits):
    """Predictions come once each and in order, whichever device made them."""
    settings = replace(SMALL, devices=two_devices, epochs=1)
    result = _train(items, tmp_path / "run", settings)
    model = load_model(tmp_path / "run" / "aggregator.h5")
    predicted = predict_scores(model, items[14:], batch_size=4)
    targets = np.array([item.target for item in items[14:]])
    assert np.mean((predicted - targets) ** 2) == pytest.approx(result["val_mse"], rel=1e-5)


def test_no_content_of_another_part_is_trained_on(items, tmp_path):
    """A scene of val or test in train is named, and nothing is written."""
    shared = replace(items[14], content="c0")
    with pytest.raises(ValueError, match=r"both train and val, such as \['c0'\]"):
        train_aggregator(
            items[:14],
            [shared, *items[15:]],
            SMALL,
            workdir=tmp_path / "run",
            details=DETAILS,
            trained_on=(),
        )
    image = ScoredImage("x.jpg", Path("x.jpg"), 3.0, None, "c1", "koniq10k", (1.0, 5.0))
    with pytest.raises(ValueError, match=r"both train and test, such as \['c1'\]"):
        _train(items, tmp_path / "run", test=[image])
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_run_can_start_from_an_aggregator(items, run, tmp_path, eager):
    """With a vanishing learning rate the weights stay near those it began with."""
    first = run[0] / "aggregator.h5"
    slow = AggregatorSettings(batch_size=4, epochs=1, learning_rate=1e-12)
    _train(items, tmp_path / "second", slow, initial=first)
    weights = [load_model(path).get_layer("conv").get_weights()[0]
               for path in (first, tmp_path / "second" / "aggregator.h5")]  # fmt: skip
    np.testing.assert_allclose(*weights, atol=1e-6)
    kept = json.loads((tmp_path / "second" / "settings.json").read_text())
    started = f"aggregator, sha256 {sha256_of(first)[:16]}"
    assert kept["settings"]["started_from"] == started
    origin = read_info(tmp_path / "second" / "aggregator.h5").details.origin
    assert origin == Origin("aggregator", sha256_of(first))


@pytest.mark.slow
def test_a_run_can_start_from_the_patchnet_map(items, tmp_path, monkeypatch, eager):
    """The start looks at training stacks of the commonest resolution, and the folder names it."""
    seen = []
    monkeypatch.setattr(network, "start_from_patchnet_map", lambda *given: seen.append(given))
    _train(items, tmp_path / "run", replace(SMALL, epochs=1), initial="patchnet-map")
    ((_, stacks, targets),) = seen
    assert stacks.shape == (9, 12, 12, 3)
    assert sorted(targets) == [item.target for item in items[:14] if item.shape == (12, 12)]
    kept = json.loads((tmp_path / "run" / "settings.json").read_text())["settings"]
    assert kept["started_from"] == "patchnet-map"


@pytest.mark.slow
def test_early_stopping_ends_a_run(items, tmp_path, eager):
    """With a vanishing learning rate nothing improves, and patience runs out."""
    settings = AggregatorSettings(
        batch_size=4, epochs=50, learning_rate=1e-12, early_stopping=2, pooling="mean"
    )
    result = _train(items, tmp_path / "run", settings)
    assert result["epochs"] == result["best_epoch"] + 2


def test_another_run_in_the_folder_is_refused(items, run):
    """Without resume, and with other settings, data or maps."""
    folder, *_ = run
    with pytest.raises(ValueError, match="--resume"):
        _train(items, folder)
    other = AggregatorSettings(batch_size=5, epochs=3, learning_rate=0.01, early_stopping=None)
    with pytest.raises(ValueError, match="batch_size was 4, is 5"):
        _train(items, folder, other, resume=True)
    with pytest.raises(ValueError, match="same data"):
        _train(items[1:], folder, resume=True)


def test_too_few_stacks_are_refused(items, tmp_path):
    """A batch to train on and three stacks to validate are needed."""
    with pytest.raises(ValueError, match="Received: 3 and 2"):
        train_aggregator(
            items[:3], items[3:5], SMALL, workdir=tmp_path, details=DETAILS, trained_on=()
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 1},
        {"learning_rate": 0.0},
        {"correlation_loss": -1.0},
        {"crop_maps": 0.2},
        {"noise_maps": 1.0},
        {"pooling": "median"},
        {"schedule": "step"},
        {"precision": "int8"},
        {"early_stopping": 0},
        {"warmup_steps": 5},
        {"correlation_with": "noise"},
        {"norm_momentum": 1.0},
        {"target": "mean"},
    ],
)
def test_wrong_settings_are_refused(wrong):
    """Each message names the setting."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AggregatorSettings(**wrong)


def test_stacks_that_no_batch_holds_are_told(tmp_path):
    """The only one of a resolution is trained on in no epoch."""
    made = _stacks(tmp_path, [(33, 32)] * 4 + [(40, 40)])

    def stop(text):
        raise InterruptedError(text)

    with pytest.raises(InterruptedError, match="1 of 5 stacks are left out of each epoch"):
        train_aggregator(
            made, made[:3], SMALL, workdir=tmp_path, details=DETAILS, trained_on=(), report=stop
        )
