"""Training of the feature extractor: batches, freezing, the head's rate, initial weights."""

import warnings
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

from kiqa.data.records import ScoredImage
from kiqa.io.weights import Details, export_h5, load_model, read_info
from kiqa.models.keras_cache import KERAS_FILES
from kiqa.models.rnn_features import BACKBONES, build_extractor, without_head
from kiqa.models.wadiqam import build_wadiqam
from kiqa.training.rnn_biqa import fine_tuning
from kiqa.training.rnn_biqa import settings as rnn_settings
from kiqa.training.rnn_biqa.fine_tuning import compile_extractor, fine_tune
from kiqa.training.rnn_biqa.patches import epoch_plan, expected_scores, patch_pool
from kiqa.training.rnn_biqa.settings import FINE_TUNING_PRESETS, FineTuningSettings
from kiqa.training.rnn_biqa.start import freeze_until, start_extractor
from kiqa.training.runs.checkpoint import read_checkpoint

WIDTHS = ((4,), (6,), (8,))
QUICK = FineTuningSettings(
    backbone="compact", pooled_stages=2, rotations=2, patches=2, epochs=2, batch_size=8,
    frozen_until="stage1_pool", learning_rate=1e-5, assumed_sd=20.0,
)  # fmt: skip


@pytest.fixture
def narrow(monkeypatch):
    """The compact backbone with few filters; its bins are near each other, far from saturation."""

    def build(backbone, **options):
        model = build_extractor(backbone, widths=WIDTHS, **options)
        kernel, bias = model.get_layer("bins").get_weights()
        model.get_layer("bins").set_weights([kernel / 100, bias])
        return model

    monkeypatch.setattr(fine_tuning, "build_extractor", build)


@pytest.fixture
def records(tmp_path, photo):
    """Six images, the last two of which validate."""
    found = []
    for index in range(7):
        path = tmp_path / f"{index}.png"
        Image.fromarray(photo[index : index + 230, : 240 + 20 * index]).save(path)
        found.append(
            ScoredImage(path.name, path, index / 7, None, path.name, "biq2021", (0.0, 1.0))
        )
    return found


def test_batches_hold_every_patch_in_every_rotation(records):
    """Nine, or here four patches of each image, turned; targets are their image's."""
    pool = patch_pool([record.path for record in records[:2]], keep_bytes=10**8)
    assert [len(positions) for positions in pool.positions] == [4, 4]
    targets = np.array([[1.0], [2.0]])
    plan = epoch_plan(pool, targets, batch_size=12, rotations=4, patches=None, seed=0, epoch=0)
    batches = [plan.make(number) for number in range(len(plan))]
    assert [len(y) for _, y in batches] == [12, 12, 8]
    seen = {}
    for pixels, target in zip(*map(np.concatenate, zip(*batches, strict=True)), strict=True):
        seen[pixels.tobytes()] = float(target[0])
    expected = {
        np.rot90(pool.patches(index, [place])[0], turn).tobytes(): index + 1.0
        for index in (0, 1)
        for place in range(4)
        for turn in range(4)
    }
    assert seen == expected


def test_chosen_patches_change_with_the_epoch(records):
    """Two of four patches, unturned; equal seeds and epochs give equal batches."""
    pool = patch_pool([records[0].path], keep_bytes=0)
    options = {"batch_size": 9, "rotations": 1, "patches": 2, "seed": 3}
    first, again, *others = [
        epoch_plan(pool, np.ones((1, 5)), epoch=epoch, **options).make(0)[0]
        for epoch in (0, 0, 1, 2, 3)
    ]
    assert first.shape == (2, 224, 224, 3)
    np.testing.assert_array_equal(first, again)
    assert any((first != other).any() for other in others)


@pytest.mark.slow
def test_expected_score_is_the_mean_over_bins_and_patches(records):
    """0.1, 0.3 ... 0.9 are the middles of the categories."""
    pool = patch_pool([record.path for record in records[:3]], keep_bytes=0)
    model = build_extractor("compact", widths=WIDTHS, seed=1)
    kernel, bias = model.get_layer("bins").get_weights()
    model.get_layer("bins").set_weights([kernel * 30, bias])
    found = expected_scores(model, pool)
    for index, score in enumerate(found):
        patches = pool.patches(index, range(len(pool.positions[index]))).astype(np.float32)
        bins = model.predict(patches, verbose=0).mean(axis=0)
        assert score == pytest.approx(bins @ [0.1, 0.3, 0.5, 0.7, 0.9], abs=1e-5)


@pytest.mark.slow
def test_training_writes_an_extractor(narrow, records, tmp_path):
    """Without its head; what it was trained on and with which deviation is said."""
    result = fine_tune(records[:4], QUICK, workdir=tmp_path / "run", validation=records[4:])
    assert result["epochs"] == result["best_epoch"] == 2
    assert result["patches"] == 4 * 2 * 2 * 2
    info = read_info(tmp_path / "run" / "rnn_features.h5")
    assert info.details.mode == "rnn-features"
    assert info.details.assumed_sd == 20
    told = [(part.dataset, part.use, part.images) for part in info.details.trained_on]
    assert told == [("biq2021", "train", 4), ("biq2021", "val", len(records) - 4)]
    assert load_model(info.path).output_shape == (None, 2 * 6 + 2 * 8)


