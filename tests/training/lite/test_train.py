"""A small training of lite: its file scores, and a resumed one gives the same bytes."""

import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image

from kiqa.data.distortions.copies import KINDS, degraded
from kiqa.data.records import ScoredImage
from kiqa.io.images import load_image
from kiqa.io.weights import Origin, load_model, read_info
from kiqa.maps import lite as maps
from kiqa.maps.lite import LiteRater, working_pixels
from kiqa.models import efficientnet_lite
from kiqa.models.lite import build_lite
from kiqa.scoring import Scorer
from kiqa.training.lite import versions
from kiqa.training.lite.local import train_local
from kiqa.training.lite.order import good_images
from kiqa.training.lite.settings import LiteSettings
from kiqa.training.lite.train import train_lite
from kiqa.training.runs.checkpoint import read_checkpoint

SETTINGS = {
    "variant": "lite0", "copies": 4, "unrated_copies": 1, "awful": 2,
    "units": 4, "judge_epochs": 2, "epochs": 2, "batch_size": 4, "degraded": 1,
    "order_images": 2, "order_epochs": 2, "order_batch_size": 8, "order_series": 1,
    "local_versions": 1, "local_epochs": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory, photo):
    """Records of six train and four validation images, and one unrated file."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    records = []
    for index in range(11):
        top, left = rng.integers(0, 200, 2)
        path = folder / f"{index}.png"
        Image.fromarray(photo[top : top + 96, left : left + 100]).save(path)
        records.append(
            ScoredImage(
                path=path,
                name=path.name,
                mos=index / 10,
                sd=None,
                mos_range=(0.0, 1.0),
                content=str(index),
                dataset="few",
            )  # fmt: skip
        )
    return records[:6], records[6:10], [records[10].path]


def _train(images, folder, **changes):
    train, validation, unrated = images
    settings = LiteSettings(**(SETTINGS | changes.pop("settings", {})))
    options = {"unrated": unrated, "initial": "random"} | changes
    return train_lite(train, validation, settings, workdir=folder, **options)


@pytest.fixture(scope="module", autouse=True)
def small():
    """Images of 64 pixels a side in the place of 384, 96 where they are scored; a narrow body.

    A stage is one block, which does not widen its input.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(versions, "SIDE", 64)
        patch.setattr(maps, "working_pixels", partial(working_pixels, area=96 * 96))
        stages = tuple((1, 3, strides, 1, 8) for _, _, strides, *_ in efficientnet_lite._STAGES)
        patch.setattr(efficientnet_lite, "_STAGES", stages)
        yield


@pytest.fixture(scope="module")
def run(images, tmp_path_factory, as_killed):
    """Folder and result of a run; beside it those of runs that were killed at three moments."""
    folder = tmp_path_factory.mktemp("run") / "run"
    kills = [
        as_killed(folder, folder.with_name(f"killed in {place}"), at=line)
        for place, line in (
            ("judge", "judge: epoch 1,"),
            ("tail", "epoch 1,"),
            ("order", "order: epoch 1,"),
            ("maps", "maps: epoch 1,"),
        )
    ]
    return folder, _train(images, folder, report=lambda line: [kill(line) for kill in kills])


@pytest.mark.slow
def test_file_scores_with_percentile_and_interval(run, images, photo):
    """The percentiles are those of the training images' scores, as anyone gets them."""
    folder, result = run
    assert result["epochs"] == 2
    info = read_info(folder / "lite.h5")
    assert info.details.mode == "lite"
    assert len(info.details.percentiles) == 101
    scorer = Scorer(folder / "lite.h5")
    scores = [row["score"] for row in scorer([record.path for record in images[0]])]
    np.testing.assert_allclose(info.details.percentiles[::50], np.percentile(scores, [0, 50, 100]),
        atol=2e-3)  # fmt: skip  # kernels are stored as float16
    (row,) = scorer([photo])
    assert row["error"] is None
    assert 0 <= row["low"] <= row["score"] <= row["high"] <= 1
    assert 0 <= row["percentile"] <= 100


@pytest.mark.slow
def test_network_of_the_maps_is_trained_on_the_file(run, photo):
    folder, _ = run
    info = read_info(folder / "lite_local.h5")
    assert info.details.companions["body"].sha256 == read_info(folder / "lite.h5").sha256
    values = Scorer(folder / "lite.h5").map(photo).values
    assert values.std() > 0
    assert 0 <= values.min() <= values.max() <= 1


@pytest.mark.slow
def test_windows_say_how_much_of_them_is_masked(photo, monkeypatch):
    monkeypatch.setattr(maps, "working_pixels", working_pixels)
    rater = LiteRater(build_lite(variant="lite0", units=2, seed=1))
    mask = np.zeros(photo.shape[:2], bool)
    mask[:, :225] = True
    averages, inside = rater.windows(photo, mask, (4, 6))
    assert {len(values) for values in averages} == {24}
    inside = inside.reshape(4, 6)
    np.testing.assert_allclose(inside[:, 0], 1, atol=0.01)
    np.testing.assert_allclose(inside[:, -1], 0, atol=0.01)
    assert (np.diff(inside, axis=1) <= 1e-6).all()


