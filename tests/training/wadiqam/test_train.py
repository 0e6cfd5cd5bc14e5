"""Training DIQaM and WaDIQaM: losses, runs, resume, refusals."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kiqa.data.distortions import distort
from kiqa.io.weights import load_model, read_info
from kiqa.training.runs.checkpoint import read_checkpoint
from kiqa.training.wadiqam.losses import pooled_loss
from kiqa.training.wadiqam.network import predict_scores
from kiqa.training.wadiqam.settings import PRESETS, WadiqamSettings
from kiqa.training.wadiqam.tasks import PatchTask, read_pairs
from kiqa.training.wadiqam.train import train_wadiqam

SMALL = WadiqamSettings(shallow=True, patches=3, validation_patches=4, epochs=2)
ABOUT = {"trained_on": ()}
pytestmark = pytest.mark.usefixtures("small_wadiqam")


@pytest.fixture
def tasks(tmp_path, photo):
    """Twelve images, blurrier the lower their score, of twelve contents, with references."""
    rng = np.random.default_rng(0)
    made = []
    for index in range(12):
        reference = photo[index : index + 48, 50:110]
        paths = [tmp_path / f"{kind}{index}.png" for kind in ("image", "reference")]
        copy = distort(np.ascontiguousarray(reference), "gaussian_blur", 0.3 + index, rng=rng)
        Image.fromarray(copy).save(paths[0])
        Image.fromarray(np.ascontiguousarray(reference)).save(paths[1])
        made.append(PatchTask(paths[0].name, paths[0], 1 - index / 12, f"c{index}", paths[1]))
    return made


def _parts(tasks, mode="nr"):
    if mode == "nr":
        tasks = [dataclasses.replace(task, reference=None) for task in tasks]
    return [t for i, t in enumerate(tasks) if i % 3], tasks[::3]


def _loss(target, quality, weight=None, **options):
    columns = [quality] if weight is None else [quality, weight]
    predicted = np.stack(columns, axis=1).astype(np.float32)
    target = np.asarray(target, np.float32).reshape(len(quality), -1)
    return float(pooled_loss(**options)(target, predicted))


def test_losses_are_equations_3_and_7():
    """Two images of two patches, by hand."""
    target, quality = [1, 1, 0, 0], [0.0, 1.0, 0.5, 0.5]
    assert _loss(target, quality, patches=2, pooling="average") == pytest.approx(0.5)
    weight = [1.0, 3.0, 1.0, 1.0]
    options = {"patches": 2, "pooling": "weighted"}
    assert _loss(target, quality, weight, **options) == pytest.approx((0.25 + 0.5) / 2)
    both = _loss(target, quality, weight, patch=0.1, **options)
    assert both == pytest.approx(0.375 + 0.05)


def test_correlation_term_takes_the_second_column():
    """Images in the order of the ranks cost nothing, in the opposite order twice the weight."""
    target = [[0.5, 0.0], [0.5, 0.0], [0.5, 1.0], [0.5, 1.0]]
    options = {"patches": 2, "pooling": "average", "correlation": 1.0}
    rising = _loss(target, [0.4, 0.4, 0.6, 0.6], **options)
    falling = _loss(target, [0.6, 0.6, 0.4, 0.4], **options)
    assert rising == pytest.approx(0.1, abs=1e-3)
    assert falling == pytest.approx(2.1, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["nr", "fr"])
@pytest.mark.parametrize("pooling", ["average", "weighted"])
def test_run_leaves_a_network_and_its_history(tasks, tmp_path, eager, check_history, mode, pooling):
    """Its file says what it is; the best epoch has the least validation loss."""
    settings = dataclasses.replace(SMALL, mode=mode, pooling=pooling)
    folder = tmp_path / "run"
    result = train_wadiqam(*_parts(tasks, mode), settings, workdir=folder, **ABOUT)
    name = f"{'wadiqam' if pooling == 'weighted' else 'diqam'}_{mode}"
    info = read_info(folder / f"{name}.h5")
    assert (info.name, info.details.mode) == (name, f"wadiqam-{mode}")
    assert (info.details.pooling, info.higher_is_better) == (pooling, False)
    check_history(folder, val_loss=(min, result["val_loss"]))


@pytest.mark.slow
def test_targets_are_dmos_or_mos(tasks, tmp_path, eager):
    """The same untrained network agrees with the one as it disagrees with the other."""
    train, validation = _parts(tasks)
    agreement = {}
    for targets in ("dmos", "mos"):
        folder = tmp_path / targets
        settings = dataclasses.replace(SMALL, targets=targets, learning_rate=1e-12, epochs=1)
        train_wadiqam(train, validation, settings, workdir=folder, **ABOUT)
        info = read_info(folder / "wadiqam_nr.h5")
        agreement[info.higher_is_better, info.scale] = pd.read_csv(folder / "history.csv")
    dmos, mos = agreement[False, "0..100 DMOS"], agreement[True, "0..1"]
    assert dmos["val_srocc"][0] == pytest.approx(-mos["val_srocc"][0])
    assert dmos["val_loss"][0] > 30 and mos["val_loss"][0] < 30


@pytest.mark.slow
def test_watched_images_have_a_loss_and_decide_nothing(tasks, tmp_path, eager):
    """The same weights with them and without; none of their contents may be trained on."""
    train, validation = _parts(tasks)
    watched = [dataclasses.replace(task, content=f"new {task.content}") for task in validation]
    folders = [tmp_path / "with", tmp_path / "without"]
    for folder, some in zip(folders, (watched, []), strict=True):
        train_wadiqam(
            train, validation, SMALL, workdir=folder, test=some, watched=bool(some), **ABOUT
        )
    one, two = (load_model(folder / "wadiqam_nr.h5").get_weights() for folder in folders)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    history = pd.read_csv(folders[0] / "history.csv")
    np.testing.assert_allclose(history["test_loss"], history["val_loss"])
    with pytest.raises(ValueError, match="both train and test"):
        train_wadiqam(train, validation, SMALL, workdir=tmp_path / "no", test=train[:1], **ABOUT)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["plain", "normalised"])
def test_interrupted_and_resumed_equals_uninterrupted(tasks, tmp_path, request, as_killed, form):
    """A run killed after its first epoch ends with the same weights, bit by bit.

    In the normalised form as a graph.
    """
    request.getfixturevalue("eager" if form == "plain" else "only_fits")
    settings = dataclasses.replace(
        SMALL, form=form, flip=True, correlation_loss=0.1, correlation_with="ranks"
    )
    run = {"train": _parts(tasks)[0], "validation": _parts(tasks)[1], "settings": settings}

    folders = tmp_path / "whole", tmp_path / "cut"
    train_wadiqam(**run, workdir=folders[0], report=as_killed(*folders), **ABOUT)
    assert not (tmp_path / "cut" / "wadiqam_nr.h5").exists()
    train_wadiqam(**run, workdir=tmp_path / "cut", resume=True, **ABOUT)
    whole, cut = (load_model(tmp_path / name / "wadiqam_nr.h5") for name in ("whole", "cut"))
    for one, two in zip(whole.get_weights(), cut.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
@pytest.mark.parametrize(("form", "mode"), [("normalised", "nr"), ("plain", "fr")])
def test_two_devices_take_the_steps_of_one(tasks, tmp_path, one_then_two, shares, form, mode):
    """Each device gets half of a batch; the weights agree to 1e-5.

    On the mean in the normalised form. A bias before a normalisation has no gradient but rounding,
    along which Adam takes steps of 1e-4: half of one is its bound.
    """
    settings = dataclasses.replace(
        SMALL, form=form, mode=mode, epochs=1, correlation_loss=0.1, clip_norm=0.5, dropout=0.0,
        targets="mos",
    )  # fmt: skip
    for folder, devices in zip((tmp_path / "one", tmp_path / "two"), one_then_two, strict=True):
        on_devices = dataclasses.replace(settings, devices=devices)
        train_wadiqam(*_parts(tasks, mode), on_devices, workdir=folder, **ABOUT)
        assert shares == ([6] * 4 if devices else [12] * 2)
    one, two = (read_checkpoint(tmp_path / name / "checkpoint.npz") for name in ("one", "two"))
    ranks = [min(value.ndim, 2) for value in (*one.best, np.eye(1))]
    for place, (first, second) in enumerate(zip(one.best, two.best, strict=True)):
        idle = ranks[place - 1 : place + 2] == [2, 1, 1]  # kernel, bias, normalisation
        assert np.mean(np.abs(first - second)) < (5e-5 if idle else 1e-5)
        if form == "plain":
            np.testing.assert_allclose(first, second, atol=1e-5)


@pytest.mark.slow
def test_network_in_file_is_the_one_of_the_best_epoch(tasks, tmp_path, eager):
    """Its scores of the validation patches have the result's loss, after folding too."""
    import keras

    from kiqa.training.wadiqam.batches import fixed_patches, patch_source

    settings = dataclasses.replace(SMALL, form="normalised", targets="mos")
    parts = _parts(tasks)
    result = train_wadiqam(*parts, settings, workdir=tmp_path / "run", **ABOUT)
    network = load_model(tmp_path / "run" / "wadiqam_nr.h5")
    outputs = keras.layers.Concatenate()([network.output["quality"], network.output["weight"]])
    source = patch_source([task.path for task in parts[1]], keep_bytes=0)
    patches = fixed_patches(source, 4, seed=0)
    model = keras.Model(network.inputs[0], outputs)
    _, scores = predict_scores(model, patches, patches=4, pooling="weighted")
    loss = np.mean(np.abs(scores - [task.score for task in parts[1]]))
    assert loss == pytest.approx(result["val_loss"], abs=1e-4)


