"""Images padded and cropped, with their rectangles; patch files."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from kiqa.data.pipeline import epoch_dataset
from kiqa.data.records import ScoredImage
from kiqa.training.paq2piq.batches import (
    ImageSet,
    epoch_plan,
    place_image,
    placed_rois,
    whole_image,
)
from kiqa.training.paq2piq.tasks import (
    RatedImage,
    rated_images,
    read_patch_scores,
    with_patches,
)
from kiqa.training.runs.packed import PackedImages

NONE = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)


def _task(score=50.0, patches=None, scores=None, name="a"):
    pair = NONE if patches is None else (np.array(patches, "f4"), np.array(scores, "f4"))
    return RatedImage(name, Path(name), score, name, *pair)


def _pixels(height, width):
    """Pixels that say where they are: row, column, and 0."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.uint8)


def test_smaller_images_are_padded_with_white_in_the_middle():
    """Offsets (side - length) // 2, as published; nothing is random."""
    canvas, moved = place_image(_pixels(50, 81), 100, rng=None)
    assert moved.tolist() == [9, 25]
    np.testing.assert_array_equal(canvas[25:75, 9:90], _pixels(50, 81))
    assert (
        canvas[:25].min() == canvas[75:].min() == canvas[:, :9].min() == canvas[:, 90:].min() == 255
    )


def test_larger_images_are_cropped_at_random():
    """Each axis by itself; the crop is where the shift says."""
    rng = np.random.default_rng(0)
    places = set()
    for _ in range(30):
        canvas, (right, down) = place_image(_pixels(40, 90), 60, rng=rng)
        assert down == 10 and -30 <= right <= 0
        np.testing.assert_array_equal(
            canvas[10:50, :, 1], np.arange(60) - right + np.zeros((40, 1))
        )
        places.add(float(right))
    assert len(places) > 10


def test_rectangles_move_with_the_image():
    """The image's is what is left of it; patches that are cut have no target."""
    task = _task(70.0, [[0, 0, 20, 20], [30, 10, 60, 40], [50, 5, 90, 30]], [10, 20, 30])
    rois, targets = placed_rois(
        task, (40, 90), 60, np.array([-25.0, 10.0]), patches=3, rng=np.random.default_rng(0)
    )
    assert rois.tolist() == [[0, 10, 60, 50], [5, 20, 35, 50], [0, 10, 60, 50], [0, 10, 60, 50]]
    np.testing.assert_array_equal(targets, [70, 20, np.nan, np.nan])


def test_of_many_patches_others_are_taken_each_time():
    """So many as wanted, each with its own score."""
    patches = [[i, i, i + 10, i + 10] for i in range(8)]
    task = _task(50.0, patches, np.arange(8) * 10)
    rng, seen = np.random.default_rng(0), set()
    for _ in range(20):
        rois, targets = placed_rois(task, (40, 40), 40, np.zeros(2, "f4"), patches=3, rng=rng)
        np.testing.assert_array_equal(rois[1:, 0] * 10, targets[1:])
        seen |= set(targets[1:].tolist())
    assert len(seen) == 8


@pytest.fixture
def images():
    """Five images of three sizes in memory, with a patch each."""
    sizes = [(40, 60), (64, 64), (30, 90), (64, 64), (64, 64)]
    content = [_pixels(*size) for size in sizes]
    starts = np.cumsum([0, *(part.size for part in content)])[:-1]
    store = PackedImages(np.concatenate([part.ravel() for part in content]), starts, sizes)
    tasks = [_task(10.0 * i, [[4, 6, 20, 25]], [i], name=str(i)) for i in range(5)]
    return ImageSet(tasks, store)


def _plan(images, **changes):
    options = {"batch_size": 2, "accumulate": 1, "side": 48, "patches": 2, "flip": True, "seed": 3}
    return epoch_plan(images, **(options | changes))


def _epoch(images, **changes):
    """Pixels, rectangles and targets of each batch."""
    plan = _plan(images, **changes)
    return [(*inputs, targets) for inputs, targets in map(plan.make, range(len(plan)))]


def test_batches_of_an_epoch_are_reproducible(images):
    """Shapes and types; the same again for one epoch, others for another."""
    first, again, other = (_epoch(images, epoch=epoch) for epoch in (0, 0, 1))
    assert [part.shape for part in first[0]] == [(2, 48, 48, 3), (2, 3, 4), (2, 3)]
    assert [part.dtype for part in first[0]] == [np.uint8, np.float32, np.float32]
    for one, two in zip(first, again, strict=True):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)
    order = [np.concatenate([step[2][:, 0] for step in steps]).tolist() for steps in (first, other)]
    assert order[0] != order[1]
    assert all(len(set(scores)) == 4 for scores in order)


def test_patches_hold_the_same_pixels_after_mirroring(images):
    """A patch's rectangle shows rows 6..24 and columns 4..19 of its image, mirrored or not."""
    mirrored = set()
    for epoch in range(6):
        for pixels, rois, targets in _epoch(images, epoch=epoch):
            for image, (_, roi, _), target in zip(pixels, rois, targets, strict=True):
                if np.isnan(target[1]):
                    continue
                left, top, right, bottom = roi.astype(int)
                patch = image[top:bottom, left:right]
                assert patch[0, 0, 0] == 6 and patch[-1, 0, 0] == 24
                assert {patch[0, 0, 1], patch[0, -1, 1]} == {4, 19}
                mirrored.add(bool(patch[0, 0, 1] == 19))
    assert mirrored == {False, True}


