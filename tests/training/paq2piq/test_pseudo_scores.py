"""Pseudo-scores: an image's score, moved by what a network sees of a patch."""

import keras
import numpy as np
import pytest
from PIL import Image

from kiqa import __version__
from kiqa.io.weights import Details, export_h5, load_model
from kiqa.maps.lite import LiteRater
from kiqa.training.paq2piq.pseudo_scores import write_pseudo_scores
from kiqa.training.paq2piq.tasks import RatedImage, read_patch_scores

NONE = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)


def _network(path, *, gain=1 / 255, **options):
    """Patches of 32 pixels to their mean brightness, 0..1."""
    patch = keras.Input((32, 32, 3), name="patch")
    mean = keras.layers.GlobalAveragePooling2D()(patch)
    quality = keras.layers.Dense(1, kernel_initializer="ones", name="quality")(mean)
    model = keras.Model(patch, {"quality": quality})
    model.get_layer("quality").kernel.assign(np.full((3, 1), gain / 3))
    about = {"scale": "0..1", "higher_is_better": True, "mode": "wadiqam-nr"}
    return export_h5(
        model, path, Details(name="brightness", version=__version__, **about | options)
    )


@pytest.fixture
def images(tmp_path):
    """Two images of 5x4 and 2x2 patches; each patch has one gray value."""
    values = np.arange(20, dtype=np.uint8).reshape(4, 5) * 10
    result = []
    for name, grid, score in (("a.png", values, 50.0), ("b.png", values[:2, :2], 98.0)):
        pixels = np.repeat(np.repeat(grid, 32, 0), 32, 1)[..., None].repeat(3, 2)
        Image.fromarray(pixels).save(tmp_path / name)
        result.append(RatedImage(name, tmp_path / name, score, name, *NONE))
    return result, {"a.png": values, "b.png": values[:2, :2]}


def test_a_patch_gets_the_difference_from_its_image(images, tmp_path):
    """MOS + 100 (mean quality of the patch - mean quality of the image), at most 100."""
    tasks, grids = images
    model = _network(tmp_path / "brightness.h5")
    path = write_pseudo_scores(tasks, tmp_path / "s.npz", model=model, patches=7, seed=3)
    scores = read_patch_scores(path)
    assert scores.keys() == {"a.png", "b.png"}
    for task in tasks:
        rois, said = scores[task.name]
        assert rois.shape == (7, 4) and (rois % 32 == 0).all()
        grid = grids[task.name] / 255.0
        for (left, top, right, bottom), score in zip(rois.astype(int) // 32, said, strict=True):
            assert right - left >= 2 and bottom - top >= 2
            expected = task.score + 100 * (grid[top:bottom, left:right].mean() - grid.mean())
            assert score == pytest.approx(np.clip(expected, 0, 100), abs=1e-3)
    assert len(np.unique(scores["a.png"][0], axis=0)) > 3


def test_a_file_of_something_else_is_made_again(images, tmp_path):
    """The same question leaves the file alone; another network or seed replaces it."""
    tasks, _ = images
    model, path = _network(tmp_path / "brightness.h5"), tmp_path / "s.npz"
    write_pseudo_scores(tasks, path, model=model, patches=4, seed=0)
    first, changed = read_patch_scores(path), path.stat().st_mtime_ns
    write_pseudo_scores(tasks, path, model=model, patches=4, seed=0)
    assert path.stat().st_mtime_ns == changed
    write_pseudo_scores(tasks, path, model=model, patches=4, seed=1)
    assert not np.array_equal(read_patch_scores(path)["a.png"][0], first["a.png"][0])
    other = _network(tmp_path / "other.h5", gain=0.5 / 255)
    write_pseudo_scores(tasks, path, model=other, patches=4, seed=0)
    again = read_patch_scores(path)["a.png"]
    assert np.array_equal(again[0], first["a.png"][0])
    assert np.allclose(again[1] - 50, (first["a.png"][1] - 50) / 2, atol=1e-3)


def test_a_file_of_images_that_changed_is_made_again(images, tmp_path):
    """Under the same names and scores. So is one that does not say the content."""
    tasks, _ = images
    asked = {"model": _network(tmp_path / "brightness.h5"), "patches": 4, "seed": 0}
    path = write_pseudo_scores(tasks, tmp_path / "s.npz", **asked)
    first = path.read_bytes()
    pixels = np.asarray(Image.open(tasks[0].path))
    Image.fromarray(pixels[::-1]).save(tasks[0].path)
    write_pseudo_scores(tasks, path, **asked)
    again = path.read_bytes()
    assert again != first
    with np.load(path) as file:
        silent = {key: file[key] for key in file if key != "contents"}
    np.savez(path, **silent)
    assert write_pseudo_scores(tasks, path, **asked).read_bytes() == again


def test_unfit_networks_and_images_are_refused(images, tmp_path):
    """A network of errors, and an image of one cell."""
    tasks, _ = images
    worse = _network(tmp_path / "worse.h5", higher_is_better=False)
    with pytest.raises(ValueError, match="higher is better"):
        write_pseudo_scores(tasks, tmp_path / "s.npz", model=worse, patches=1, seed=0)
    Image.new("RGB", (40, 64)).save(tmp_path / "c.png")
    small = [RatedImage("c.png", tmp_path / "c.png", 5.0, "c", *NONE)]
    good = _network(tmp_path / "good.h5")
    with pytest.raises(ValueError, match=r"at least 64 pixels a side. Received: \S*c.png, 40x64"):
        write_pseudo_scores([*tasks, *small], tmp_path / "s.npz", model=good, patches=1, seed=0)
    assert not (tmp_path / "s.npz").exists()


def test_images_that_cannot_be_used_can_be_left_out(images, tmp_path):
    """Each is told; without any other there is no file."""
    tasks, _ = images
    Image.new("RGB", (40, 64)).save(tmp_path / "c.png")
    (tmp_path / "d.png").write_text("no image")
    bad = [RatedImage(n, tmp_path / n, 5.0, n, *NONE) for n in ("c.png", "d.png")]
    told = []
    of = {"model": _network(tmp_path / "good.h5"), "patches": 1, "seed": 0}
    of["on_error"] = lambda path, error: told.append(path.name)
    file = write_pseudo_scores([bad[0], *tasks, bad[1]], tmp_path / "s.npz", **of)
    assert told == ["c.png", "d.png"]
    assert set(read_patch_scores(file)) == {task.name for task in tasks}
    with pytest.raises(ValueError, match="of which patches are taken. Received: 0 of 2"):
        write_pseudo_scores(bad, tmp_path / "t.npz", **of)
    assert not (tmp_path / "t.npz").exists()


@pytest.mark.slow
def test_a_lite_rates_the_rectangles_itself(photo, tmp_path, eager, shipped_once):
    """The difference is that of its scores of the rectangle and of the whole image."""
    path = tmp_path / "photo.png"
    Image.fromarray(photo[:192, :256]).save(path)
    task = RatedImage("photo.png", path, 60.0, "photo.png", *NONE)
    file = write_pseudo_scores([task], tmp_path / "s.npz", model="lite", patches=3, seed=0)
    rois, said = read_patch_scores(file)["photo.png"]
    rater = LiteRater(load_model("lite"))
    found = rater.rate(photo[:192, :256], np.concatenate([[[0, 0, 256, 192]], rois]))
    np.testing.assert_allclose(said, 60 + 100 * (found[1:] - found[0]), atol=1e-3)
    assert np.ptp(said) > 0.1
