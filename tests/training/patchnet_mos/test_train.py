"""Patchnet from MOS: it learns, it resumes bit by bit, it refuses bad input."""

import dataclasses
import shutil
from functools import partial

import numpy as np
import pytest

from kiqa.data.readers.biq2021 import biq2021
from kiqa.data.splits import select
from kiqa.io.weights import load_model, read_info
from kiqa.models.patchnet import build_patchnet
from kiqa.training.patchnet_mos import network, train
from kiqa.training.patchnet_mos.settings import PRESETS, MosSettings
from kiqa.training.patchnet_mos.train import train_patchnet_mos
from kiqa.training.runs import run
from kiqa.training.runs.checkpoint import read_checkpoint

SMALL = MosSettings(
    batch_size=4, pieces=1, side=72, copies=2, unrated_pieces=0, epochs=2, warmup_steps=2,
    image_loss=1.0, cell_loss=0.5, correlation_loss=0.1, distortion_loss=1.0,
)  # fmt: skip


def _build(patch, build):
    """Let trainings build another Patchnet."""
    for module in (network, train):
        patch.setattr(module, "build_patchnet", build)


@pytest.fixture(scope="module", autouse=True)
def shallow():
    """A Patchnet of one narrow convolution where the published one has two or three."""
    with pytest.MonkeyPatch.context() as patch:
        _build(patch, partial(build_patchnet, conv_widths=((8,),) * 3, dense_widths=(16, 8)))
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory, photo, biq2021_tree, blurrier):
    """A BIQ2021 tree of 12 images, blurrier the lower their MOS."""
    images = blurrier([photo[index : index + 90, 50:150] for index in range(12)])
    return biq2021_tree(
        tmp_path_factory.mktemp("data") / "biq", images, ["val", "train", "train"] * 4
    )


@pytest.fixture(scope="module")
def parts(data):
    records = biq2021(data)
    return select(records, "train"), select(records, "val")


@pytest.fixture(scope="module")
def whole(parts, tmp_path_factory, only_fitting, as_killed):
    """Folder and result of an uninterrupted run, beside it one killed; tests only read them."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    report = as_killed(folder, folder.with_name("killed"))
    with only_fitting():
        return folder, train_patchnet_mos(*parts, SMALL, workdir=folder, report=report)


def _means(name_or_file, records):
    """The mean maps of a network."""
    from kiqa.maps.quality import QualityMapper
    from kiqa.training.runs.images import ImageStore

    mapper = QualityMapper(load_model(name_or_file), stride=8)
    store = ImageStore([record.path for record in records], smallest=64, keep_bytes=0)
    return np.array([mapper.map(store.pixels(i)).mean() for i in range(len(records))])


@pytest.mark.slow
def test_run_leaves_a_patchnet_and_its_history(whole, check_history):
    """The file is a Patchnet of patches, the history has a row an epoch."""
    folder, result = whole
    model = load_model(folder / "patchnet.h5")
    assert model.input_shape == (None, 64, 64, 3)
    check_history(folder, val_srocc=(max, result["val_srocc"]))


@pytest.mark.slow
def test_epochs_of_a_run_stay(parts, tmp_path, monkeypatch):
    """More epochs are another learning-rate schedule, so a resumed run refuses them."""
    monkeypatch.setattr(run, "train_epochs", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train_patchnet_mos(*parts, SMALL, workdir=tmp_path)
    longer = dataclasses.replace(SMALL, epochs=3)
    with pytest.raises(ValueError, match="epochs was 2, is 3"):
        train_patchnet_mos(*parts, longer, workdir=tmp_path, resume=True)


@pytest.mark.slow
def test_interrupted_and_resumed_equals_uninterrupted(parts, whole, tmp_path, only_fits):
    """A run killed after its first epoch ends with the same weights, bit by bit."""
    shutil.copytree(whole[0].with_name("killed"), tmp_path / "cut")
    assert not (tmp_path / "cut" / "patchnet.h5").exists()
    train_patchnet_mos(*parts, SMALL, workdir=tmp_path / "cut", resume=True)
    files = (whole[0] / "patchnet.h5", tmp_path / "cut" / "patchnet.h5")
    for one, two in zip(*(load_model(file).get_weights() for file in files), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
def test_a_killed_run_of_float16_goes_on(parts, tmp_path, as_killed, only_fits):
    """With the average of its weights, and the scale of its loss; bit by bit."""
    settings = dataclasses.replace(SMALL, precision="mixed_float16", ema_momentum=0.9)
    folders = (tmp_path / "whole", tmp_path / "cut")
    train_patchnet_mos(*parts, settings, workdir=folders[0], report=as_killed(*folders))
    train_patchnet_mos(*parts, settings, workdir=folders[1], resume=True)
    one, two = (read_checkpoint(folder / "checkpoint.npz") for folder in folders)
    for first, second in zip(one.model + one.optimizer, two.model + two.optimizer, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.slow
def test_network_in_file_is_the_one_of_the_best_epoch(parts, whole, eager):
    """The mean maps of the written network give the result's validation SROCC."""
    from kiqa.evaluation.correlation import srocc

    folder, result = whole
    means = _means(folder / "patchnet.h5", parts[1])
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
        ({"batch_size": 0}, "batch_size"),
        ({"pieces": 0}, "pieces"),
        ({"epochs": 0}, "epochs"),
        ({"warmup_steps": -1}, "warmup_steps"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"cell_loss": -1.0}, "cell_loss"),
        ({"unrated_quality": 80.0}, "unrated_quality"),
        ({"precision": "float16"}, "precision"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options, message):
    """Each value, and what has to fit together, is checked at once."""
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SMALL, **options)