@pytest.mark.slow
def test_interrupted_training_gives_the_same_files(run, images, tmp_path, monkeypatch):
    """In the first judge, whose run has not begun yet, in fine-tuning and in what follows it.

    The first two go on to a checkpoint of the whole run, bit by bit; the others to its files.
    The copies of the order step are looked at again only where they are not stored.
    """

    def killed(place):
        return shutil.copytree(run[0].with_name(f"killed in {place}"), tmp_path / place)

    def stop_at(first):
        def stop(message):
            if message.startswith(first):
                raise KeyboardInterrupt

        return stop

    monkeypatch.setattr(versions, "_store", None)  # nothing is prepared again
    for place, end, file in (
        ("judge", "judge: epoch 2,", "features-*/judge/checkpoint.npz"),
        ("tail", "epoch 2,", "checkpoint.npz"),
    ):
        folder = killed(place)
        with pytest.raises(KeyboardInterrupt):
            _train(images, folder, report=stop_at(end), resume=place == "tail")
        one, whole = (read_checkpoint(*root.glob(file)) for root in (folder, run[0]))
        for group in ("model", "optimizer", "best"):
            for a, b in zip(getattr(one, group), getattr(whole, group), strict=True):
                np.testing.assert_array_equal(a, b)
    for place, left in (
        ("order", ["order: epoch 2", "maps: epoch 1", "maps: epoch 2"]),
        ("maps", ["maps: epoch 2"]),
    ):
        folder, lines = killed(place), []
        (copies,) = folder.glob("order/copies-*.npy")
        if place == "maps":
            copies.unlink()
        _train(images, folder, resume=True, report=lines.append)
        assert [line.split(",")[0] for line in lines if "epoch" in line] == left
        looked = any(line.startswith("order: looks at ") for line in lines)
        assert looked == (place == "maps")
        scored = len(images[0]) + len(images[1])
        assert f"scores {scored} images for percentiles and interval" in lines
        for name in ("lite.h5", "lite_local.h5"):
            assert (folder / name).read_bytes() == (run[0] / name).read_bytes()


@pytest.mark.slow
def test_features_of_images_that_changed_are_refused(run, images, tmp_path):
    """Under the same names; and a folder that does not say of which images it has features."""
    (first, *train), validation, unrated = images
    folder = shutil.copytree(run[0], tmp_path / "run")
    Image.fromarray(load_image(first.path).pixels[::-1]).save(tmp_path / first.name)
    changed = [replace(first, path=tmp_path / first.name), *train], validation, unrated
    with pytest.raises(ValueError, match="other content under the same names.*another working"):
        _train(changed, folder, resume=True)
    (said,) = folder.glob("features-*/images.json")
    said.unlink()
    with pytest.raises(ValueError, match="Received: copies-averages.npy without it. Remove"):
        _train(images, folder, resume=True)
    assert not said.exists()


@pytest.mark.slow
def test_a_trained_lite_is_trained_on(run, images, tmp_path):
    """With a learning rate of nothing its file is the first one, and says what it came from."""
    start = run[0] / "lite.h5"
    still = {"judge_learning_rate": 1e-12, "learning_rate": 1e-12, "order_learning_rate": 1e-12}
    still |= {"judge_epochs": 1, "epochs": 1}
    _train(images, tmp_path / "run", settings=still, initial=start, unrated=[])
    one, two = (load_model(file) for file in (start, tmp_path / "run" / "lite.h5"))
    for first, second in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-6)
    info = read_info(tmp_path / "run" / "lite.h5")
    assert info.details.origin == Origin("lite", read_info(start).sha256)
    assert any(part.through == "lite" for part in info.details.trained_on)
    with pytest.raises(ValueError, match="Expected the weights of a lite of the same widths"):
        _train(images, tmp_path / "a", settings={"units": 5}, initial=start, unrated=[])
    with pytest.raises(ValueError, match="imagenet, random or a lite. Received: lite_local.h5"):
        _train(images, tmp_path / "b", initial=run[0] / "lite_local.h5")


@pytest.mark.slow
def test_judges_learn_that_worse_is_lower_and_keep_the_scores_of_images(run, images, tmp_path):
    """A trained lite, of which nothing else is trained."""
    train, validation, _ = images
    start = run[0] / "lite.h5"
    settings = {
        "judge_epochs": 0, "epochs": 0, "copies": 0, "order_epochs": 60, "order_series": 2,
        "order_learning_rate": 1e-3, "order_weight": 0.1,
    }  # fmt: skip
    _train((train, validation, []), tmp_path / "run", settings=settings, initial=start)
    one, two = (load_model(file) for file in (start, tmp_path / "run" / "lite.h5"))
    for layer in one.layers:
        if layer.weights and layer.name.removeprefix("tuned_") not in ("hidden", "judgement"):
            later = two.get_layer(layer.name).get_weights()
            for first, second in zip(layer.get_weights(), later, strict=True):
                np.testing.assert_array_equal(first, second)
    source = load_image(good_images(train, LiteSettings(order_images=2))[0]).pixels
    rng, shown = np.random.default_rng(3), [load_image(record.path).pixels for record in train]
    for kind in KINDS:
        shown += [degraded(source, kind, 0.1 + 0.2 * level, rng=rng) for level in range(5)]
    squares = np.stack([versions.squared(pixels) for pixels in shown])
    before, after = (model.predict(squares, verbose=0)[:, 0] for model in (one, two))
    assert np.abs(after[:6] - before[:6]).max() < 0.02
    first, second = (np.diff(scores[6:].reshape(-1, 5)).mean() for scores in (before, after))
    assert second < first - 0.01