@pytest.mark.slow
def test_continued_training_equals_an_uninterrupted_one(
    narrow, records, tmp_path, only_fits, as_killed
):
    """Killed after the first epoch; the extractors are the same file, bit by bit."""
    report = as_killed(tmp_path / "a", tmp_path / "b")
    fine_tune(records[:4], QUICK, workdir=tmp_path / "a", report=report)
    assert not (tmp_path / "b" / "rnn_features.h5").exists()
    fine_tune(records[:4], QUICK, workdir=tmp_path / "b", resume=True)
    one, two = ((tmp_path / name / "rnn_features.h5").read_bytes() for name in "ab")
    assert one == two


@pytest.mark.slow
def test_two_devices_take_the_steps_of_one(narrow, records, tmp_path, one_then_two, shares):
    """Each device gets half of a batch; the weights agree to 1e-5."""
    run = {"validation": records[4:], "train": records[:4]}
    for name, devices in zip(("one", "two"), one_then_two, strict=True):
        settings = replace(QUICK, epochs=1, learning_rate=1e-5, devices=devices)
        fine_tune(settings=settings, workdir=tmp_path / name, **run)
        assert shares == ([4] * 4 if devices else [8] * 2)
    one, two = (read_checkpoint(tmp_path / name / "checkpoint.npz") for name in ("one", "two"))
    for first, second in zip(one.best, two.best, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)
    histories = [
        np.genfromtxt(tmp_path / name / "history.csv", delimiter=",", names=True)
        for name in ("one", "two")
    ]
    for column in ("loss", "val_srocc", "val_mse", "patches"):
        np.testing.assert_allclose(*(rows[column] for rows in histories), rtol=1e-4)


def test_nothing_of_the_test_part_is_trained_on(narrow, records, tmp_path):
    """A content on both sides is named; no run is begun."""
    with pytest.raises(ValueError, match=r"both train and test, such as \['3.png'\]"):
        fine_tune(records[:4], QUICK, test=records[3:], workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("with_images", [False, True])
def test_no_epochs_only_build(narrow, records, tmp_path, with_images):
    """No images and no deviation are needed; the weights are those it starts from."""
    settings = replace(QUICK, epochs=0, assumed_sd=None)
    fine_tune(records if with_images else [], settings, workdir=tmp_path / "run")
    info = read_info(tmp_path / "run" / "rnn_features.h5")
    assert info.details.trained_on == ()


@pytest.mark.slow
def test_a_deviation_that_was_not_used_is_not_stated(narrow, records, tmp_path, eager):
    """All images have their own; or nothing was trained."""
    own = [replace(record, sd=0.2) for record in records[:2]]
    fine_tune(own, replace(QUICK, epochs=1), workdir=tmp_path / "own")
    fine_tune(records, replace(QUICK, epochs=0), workdir=tmp_path / "built")
    for name in ("own", "built"):
        assert read_info(tmp_path / name / "rnn_features.h5").details.assumed_sd is None


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"initial": "imagenet"}, "'imagenet'"), ({"frozen_until": "stage9"}, "'stage9'")],
)
def test_a_wrong_start_leaves_its_folder_free(narrow, records, tmp_path, wrong, message):
    """The corrected command runs in the folder of the refused one."""
    settings = replace(QUICK, epochs=0)
    with pytest.raises(ValueError, match=message):
        fine_tune(
            records, replace(settings, frozen_until=wrong.get("frozen_until", "auto")),
            workdir=tmp_path / "run", initial=wrong.get("initial"),
        )  # fmt: skip
    fine_tune(records, settings, workdir=tmp_path / "run")


@pytest.mark.slow
def test_first_layers_stay_and_the_head_learns_faster(narrow, eager):
    """One step of descent: frozen layers keep their weights, the head moves twice as far."""
    rng = np.random.default_rng(0)
    patches = rng.integers(0, 256, (4, 224, 224, 3)).astype(np.float32)
    bins = rng.dirichlet(np.ones(5), 4).astype(np.float32)
    moved = {}
    for rate in (1.0, 2.0):
        settings = FineTuningSettings(
            backbone="compact", pooled_stages=2, frozen_until="stage1_pool", head_rate=rate,
            learning_rate=1e-6, l2=0.01,
        )  # fmt: skip
        model = compile_extractor(settings)
        before = {w.path: w.numpy() for w in model.weights}
        model.train_on_batch(patches, bins)
        moved[rate] = {w.path: w.numpy() - before[w.path] for w in model.weights}
    assert all((moved[2.0][path] == 0).all() for path in moved[2.0] if path.startswith("stage1"))
    for path in ("stage2_conv1/kernel", "stage3_conv1/kernel"):
        assert np.abs(moved[1.0][path]).max() > 0
        np.testing.assert_allclose(moved[2.0][path], moved[1.0][path], rtol=1e-3, atol=1e-9)
    head = moved[1.0]["bins/kernel"]
    np.testing.assert_allclose(moved[2.0]["bins/kernel"], 2 * head, rtol=1e-2, atol=1e-6)
    assert np.abs(head).max() > 1e-5