def test_validation_scores_do_not_depend_on_batches(monkeypatch):
    """Patches of one image may fall into two batches."""
    import keras

    from kiqa.training.wadiqam import network as wadiqam_network

    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Reshape((32, 96))(inputs)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling1D()(x[:, :, :2] / 100 + 1))
    patches = [np.random.default_rng(0).integers(0, 256, (15, 32, 32, 3), dtype=np.uint8)]
    whole = predict_scores(model, patches, patches=5, pooling="weighted")
    monkeypatch.setattr(wadiqam_network, "_BATCH", 4)
    parts = predict_scores(model, patches, patches=5, pooling="weighted")
    for one, two in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6)
    assert whole[1].shape == (3,)


def test_defaults_and_the_paper_recipe_are_the_paper():
    """Section III-E: 4 images, 32 patches, Adam at 1e-4, 3000 epochs, best validation loss."""
    settings = WadiqamSettings(**PRESETS["paper"])
    assert (settings.batch_size, settings.patches, settings.epochs) == (4, 32, 3000)
    assert (settings.learning_rate, settings.dropout) == (1e-4, 0.5)
    assert (settings.form, settings.monitor, settings.schedule) == ("plain", "loss", "constant")
    WadiqamSettings(**PRESETS["two-cores"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "rr"}, "mode"),
        ({"pooling": "max"}, "pooling"),
        ({"batch_size": 0}, "batch_size"),
        ({"patches": 2.5}, "patches"),
        ({"early_stopping": 0}, "early_stopping"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"dropout": 1.0}, "dropout"),
        ({"warmup_steps": 3}, "cosine"),
        ({"patch_loss": 0.1, "pooling": "average"}, "patch_loss"),
        ({"correlation_loss": 0.1, "batch_size": 1}, "batch_size of 2"),
    ],
)
def test_settings_that_do_not_fit_are_refused(options, message):
    """Each value, and what has to fit together, is checked at once."""
    with pytest.raises(ValueError, match=message):
        WadiqamSettings(**options)