@pytest.mark.slow
def test_other_settings_do_not_continue_a_run(run, images):
    with pytest.raises(ValueError, match="local_units was 64, is 65"):
        _train(images, run[0], resume=True, settings={"local_units": 65})


def test_scene_in_both_parts_is_refused(images, tmp_path):
    train, _, _ = images
    with pytest.raises(ValueError, match="one side of the split"):
        _train((train, train, []), tmp_path)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_image_that_is_too_small_is_named_before_anything_is_made(images, tmp_path, part):
    """Of the training part, which with no versions is looked at last, of val, or unrated."""
    Image.new("RGB", (40, 31)).save(tmp_path / "low.png")
    parts = [list(each) for each in images]
    low = tmp_path / "low.png"
    parts[part].append(low if part == 2 else replace(images[0][0], path=low, content="low"))
    with pytest.raises(ValueError, match=r"at least 32 pixels a side. Received: \S*low.png, 40x31"):
        _train(parts, tmp_path / "run", settings={"versions": 0})
    assert not (tmp_path / "run").exists()


def test_unrated_images_that_are_judged_by_are_refused(images, tmp_path):
    """They would be degraded and trained on; the file of the test part by its name alone."""
    train, validation, _ = images
    elsewhere = tmp_path / "other" / train[5].name
    for unrated, test in ((validation[0].path, []), (elsewhere, train[5:])):
        with pytest.raises(ValueError, match="unrated images outside of val and test"):
            _train((train[:5], validation, [unrated]), tmp_path / "run", test=test)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("settings", [{}, {"copies": 0, "unrated_copies": 0, "order_epochs": 0}])
def test_degraded_copies_need_jpeg_2000_at_once(images, tmp_path, monkeypatch, settings):
    """Not after hours, at the first copy of that kind; the network of the maps has some, too."""
    monkeypatch.setattr("PIL.features.check", lambda feature: feature != "jpg_2000")
    with pytest.raises(ValueError, match="Expected a Pillow with JPEG 2000"):
        _train(images, tmp_path / "run", settings=settings)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", -1),
        ("order_weight", -1.0),
        ("variant", "lite9"),
        ("degraded", 16),
        ("learning_rate", float("inf")),
        ("local_batch_size", 0),
        ("correlation_loss", -1.0),
    ],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        LiteSettings(**{name: value})


@pytest.mark.slow
def test_two_devices_take_the_steps_of_one(images, tmp_path, monkeypatch, one_then_two, shares):
    """Each device gets half of a batch; the weights agree but for rounding that Adam enlarges.

    The file is written, with scores that nobody looks at.
    """
    monkeypatch.setattr(LiteRater, "score", lambda rater, pixels: pixels.mean() / 255)
    weights = []
    for devices in one_then_two:
        settings = {"devices": devices, "dropout": 0.0, "epochs": 1}
        settings |= {"judge_batch_size": 8, "judge_epochs": 1, "order_epochs": 1}
        settings |= {"order_batch_size": 8}
        folder = tmp_path / str(len(devices))
        _train((images[0], images[1][:3], []), folder, settings=settings)
        count = max(1, len(devices))
        tuned, ordered = shares[-4 * count : -2 * count], shares[-2 * count :]
        assert tuned == ([2] * 4 if devices else [4] * 2)
        assert ordered == ([20, 20, 18, 18] if devices else [40, 36])
        last = read_checkpoint(folder / "order" / "checkpoint.npz").best
        weights.append([*read_checkpoint(folder / "checkpoint.npz").best, *last])
    for one, two in zip(*weights, strict=True):
        assert np.mean(np.abs(one - two)) < 1e-6
        np.testing.assert_allclose(one, two, atol=1e-4)


@pytest.mark.slow
def test_two_devices_make_the_same_maps(run, images, tmp_path, one_then_two, shares):
    """The last network's windows are shared, too."""
    good, weights = [(images[2][0], 0.8), (images[0][5].path, 0.5)], []
    for devices in one_then_two:
        folder = tmp_path / str(len(devices))
        settings = LiteSettings(
            local_versions=1,
            local_epochs=1,
            local_batch_size=64,
            local_dropout=0.0,
            devices=devices,
        )
        file = train_local(
            run[0] / "lite.h5", good, folder / "lite_local.h5", settings, workdir=folder
        )
        assert shares == ([32] * 6 + [24] * 2 if devices else [64] * 3 + [48])
        weights.append(load_model(file).get_weights())
    for one, two in zip(*weights, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)