def test_unrated_images_need_their_number(parts, tmp_path):
    """Photographs without a score are used only where pieces of them are asked for."""
    with pytest.raises(ValueError, match="unrated_pieces=0"):
        train_patchnet_mos(*parts, SMALL, unrated=[parts[0][0].path], workdir=tmp_path)


def test_too_few_photographs_are_refused(parts, tmp_path):
    """A step needs enough photographs, a correlation three."""
    with pytest.raises(ValueError, match="Received: 3 and 4"):
        train_patchnet_mos(parts[0][:3], parts[1], SMALL, workdir=tmp_path)


def test_defaults_are_those_of_the_shipped_weights():
    """docs/patchnet.md: 6 pieces of 8 images, 8 unrated ones, 24 copies, 26 epochs, AdamW."""
    settings = MosSettings(**PRESETS["paper"])
    assert (settings.batch_size, settings.pieces, settings.unrated_pieces) == (8, 6, 8)
    assert (settings.copies, settings.side, settings.epochs) == (24, 64, 26)
    assert (settings.learning_rate, settings.weight_decay, settings.clip_norm) == (2e-3, 0.01, 1.0)
    assert MosSettings(**PRESETS["rated"]).unrated_pieces == 0


@pytest.mark.slow
def test_two_devices_take_the_steps_of_one(parts, whole, tmp_path, two_devices, shares, only_fits):
    """Each device gets half of a batch; kernels agree to 1e-6, biases to less than a step.

    Before a normalisation a bias has gradients that are nothing but rounding; Adam enlarges them.
    """
    train_patchnet_mos(*parts, dataclasses.replace(SMALL, devices=two_devices), workdir=tmp_path)
    assert shares == [3] * 8  # of batches of six
    one, two = (read_checkpoint(folder / "checkpoint.npz") for folder in (whole[0], tmp_path))
    for first, second in zip(one.state.history, two.state.history, strict=True):
        assert second["loss"] == pytest.approx(first["loss"], rel=1e-4)
    for first, second in zip(one.model, two.model, strict=True):
        assert np.mean(np.abs(first - second)) < (1e-6 if first.ndim > 1 else 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_presets_run_on_two_devices(parts, tmp_path, one_then_two, preset):
    """Each device has a part of no whole number of images; the loss is that of one device."""
    losses = []
    for devices in one_then_two:
        settings = MosSettings(**PRESETS[preset], epochs=1, devices=devices)
        folder = tmp_path / str(len(devices))
        unrated = [record.path for record in parts[0]] if settings.unrated_pieces else ()
        train_patchnet_mos(*parts, settings, unrated=unrated, workdir=folder)
        losses.append(read_checkpoint(folder / "checkpoint.npz").state.history[0]["loss"])
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


@pytest.mark.slow
def test_training_starts_from_a_given_patchnet(parts, tmp_path, monkeypatch, eager):
    """At a learning rate of next to nothing its weights stay; the file says where it is from."""
    _build(monkeypatch, build_patchnet)
    settings = dataclasses.replace(SMALL, learning_rate=1e-12, weight_decay=0.0, epochs=1)
    train_patchnet_mos(*parts, settings, workdir=tmp_path, initial="patchnet")
    given, found = load_model("patchnet"), load_model(tmp_path / "patchnet.h5")
    for one, two in zip(given.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_allclose(two, one, atol=1e-5)
    assert read_info(tmp_path / "patchnet.h5").details.origin.name == "patchnet"


def test_what_is_judged_by_is_not_trained_on(parts, tmp_path):
    """Contents of val or test in train, and their files among the unrated ones, are refused."""
    train, validation = parts
    shared = dataclasses.replace(validation[0], content=train[0].content)
    where = {"workdir": tmp_path / "run"}
    with pytest.raises(ValueError, match="both train and val"):
        train_patchnet_mos(train, [*validation[1:], shared], SMALL, **where)
    with pytest.raises(ValueError, match="both train and test"):
        train_patchnet_mos(train, validation, SMALL, test=[shared], **where)
    settings = dataclasses.replace(SMALL, unrated_pieces=1)
    with pytest.raises(ValueError, match=r"unrated images outside of val and test.*\(0\)\.jpg"):
        train_patchnet_mos(train, validation, settings, unrated=[validation[0].path], **where)
    same_name = [tmp_path / "elsewhere" / validation[0].name]
    with pytest.raises(ValueError, match="unrated images outside of val and test"):
        train_patchnet_mos(train, validation, settings, unrated=same_name, **where)
    assert not (tmp_path / "run").exists()