@pytest.mark.slow
def test_compact_takes_over_wadiqams_convolutions(tmp_path):
    """All ten, so that the features are those of the trained network."""
    source = build_wadiqam(seed=3)
    path = tmp_path / "w.h5"
    export_h5(
        source, path, Details(name="w", version="1", scale="0..1", higher_is_better=True),
        full_precision=True,
    )  # fmt: skip
    model = build_extractor("compact", seed=1)
    assert len(start_extractor(model, "compact", path)) == 10
    np.testing.assert_array_equal(
        model.get_layer("stage5_conv2").get_weights()[0],
        source.get_layer("stage5_conv2").get_weights()[0],
    )


@pytest.mark.slow
def test_resnet_takes_over_keras_weights_turned_to_rgb(tmp_path, monkeypatch, eager):
    """Features of RGB pixels equal Keras's own of its BGR input; found in Keras's cache."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = KERAS_FILES["resnet50"][2]
    model = build_extractor()
    with pytest.raises(FileNotFoundError, match=f"models/{file}.*https:"):
        start_extractor(model, "resnet50", "imagenet")
    twin = keras.applications.ResNet50(include_top=False, weights=None, pooling="avg")
    (tmp_path / "models").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras calls its own .h5 writer legacy
        twin.save(tmp_path / "models" / file)
    assert "conv1_conv" in start_extractor(model, "resnet50", "imagenet")
    pixels = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype(np.float32)
    expected = twin.predict_on_batch(keras.applications.resnet.preprocess_input(pixels.copy()))
    found = without_head(model).predict_on_batch(pixels)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    freeze_until(model, "resnet50", "auto")
    frozen = [layer.name for layer in model.layers if not layer.trainable]
    assert frozen[-1] == "conv2_block3_out"
    assert "conv3_block1_1_conv" not in frozen


def test_refuses_what_does_not_fit(narrow, records, tmp_path):
    """Missing deviations, images on both sides, unknown layers and weights."""
    run = {"workdir": tmp_path / "run"}
    with pytest.raises(ValueError, match="--assumed-sd"):
        fine_tune(records, replace(QUICK, assumed_sd=None), **run)
    with pytest.raises(ValueError, match="both train and val"):
        fine_tune(records[:3], QUICK, validation=records[2:], **run)
    with pytest.raises(ValueError, match="keep='best'"):
        fine_tune(records[:3], replace(QUICK, keep="best"), **run)
    with pytest.raises(ValueError, match="'stage9'"):
        fine_tune(records[:3], replace(QUICK, frozen_until="stage9"), **run)
    with pytest.raises(ValueError, match="'imagenet'"):
        start_extractor(build_extractor("compact", widths=WIDTHS), "compact", "imagenet")
    for wrong in (
        {"rotations": 3}, {"backbone": "vgg"}, {"momentum": 1.0}, {"patches": 0},
        {"early_stopping": 2},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=next(iter(wrong))):
            FineTuningSettings(**wrong)


def test_presets_differ_as_paper_and_code():
    """0.5e-4 for all layers with 32 patches, or 5e-4 with 16, doubled in the head."""
    paper = FineTuningSettings(**FINE_TUNING_PRESETS["paper"])
    code = FineTuningSettings(**FINE_TUNING_PRESETS["code"])
    assert (paper.learning_rate, paper.head_rate, paper.batch_size) == (0.5e-4, 1.0, 32)
    assert (code.learning_rate, code.head_rate, code.batch_size) == (5e-4, 2.0, 16)
    assert (paper.epochs, paper.l2, paper.momentum, paper.rotations) == (2, 0.01, 0.9, 4)
    assert rnn_settings.BACKBONES == BACKBONES


@pytest.mark.slow
def test_efficientnet_lite_starts_from_the_tuned_stages_of_lite(shipped_once):
    """Stages 6 and 7 and the head are those that were tuned to quality; none is left random."""
    settings = FineTuningSettings(backbone="efficientnet-lite2", epochs=0)
    model = compile_extractor(settings, initial="lite")
    lite = load_model("lite")
    for layer in model.layers:
        if layer.weights and layer.name != "bins":
            later = layer.name.startswith(("stage6", "stage7", "head"))
            source = lite.get_layer(f"tuned_{layer.name}" if later else layer.name)
            for own, other in zip(layer.get_weights(), source.get_weights(), strict=True):
                np.testing.assert_array_equal(own, other)
    frozen = [layer.name for layer in model.layers if layer.weights and not layer.trainable]
    assert frozen[-1].startswith("stage4") and "stage5_block1_expand_conv" not in frozen
    with pytest.raises(ValueError, match="Expected imagenet, a lite or another network"):
        compile_extractor(settings, initial="patchnet")
