"""A ResNet-18 learns what a WaDIQaM sees; the real networks' sides, small bodies."""

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kiqa import __version__
from kiqa.data.records import ScoredImage
from kiqa.data.trained import trained_on
from kiqa.io.weights import Details, Origin, export_h5, load_model, read_info
from kiqa.models.efficientnet_lite import VARIANTS
from kiqa.models.lite import build_lite
from kiqa.models.wadiqam import build_wadiqam
from kiqa.training.resnet18 import network as student_network
from kiqa.training.resnet18.batches import crop, epoch_plan, too_small
from kiqa.training.resnet18.settings import DistillationSettings
from kiqa.training.resnet18.teacher import load_teacher, write_teacher_features
from kiqa.training.resnet18.train import WEIGHTS_FILE, distil_resnet18
from kiqa.training.runs.checkpoint import read_checkpoint
from kiqa.training.runs.packed import pack_images

QUICK = DistillationSettings(
    side=64, batch_size=4, epochs=2, learning_rate=1e-2, precision="float32"
)


def _small_body(*, seed=None):
    """One convolution with ResNet-18's stride and features, 32 pixels around each centre."""
    inputs = keras.Input((None, None, 3), name="picture")
    x = keras.layers.Rescaling(1 / 255, name="rescaling")(inputs)
    x = keras.layers.ZeroPadding2D(((16, 0), (16, 0)), name="pad")(x)
    x = keras.layers.AveragePooling2D(32, name="mean")(x)
    x = keras.layers.Dense(
        512,
        activation="relu",
        kernel_initializer=keras.initializers.RandomUniform(0, 0.5, seed),
        name="conv1",
    )(x)
    return keras.Model(inputs, x, name="resnet18")


