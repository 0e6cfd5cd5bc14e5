"""Training of PaQ-2-PiQ: it learns, it goes on where it stopped, its files score alike.

The body is a small one with the real one's sides; tests/test_train_paq2piq.py trains the real one.
"""

import shutil
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kiqa.io.weights import Details, export_h5, load_model, read_info
from kiqa.models import paq2piq as paq2piq_models
from kiqa.models.efficientnet_lite import VARIANTS
from kiqa.models.lite import build_lite
from kiqa.models.paq2piq import build_paq2piq_head
from kiqa.scoring import Scorer
from kiqa.training.paq2piq import network as paq2piq_network
from kiqa.training.paq2piq import train as paq2piq_train
from kiqa.training.paq2piq.network import (
    RegionPooling,
    _start_at,
    _start_resnet18,
    predict_images,
)
from kiqa.training.paq2piq.settings import BODIES, PRESETS, Paq2piqSettings
from kiqa.training.paq2piq.tasks import RatedImage
from kiqa.training.paq2piq.train import train_paq2piq, weights_file
from kiqa.training.runs.checkpoint import read_checkpoint

QUICK = Paq2piqSettings(
    side=64, batch_size=6, epochs=2, learning_rate=1e-3, head_rate=1e-2, patches=2,
    start_at_mean=True, pad_validation=False,
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def body(small_body):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paq2piq_models, "build_resnet18", small_body)
        yield


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    """Gray images, the better the brighter, with two patches each."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    result = []
    for i in range(24):
        score = 4.0 * i + 2
        size = [(64, 64), (96, 64), (64, 70)][i % 3]
        pixels = np.clip(2.5 * score + rng.normal(0, 4, (*size, 3)), 0, 255).astype(np.uint8)
        path = folder / f"{i:02}.png"
        Image.fromarray(pixels).save(path)
        patches = np.array([[0, 0, 32, 32], [8, 5, 40, 37]], np.float32)
        result.append(
            RatedImage(path.name, path, score, path.name, patches, np.full(2, score, np.float32))
        )
    return [*result[::2], *result[1::4]], result[3::4]


def _trained(tasks, folder, settings=QUICK, **options):
    return train_paq2piq(*tasks, settings, workdir=folder, trained_on=(), **options)


@pytest.fixture(scope="module")
def whole(tasks, tmp_path_factory, only_fitting, as_killed):
    """Folder and result of a run with `QUICK`, beside it one killed; tests only read them."""
    folder = tmp_path_factory.mktemp("run") / "whole"
    report = as_killed(folder, folder.with_name("killed"))
    with only_fitting():
        return folder, _trained(tasks, folder, patch_scores="brightness, too", report=report)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bm", "rm", "fm"])
def test_training_learns_and_writes_a_network_that_scores(tasks, tmp_path, whole, only_fits, kind):
    """Brightness is learned; the files say what they are and give the validated scores."""
    settings = replace(QUICK, model=kind, patches={"bm": 2, "rm": 2, "fm": 3}[kind])
    if settings == QUICK:
        folder, result = whole
    else:
        folder = tmp_path
        result = _trained(tasks, folder, settings, patch_scores="brightness, too")
    assert result["val_srocc"] > 0.9
    losses = pd.read_csv(folder / "history.csv")["loss"]
    assert losses.iloc[-1] < 0.7 * losses.iloc[0]
    path = folder / weights_file(settings)
    info = read_info(path)
    assert (info.details.mode, info.details.trained_on) == (f"paq2piq-{kind}", ())
    assert info.details.patch_scores == "brightness, too"
    scorer = Scorer(path)
    if kind == "fm":  # validated with each image's patches, scored with the fixed ones
        return
    scores = np.array([scorer.score(task.path) for task in tasks[1]])
    error = np.mean((scores - [task.score for task in tasks[1]]) ** 2)
    assert error == pytest.approx(result["val_mse"], rel=1e-2)  # large files store float16


@pytest.mark.slow
def test_continued_run_gives_the_same_weights(tasks, whole, tmp_path, only_fits):
    """One epoch, which was all that was asked for, and another, or both at once: bit by bit."""
    folder = shutil.copytree(whole[0].with_name("killed"), tmp_path / "run")
    asked = (folder / "settings.json").read_text()
    (folder / "settings.json").write_text(asked.replace('"epochs": 2', '"epochs": 1'))
    assert not (folder / "paq2piq_rm.h5").exists()
    _trained(tasks, folder, resume=True)
    assert (folder / "settings.json").read_text() == asked
    one, two = (load_model(run / "paq2piq_rm.h5") for run in (whole[0], folder))
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    history = [pd.read_csv(run / "history.csv")["loss"] for run in (whole[0], folder)]
    assert history[0].tolist() == history[1].tolist()
    with pytest.raises(ValueError, match="head_rate was 0.01"):
        _trained(tasks, folder, replace(QUICK, head_rate=0.1), resume=True)
    with pytest.raises(ValueError, match="--resume"):
        _trained(tasks, folder)


@pytest.mark.slow
def test_frozen_stages_stay_as_they_were(tasks, whole, tmp_path, eager):
    """To the bit, while the later ones learn; of random weights they are refused."""
    frozen = replace(QUICK, frozen_stages=1)
    _trained(tasks, tmp_path / "run", frozen, initial=whole[0] / "paq2piq_rm.h5")
    bodies = [load_model(folder / "paq2piq_rm.h5") for folder in (whole[0], tmp_path / "run")]
    for name, same in (("conv1", True), ("bn1", True), ("conv2", False), ("bn2", False)):
        pairs = zip(*(body.get_layer(name).get_weights() for body in bodies), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs) == same
    with pytest.raises(ValueError, match="Received: 1 without it.*Use --initial"):
        _trained(tasks, tmp_path / "none", frozen)


@pytest.mark.slow
def test_patches_from_a_file_and_images_alone(tasks, whole, tmp_path, only_fitting, eagerly):
    """Patches by name take the place of none; without any, P2P-RM needs --patches 0."""
    none = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    bare = [[replace(t, patches=none[0], patch_scores=none[1]) for t in part] for part in tasks]
    by_name = {task.name: (task.patches, task.patch_scores) for task in tasks[0]}
    with only_fitting():
        _trained(bare, tmp_path / "file", patches=by_name)
    losses = [pd.read_csv(run / "history.csv")["loss"] for run in (tmp_path / "file", whole[0])]
    assert losses[0].tolist() == losses[1].tolist()
    assert pd.read_csv(tmp_path / "file" / "images.csv")["patches"].sum() == 2 * len(tasks[0])
    with pytest.raises(ValueError, match="--patch-scores FILE.*--patches 0"):
        _trained(bare, tmp_path / "none")
    with eagerly():
        result = _trained(bare, tmp_path / "images", replace(QUICK, patches=0))
    assert np.isfinite(result["loss"])


@pytest.mark.slow
def test_all_options_of_a_training_on_two_cores_run(tasks, tmp_path, only_fits):
    """Half precision, parts of batches, schedule, clipping, mirroring, padding, correlation."""
    given = PRESETS["two-cores"] | {
        "side": 64, "batch_size": 6, "accumulate": 2, "epochs": 2, "warmup_steps": 1,
        "pad_validation": True, "correlation_loss": 10.0, "patch_weight": 0.5,
    }  # fmt: skip
    result = _trained(tasks, tmp_path, Paq2piqSettings(**given), packed=tmp_path / "packed")
    assert np.isfinite(result["val_mse"])
    assert (tmp_path / "packed" / "pixels.bin").is_file()
    assert keras.config.dtype_policy().name == "float32"


@pytest.fixture
def many(tmp_path):
    """Forty gray images with a patch each: 32 to train on and 8 to validate."""
    rng = np.random.default_rng(1)
    made = []
    for i in range(40):
        score = 2.0 * i + 10
        pixels = np.clip(2 * score + rng.normal(0, 20, (64, 64, 3)), 0, 255).astype(np.uint8)
        path = tmp_path / f"{i:02}.png"
        Image.fromarray(pixels).save(path)
        patch = np.array([[0, 0, 40, 40]], np.float32), np.array([score], np.float32)
        made.append(RatedImage(path.name, path, score, path.name, *patch))
    return [image for i, image in enumerate(made) if i % 5], made[::5]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "each"),
    [("bm", "each_by_operations"), ("rm", "one_then_two"), ("fm", "each_by_operations")],
)
def test_two_devices_take_the_steps_of_one(
    many, tmp_path, request, shares, monkeypatch, kind, each
):
    """Each device gets half of a batch; weights and numbers agree; both rates reach theirs.

    Two devices run P2P-RM as a graph, which holds regions and both rates, as the others' would.
    """
    both = request.getfixturevalue(each)

    def head(**options):
        built = build_paq2piq_head(**options)
        for layer in built.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        return built

    monkeypatch.setattr(paq2piq_network, "build_paq2piq_head", head)
    settings = replace(
        QUICK, model=kind, batch_size=16, epochs=1, patches=3, learning_rate=1e-4, head_rate=1e-3,
        clip_norm=50.0, correlation_loss=5.0,
    )  # fmt: skip
    results = []
    for folder, devices in zip((tmp_path / "one", tmp_path / "two"), both, strict=True):
        results.append(_trained(many, folder, replace(settings, devices=devices)))
        assert shares == ([8] * 4 if devices else [16] * 2)
    one, two = (read_checkpoint(tmp_path / name / "checkpoint.npz") for name in ("one", "two"))
    for first, second in zip(one.best, two.best, strict=True):
        assert np.mean(np.abs(first - second)) < 1e-5
    for name in ("loss", "val_mse", "val_srocc"):
        assert results[0][name] == pytest.approx(results[1][name], rel=1e-3)


@pytest.mark.slow
def test_rates_fall_over_all_updates_also_in_parts(tmp_path, tasks, monkeypatch, eager):
    """A cosine is at the same place after an epoch whether a batch is computed at once or not."""
    seen = []

    def validated(model, *_):
        seen.append(float(model.optimizer.learning_rate))
        return predict_images(model, *_)

    monkeypatch.setattr(paq2piq_train, "predict_images", validated)
    for accumulate in (1, 2):
        settings = replace(
            QUICK, model="bm", schedule="cosine", warmup_steps=1, accumulate=accumulate
        )
        _trained((tasks[0][:12], tasks[1][:3]), tmp_path / str(accumulate), settings)
    np.testing.assert_allclose(seen[:2], seen[2:], rtol=1e-5, atol=1e-9)
    assert seen[0] > 1e-4 and seen[1] < 1e-9


def test_coordinates_stay_exact_in_half_precision():
    """Under mixed precision 271 pixels are not rounded to 272, which is another cell."""
    policy = keras.DTypePolicy("mixed_bfloat16")
    features = np.arange(16, dtype=np.float32)[None, None, :, None]
    layer = RegionPooling(dtype=policy)
    exact = layer(features, np.array([[[0, 0, 271, 32]]], np.float32))
    other = layer(features, np.array([[[0, 0, 272, 32]]], np.float32))
    assert np.asarray(exact).max() == 8 and np.asarray(other).max() == 9


def test_start_from_a_converted_network(tmp_path, small_body):
    """All weights of the body are taken; another network is refused."""
    source = small_body(seed=4)
    path = tmp_path / "start.h5"
    export_h5(source, path, Details(name="r", version="1", scale="features", higher_is_better=True),
              full_precision=True)  # fmt: skip
    body = small_body(seed=5)
    _start_resnet18(body, path)
    for one, two in zip(source.get_weights(), body.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(ValueError, match="Expected a ResNet-18.*kiqa convert resnet18"):
        _start_resnet18(build_paq2piq_head(), path)
    with pytest.raises(FileNotFoundError, match="torchvision's resnet18.*kiqa convert resnet18"):
        _start_resnet18(body, "imagenet")


@pytest.mark.slow
def test_efficientnet_lite_is_a_body(tasks, tmp_path, eager, monkeypatch):
    """It begins as a `lite` is tuned, trains, and its two files score as was validated."""
    assert paq2piq_models.BODIES == BODIES
    monkeypatch.setitem(VARIANTS, "lite2", (0.25, 0.25))  # one block a stage, narrow ones
    lite = build_lite(variant="lite2", units=2, seed=1)
    details = Details("lite", "1", "0..1", higher_is_better=True, mode="lite", trained_on=())
    initial = export_h5(lite, tmp_path / "lite.h5", details)
    settings = replace(QUICK, body="efficientnet-lite2", epochs=1, learning_rate=1e-12)
    few = tasks[0][:6], tasks[1][:3]  # one step
    result = _trained(few, tmp_path, settings, initial=initial)
    body = load_model(tmp_path / "paq2piq_rm.h5")
    for name, theirs in (("stem_conv", ""), ("head_conv", "tuned_")):
        wanted = np.asarray(lite.get_layer(f"{theirs}{name}").kernel)
        found = np.asarray(body.get_layer(name).kernel)
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=1e-6)  # float16 storage
    assert read_info(tmp_path / "paq2piq_rm.h5").details.origin.name == "lite"
    scorer = Scorer(tmp_path / "paq2piq_rm.h5")
    scores = np.array([scorer.score(task.path) for task in few[1]])
    error = np.mean((scores - [task.score for task in few[1]]) ** 2)
    assert error == pytest.approx(result["val_mse"], rel=2e-2)


def test_start_at_the_mean_score():
    """Both heads of P2P-FM begin there."""
    head = build_paq2piq_head(kind="fm")
    _start_at(head, 55.0)
    for name in ("patch_score", "picture_score"):
        np.testing.assert_array_equal(head.get_layer(name).get_weights()[1], [55.0])


def test_parts_must_be_large_enough_and_apart(tasks, tmp_path):
    """Too few images, or a scene on both sides."""
    train, validation = tasks
    with pytest.raises(ValueError, match="at least 6 images.*3"):
        _trained((train[:5], validation), tmp_path)
    with pytest.raises(ValueError, match=f"both train and val.*{validation[0].content}"):
        _trained(([*train, validation[0]], validation), tmp_path / "val")
    with pytest.raises(ValueError, match=f"both train and test.*{train[0].content}"):
        _trained(tasks, tmp_path / "test", test=train[:1])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "xm"}, "model to be one of bm, rm, fm"),
        ({"side": 31}, "side to be an integer >= 32"),
        ({"batch_size": 10, "accumulate": 3}, "divide batch_size"),
        ({"batch_size": 4, "accumulate": 4}, "2 images or more"),
        ({"accumulate": 2, "devices": ("GPU:0", "GPU:1")}, "accumulate=1 with several devices"),
        ({"model": "fm", "patches": 2}, "patches=3 for P2P-FM"),
        ({"warmup_steps": 3}, "'cosine'"),
        ({"learning_rate": 0}, "learning_rate to be a number > 0"),
        ({"head_rate": 0}, "head_rate to be a number > 0"),
        ({"patch_weight": -1}, "patch_weight to be a number >= 0"),
        ({"early_stopping": 0}, "early_stopping"),
    ],
)
def test_settings_out_of_range_are_refused(changes, said):
    """Named with their range."""
    with pytest.raises(ValueError, match=said):
        Paq2piqSettings(**changes)


def test_defaults_are_those_of_the_paper():
    """Ying et al. 2020, section 4.1."""
    paper = Paq2piqSettings()
    assert (paper.side, paper.batch_size, paper.epochs, paper.patches) == (640, 120, 10, 3)
    assert (paper.learning_rate, paper.head_rate, paper.weight_decay) == (3e-4, 3e-3, 0.01)
    assert (paper.schedule, paper.patch_weight, paper.accumulate) == ("constant", 1.0, 1)
    assert PRESETS["paper"] == {}