def test_a_batch_is_computed_in_parts(images):
    """The parts of an update are batches of their own; what is left over waits."""
    plan = _plan(images, batch_size=4, accumulate=2, epoch=0)
    assert [len(part) for part in plan.order] == [2, 2]
    np.testing.assert_array_equal(
        np.concatenate(plan.order), np.concatenate(_plan(images, epoch=0).order)
    )


@pytest.mark.parametrize("patches", [None, 0, 2])
def test_a_pipeline_reads_batches_ahead_as_planned(images, patches):
    """tf.data gives the plan's batches in its order; P2P-BM takes pixels alone."""
    plan = _plan(images, patches=patches, epoch=1)
    batches = list(epoch_dataset(plan))
    assert len(batches) == len(plan) == 2
    for number, (inputs, targets) in enumerate(batches):
        wanted, rated = plan.make(number)
        assert isinstance(inputs, tuple) == (patches is not None)
        for found, array in zip(*map(keras.tree.flatten, (inputs, wanted)), strict=True):
            np.testing.assert_array_equal(found, array)
        np.testing.assert_array_equal(targets, rated)
        assert rated.shape == (2, 1 + (patches or 0))


def test_whole_images_for_validation():
    """Padded where they fit, else as they are; P2P-FM's patches, own or fixed."""
    pixels = _pixels(40, 60)
    task = _task(1.0, [[0, 0, 6, 4]] * 3, [1, 2, 3])
    same, rois = whole_image(task, pixels, side=None, feedback=False)
    assert same is pixels and rois.tolist() == [[0, 0, 60, 40]]
    padded, rois = whole_image(task, pixels, side=64, feedback=True)
    assert padded.shape == (64, 64, 3)
    assert rois.tolist() == [[2, 12, 62, 52]] + [[2, 12, 8, 16]] * 3
    assert whole_image(task, pixels, side=50, feedback=False)[0] is pixels
    _, rois = whole_image(_task(), pixels, side=None, feedback=True)
    np.testing.assert_allclose(rois[1], [0.316406 * 60, 0.417969 * 40, 0.71582 * 60, 0.773438 * 40])


def test_scores_of_records_are_0_to_100():
    """A MOS of 3 in 1..5 is 50."""
    record = ScoredImage("a.jpg", Path("a.jpg"), 3.0, None, "c", "kadid10k", (1.0, 5.0))
    (image,) = rated_images([record])
    assert (image.score, image.content, image.patches.shape) == (50.0, "c", (0, 4))


@pytest.fixture
def table():
    return pd.DataFrame(
        {"image_name": ["b", "a", "b"], "left": [0, 1, 2], "top": [0, 2, 3], "right": [9, 8, 7],
         "bottom": [9.5, 8, 7], "score": [30.0, 40.0, 50.0]}
    )  # fmt: skip


def test_patch_scores_of_both_forms(tmp_path, table):
    """CSV and .npz give the same, by image, in the order of the rows."""
    table.to_csv(tmp_path / "p.csv", index=False)
    columns = {name: table[name].to_numpy() for name in table}
    np.savez(tmp_path / "p.npz", **columns | {"image_name": table["image_name"].to_numpy(str)})
    for file in ("p.csv", "p.npz"):
        found = read_patch_scores(tmp_path / file)
        assert sorted(found) == ["a", "b"]
        assert found["b"][0].tolist() == [[0, 0, 9, 9.5], [2, 3, 7, 7]]
        assert found["b"][1].tolist() == [30, 50]
    sizes = [(10, 10)] * 2
    known, unknown = with_patches([_task(name="b"), _task(name="c")], found, sizes)
    assert len(known.patches) == 2 and len(unknown.patches) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.assign(score=[30, 40, 101]), r"101.*'b' \(row 3\)"),
        (lambda t: t.assign(score=[0.3, 0.4, 0.5]), "Multiply them by 100"),
        (lambda t: t.assign(left=["x", 1, 2]), "nan.*'b'"),
        (lambda t: t.drop(columns="right"), "right"),
    ],
)
def test_wrong_patch_files_are_refused(tmp_path, table, change, said):
    """The row, or the column, is named."""
    change(table).to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(ValueError, match=said):
        read_patch_scores(tmp_path / "p.csv")
    (tmp_path / "p.npz").write_bytes(b"no arrays")
    with pytest.raises(ValueError, match="Expected arrays image_name"):
        read_patch_scores(tmp_path / "p.npz")
    with pytest.raises(FileNotFoundError, match="gone.csv"):
        read_patch_scores(tmp_path / "gone.csv")


def test_patches_must_lie_in_their_images(tmp_path, table):
    """The image is named; patches of other images only are a mistake."""
    table.to_csv(tmp_path / "p.csv", index=False)
    found = read_patch_scores(tmp_path / "p.csv")
    with pytest.raises(ValueError, match="Patches of b: .*right <= 8"):
        with_patches([_task(name="b")], found, [(10, 8)])
    with pytest.raises(ValueError, match="such as 'z'"):
        with_patches([_task(name="z")], found, [(10, 10)])