def test_a_reference_on_both_sides_is_refused(tasks, tmp_path):
    """The content is named; nothing is written."""
    train, validation = _parts(tasks)
    validation[0] = dataclasses.replace(validation[0], content="c1")
    with pytest.raises(ValueError, match=r"both train and val, such as \['c1'\]"):
        train_wadiqam(train, validation, SMALL, workdir=tmp_path / "run", **ABOUT)
    assert not (tmp_path / "run").exists()


def test_references_fit_the_mode(tasks, tmp_path):
    """Missing references, references for nr, and too few images are refused."""
    run = {"workdir": tmp_path / "run", **ABOUT}
    full = dataclasses.replace(SMALL, mode="fr")
    with pytest.raises(ValueError, match="with a reference in mode 'fr'"):
        train_wadiqam(*_parts(tasks), full, **run)
    with pytest.raises(ValueError, match="without a reference in mode 'nr'"):
        train_wadiqam(*_parts(tasks, "fr"), SMALL, **run)
    train, validation = _parts(tasks)
    with pytest.raises(ValueError, match="at least 4 images"):
        train_wadiqam(train[:3], validation, SMALL, **run)


@pytest.mark.parametrize(
    ("lines", "error", "message"),
    [
        (["image0.png,reference0.png,2,train"], ValueError, "'2' and 'train'"),
        (["image0.png,reference0.png,x,train"], ValueError, "'x'"),
        (["image0.png,reference0.png,0.5,dev"], ValueError, "'dev'"),
        (["gone.png,reference0.png,0.5,train"], FileNotFoundError, "gone.png in line 2"),
        (
            ["image0.png,reference0.png,1,train", "image1.png,reference0.png,1,val"],
            ValueError,
            "train and, .* line 3, in val",
        ),
        (["image0.png,reference0.png,0.5,train"], ValueError, "'val'"),
    ],
)
def test_wrong_lists_of_pairs_are_refused(tasks, tmp_path, lines, error, message):
    """Scores, sets, files, and references on both sides, by line."""
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join(["image,reference,score,set", *lines]))
    with pytest.raises(error, match=message):
        read_pairs(path)


def test_images_elsewhere_have_a_name_and_no_folder(tmp_path):
    """Results name no folder of this machine; below the list's own the path is kept."""
    for name in ("list/own/one.png", "there/two.png"):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.touch()
    path = tmp_path / "list" / "pairs.csv"
    rows = [
        ("own/one.png", "own/one.png", 1, "train"),
        ("../there/two.png", "../there/two.png", 0.5, "val"),
    ]
    pd.DataFrame(rows, columns=["image", "reference", "score", "set"]).to_csv(path, index=False)
    parts = read_pairs(path)
    assert [task.name for part in ("train", "val") for task in parts[part]] == [
        "own/one.png",
        "two.png",
    ]