@pytest.fixture(scope="module", autouse=True)
def little():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(student_network, "build_resnet18", _small_body)
        yield


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """Features are brightness times (k + 1) / 512; quality is that of the last."""
    patch = keras.Input((32, 32, 3), name="distorted")
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(patch)
    features = keras.layers.Dense(512, use_bias=False, name="features")(mean)
    dropped = keras.layers.Dropout(0.5, name="dropout")(features)  # as WaDIQaM has; never acts
    quality = keras.layers.Dense(1, use_bias=False, name="quality")(dropped)
    model = keras.Model(patch, {"quality": quality})
    steps = np.arange(1, 513) / 512
    model.get_layer("features").kernel.assign(np.tile(steps / 255 / 3, (3, 1)))
    model.get_layer("quality").kernel.assign(np.eye(512)[:, -1:])
    path = tmp_path_factory.mktemp("teacher") / "brightness.h5"
    return export_h5(
        model, path, Details(name="brightness", version=__version__, scale="0..1",
        higher_is_better=True, mode="wadiqam-nr"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """The file of a lite of random weights, narrow and short."""
    path = tmp_path_factory.mktemp("lite") / "lite.h5"
    details = Details(
        name="lite", version=__version__, scale="0..1", higher_is_better=True, mode="lite",
        trained_on=(),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(VARIANTS, "lite0", (0.25, 0.25))
        return export_h5(build_lite(variant="lite0", units=2, seed=1), path, details)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Images of noise, the better the brighter."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    result = []
    for i in range(20):
        size = [(96, 96), (130, 100), (96, 128)][i % 3]
        pixels = np.clip(10 * i + 30 + rng.normal(0, 20, (*size, 3)), 0, 255).astype(np.uint8)
        path = folder / f"{i:02}.png"
        Image.fromarray(pixels).save(path)
        result.append(
            ScoredImage(path.name, path, 5.0 * i, None, path.name, "biq2021", (0.0, 100.0))
        )
    return [*result[::2], *result[1::4]], result[3::4]


def _distil(images, teacher, folder, settings=QUICK, **options):
    return distil_resnet18(*images, settings, teacher=teacher, workdir=folder, **options)


@pytest.fixture(scope="module")
def run(images, teacher, tmp_path_factory, only_fitting, as_killed):
    """The folder of a run with `QUICK`, beside it one killed; tests only read them."""
    folder = tmp_path_factory.mktemp("run") / "run"
    report = as_killed(folder, folder.with_name("killed"))
    with only_fitting():
        _distil(images, teacher, folder, report=report)
    return folder


@pytest.mark.slow
def test_the_student_learns_what_the_teacher_sees(images, teacher, tmp_path):
    """It orders images that it was not told of; its features follow brightness alone."""
    result = _distil(images, teacher, tmp_path, replace(QUICK, epochs=20, learning_rate=4e-2))
    assert result["val_srocc"] > 0.9
    body = load_model(tmp_path / WEIGHTS_FILE)
    info = read_info(tmp_path / WEIGHTS_FILE)
    assert info.scale == "features"
    told = [(part.use, part.scores, part.about) for part in info.details.trained_on]
    assert told == [("train", "teacher", "features of brightness"), ("val", "human", "MOS")]
    assert np.asarray(body(np.zeros((1, 64, 96, 3), np.float32))).shape == (1, 2, 3, 512)
    history = pd.read_csv(tmp_path / "history.csv")
    for column in ("loss", "features_loss", "quality_loss"):
        assert history[column].iloc[-1] < 0.35 * history[column].iloc[0]


@pytest.mark.slow
def test_continued_run_gives_the_same_weights(run, images, teacher, tmp_path, only_fits):
    """A run killed after its first epoch and resumed: bit by bit."""
    folder = tmp_path / "run"
    shutil.copytree(run.with_name("killed"), folder)
    assert not (folder / WEIGHTS_FILE).exists()
    _distil(images, teacher, folder, resume=True)
    once, twice = (load_model(path / WEIGHTS_FILE) for path in (run, folder))
    for one, other in zip(once.get_weights(), twice.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_two_devices_take_the_steps_of_one(
    run, images, teacher, tmp_path, two_devices, shares, only_fits
):
    """Each device gets half of a batch; the weights agree to 1e-5 on the mean.

    On the mean because Adam takes whole steps along gradients that are nothing but rounding.
    """
    _distil(images, teacher, tmp_path, replace(QUICK, devices=two_devices))
    assert shares == [2] * 12  # of batches of four
    one, two = (read_checkpoint(folder / "checkpoint.npz") for folder in (run, tmp_path))
    for first, second in zip(one.best, two.best, strict=True):
        assert np.mean(np.abs(first - second)) < 1e-5
    histories = [pd.read_csv(folder / "history.csv") for folder in (run, tmp_path)]
    for column in ("loss", "features_loss", "quality_loss", "val_srocc", "val_mse"):
        np.testing.assert_allclose(*(rows[column] for rows in histories), rtol=1e-3)


@pytest.mark.slow
def test_a_run_starts_from_a_whole_body(run, images, teacher, tmp_path, eager):
    """With a learning rate of nothing its weights are those it began with, and its file says so."""
    start = run / WEIGHTS_FILE
    still = replace(QUICK, learning_rate=1e-12, seed=5)
    _distil(images, teacher, tmp_path, still, initial=start)
    one, two = (load_model(folder / WEIGHTS_FILE) for folder in (run, tmp_path))
    for first, second in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-6)
    details = read_info(tmp_path / WEIGHTS_FILE).details
    assert details.origin == Origin("resnet18", read_info(start).sha256)


@pytest.mark.slow
def test_frozen_stages_stay_as_they_were(run, images, teacher, tmp_path, eager):
    """To the bit, while the loss falls; of random weights they are refused."""
    frozen = replace(QUICK, frozen_stages=1, epochs=3)
    _distil(images, teacher, tmp_path / "run", frozen, initial=run / WEIGHTS_FILE)
    one, two = (load_model(folder / WEIGHTS_FILE) for folder in (run, tmp_path / "run"))
    for first, second in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    losses = pd.read_csv(tmp_path / "run" / "history.csv")["loss"]
    assert losses.iloc[-1] < losses.iloc[0]
    with pytest.raises(ValueError, match="Received: 1 without it.*Use --initial"):
        _distil(images, teacher, tmp_path / "none", frozen)


def test_the_centres_of_teacher_and_student_meet():
    """Features hold their patch's centre; a ramp of pixels tells where the crop is."""
    centre = np.stack(np.meshgrid(*[32 * np.arange(6) + 16] * 2, indexing="ij"), axis=-1)
    ramp = np.stack(np.meshgrid(*[np.arange(192)] * 2, indexing="ij"), axis=-1)
    pixels = np.concatenate([ramp, ramp[..., :1]], axis=-1).astype(np.uint8)
    mirrored = set()
    for seed in range(40):
        part, hints = crop(pixels, centre, side=96, rng=np.random.default_rng(seed))
        assert part.shape == (96, 96, 3) and hints.shape == (3, 3, 2)
        flipped = int(part[0, 0, 1]) > int(part[0, -1, 1])
        mirrored.add(flipped)
        # Pixel (32 i, 32 j) begins right of its centre; mirrored it ends there.
        wanted = part[::32, ::32, :2].astype(int) + [0, int(flipped)]
        np.testing.assert_array_equal(hints, wanted)
    assert mirrored == {True, False}


def test_batches_follow_from_seed_and_epoch(images, teacher, tmp_path):
    """Equal for equal seeds, other ones for another epoch; each image once."""
    train = images[0]
    store = pack_images([task.path for task in train], tmp_path, smallest=96)
    hints = write_teacher_features(
        load_teacher(teacher), store, tmp_path, files=[task.path for task in train],
        scores=np.array([task.mos01 for task in train]),
    )  # fmt: skip

    def batches(epoch):
        plan = epoch_plan(store, hints, side=32, batch_size=5, seed=1, epoch=epoch)
        return [plan.make(number)[0] for number in range(len(plan))]

    for one, other in zip(batches(0), batches(0), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(batches(0)[0], batches(1)[0])
    means = np.concatenate([part.mean((1, 2, 3)) for part in batches(0)])
    assert len(np.unique(np.round(means / 10))) == len(train) == 15


@pytest.mark.slow
def test_images_without_room_for_a_crop_are_named_and_never_cut(images, teacher, tmp_path, eager):
    """One of 64 pixels among the others, at the place that its number says."""
    small = tmp_path / "small.png"
    Image.fromarray(np.full((64, 80, 3), 250, np.uint8)).save(small)
    records = [*images[0][:6], replace(images[0][0], name="small.png", path=small, content="s")]
    store = pack_images([record.path for record in records], tmp_path, smallest=32)
    assert too_small(store, side=64) == [6]
    hints = write_teacher_features(
        load_teacher(teacher), store, tmp_path, files=[record.path for record in records],
        scores=np.array([record.mos01 for record in records]),
    )  # fmt: skip
    for epoch in range(3):
        plan = epoch_plan(store, hints, side=64, batch_size=2, seed=1, epoch=epoch)
        assert len(plan) == 3
        assert not any((plan.make(number)[0] == 250).all((1, 2, 3)).any() for number in range(3))
    told = []
    once = replace(QUICK, epochs=1)
    _distil((records, images[1]), teacher, tmp_path / "run", once, report=told.append)
    assert (
        "left out: small.png: Expected images of at least 96 pixels a side. Received: 80x64."
        in told
    )


@pytest.mark.slow
def test_teacher_features_are_the_networks(images, tmp_path, eager):
    """Those of a real WaDIQaM's patches, row by row; its head makes them its qualities."""
    network = build_wadiqam(seed=2)
    path = export_h5(
        network, tmp_path / "w.h5", Details(name="w", version=__version__, scale="0..1",
        higher_is_better=True, mode="wadiqam-nr"),
    )  # fmt: skip
    master = load_teacher(path)
    files = [Path(shutil.copy(task.path, tmp_path)) for task in images[0][:3]]
    store = pack_images(files, tmp_path, smallest=96)
    scores = np.zeros(3)  # a network with a head of its own does not ask
    hints = write_teacher_features(master, store, tmp_path, files=files, scores=scores)
    assert hints.grids == [(3, 3), (3, 4), (4, 3)]
    patch = store.pixels(1)[64:96, 32:64].astype(np.float32)[None]
    seen = hints.grid(1)[2, 1].astype(np.float32)[None]
    loaded = load_model(path).predict_on_batch(patch)
    for name, value in master.head.predict_on_batch(seen).items():
        np.testing.assert_allclose(value, loaded[name], rtol=1e-2)
    changed = (tmp_path / "teacher.bin").stat().st_mtime_ns
    again = write_teacher_features(master, store, tmp_path, files=files, scores=scores)
    assert (tmp_path / "teacher.bin").stat().st_mtime_ns == changed
    np.testing.assert_array_equal(again.content, hints.content)
    content = hints.content.astype(np.float32)
    low, high = np.percentile(content, (1, 99), axis=0)
    bounded = np.clip(content, low, high)
    np.testing.assert_allclose(again.mean, bounded.mean(0), rtol=1e-4, atol=1e-5)
    deviation = bounded.std(0)
    wanted = np.where(deviation > 0, deviation, 1)
    np.testing.assert_allclose(again.deviation, wanted, rtol=1e-3, atol=1e-5)
    standard = (bounded - again.mean) / again.deviation
    np.testing.assert_allclose(again.standardised(hints.content), standard, rtol=1e-4, atol=1e-5)
    quality = master.head.predict_on_batch(bounded)["quality"][:, 0]
    np.testing.assert_allclose(again.quality, quality, rtol=1e-4)
    np.testing.assert_array_equal(again.qualities(1), again.quality[9:21].reshape(3, 4))
    pixels = np.asarray(Image.open(files[0]))
    Image.fromarray(pixels[::-1]).save(files[0])  # another image under its name
    store = pack_images(files, tmp_path, smallest=96)
    others = write_teacher_features(master, store, tmp_path, files=files, scores=scores)
    assert not np.array_equal(others.grid(0), content[:9].reshape(3, 3, -1))
    np.testing.assert_array_equal(others.content[9:], content[9:])


@pytest.mark.slow
def test_maps_of_lite_get_a_head_that_is_fitted(images, lite, tmp_path):
    """The mean of an image's qualities is near its score, and linear in its features."""
    train = images[0]
    store = pack_images([task.path for task in train], tmp_path, smallest=96)
    scores = np.array([task.mos01 for task in train])
    files = [task.path for task in train]
    master = load_teacher(lite)
    hints = write_teacher_features(master, store, tmp_path, files=files, scores=scores)
    assert master.head is None and hints.grid(1).shape[:2] == (3, 4)
    found = [hints.qualities(index).mean() for index in range(len(train))]
    assert np.corrcoef(found, scores)[0, 1] > 0.9
    bounded = np.clip(hints.grid(1).astype(np.float32), hints.low, hints.high)
    whole = hints.head.predict_on_batch(bounded.mean((0, 1))[None])["quality"]
    np.testing.assert_allclose(whole[0, 0], found[1], atol=1e-3)
    again = write_teacher_features(master, store, tmp_path, files=files, scores=scores)
    np.testing.assert_array_equal(again.quality, hints.quality)


@pytest.mark.slow
def test_a_lite_teaches(images, lite, tmp_path):
    """Its file names teacher, and the scores that fitted the head."""
    _distil(images, lite, tmp_path, replace(QUICK, epochs=1))
    details = read_info(tmp_path / WEIGHTS_FILE).details
    told = [(part.use, part.scores, part.about) for part in details.trained_on]
    assert told == [
        ("train", "teacher", "features of lite"), ("train", "human", "MOS"), ("val", "human", "MOS")
    ]  # fmt: skip
    assert load_model(tmp_path / WEIGHTS_FILE).output_shape[-1] == 512


@pytest.mark.slow
def test_a_teacher_that_saw_the_test_part_is_refused(images, teacher, tmp_path):
    """By what its file says, before anything is computed."""
    seen = trained_on(images[1], scores="human", about="MOS")
    knowing = export_h5(
        load_model(teacher), tmp_path / "knowing.h5", Details(name="knowing", version=__version__,
        scale="0..1", higher_is_better=True, mode="wadiqam-nr", trained_on=seen),
    )  # fmt: skip
    with pytest.raises(ValueError, match="not trained on images of the test part"):
        _distil((images[0], images[0][:5]), knowing, tmp_path / "a", test=images[1])


@pytest.mark.slow
def test_wrong_input_is_refused(run, images, teacher, tmp_path):
    """Another network, small images, too few, a folder of another run."""
    shallow = export_h5(
        build_wadiqam(shallow=True), tmp_path / "s.h5", Details(name="s", version=__version__,
        scale="0..1", higher_is_better=True, mode="wadiqam-nr"),
    )  # fmt: skip
    with pytest.raises(ValueError, match="512 features of patches of 32"):
        _distil(images, shallow, tmp_path / "a")
    with pytest.raises(ValueError, match="at least 160 pixels a side. Received: 0 of them"):
        _distil(images, teacher, tmp_path / "b", replace(QUICK, side=128))
    with pytest.raises(ValueError, match="at least 16 images"):
        _distil(images, teacher, tmp_path / "c", replace(QUICK, batch_size=16))
    with pytest.raises(ValueError, match="both train and test"):
        _distil(images, teacher, tmp_path / "e", test=images[0][:1])
    assert not (tmp_path / "e" / "settings.json").exists()
    with pytest.raises(ValueError, match="multiple of 32"):
        DistillationSettings(side=100)
    with pytest.raises(ValueError, match="learning_rate was 0.01, is 0.02"):
        _distil(images, teacher, run, replace(QUICK, learning_rate=0.02), resume=True)
