"""KonPatch from generated photographs, and its file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.data.konpatch import (
    build_konpatch,
    embedded_konpatch,
    label_histogram,
    load_konpatch,
    remaining,
    save_konpatch,
    write_vote_template,
)
from kiqa.data.records import ScoredImage


@pytest.fixture
def records(tmp_path):
    """Twelve images of different size, scores 0 to 0.917; two show one scene."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(12):
        path = tmp_path / f"{i:02}.png"
        pixels = rng.integers(0, 256, (70 + 3 * i, 90 + 2 * i, 3), np.uint8)
        Image.fromarray(pixels).save(path)
        scene = "twins" if i in (4, 5) else path.name
        made.append(ScoredImage(path.name, path, i / 12, None, scene, "invented", (0.0, 1.0)))
    return made


def test_every_patch_is_where_it_says(records):
    """Pixels, score and counts agree with the provenance."""
    patches = build_konpatch(records, images=5, patches_per_image=6, seed=1)
    assert len(patches) == 30
    assert len(np.unique(patches.image)) == 5
    by_name = {record.name: record for record in records}
    for x, name, row, col, mos in zip(
        patches.x, patches.image, patches.row, patches.col, patches.mos, strict=True
    ):
        with Image.open(by_name[name].path) as stored:
            np.testing.assert_array_equal(x, np.array(stored)[row : row + 64, col : col + 64])
        assert mos == np.float32(by_name[name].mos01)
    keys = set(zip(patches.image, patches.row, patches.col, strict=True))
    assert len(keys) == 30
    assert (patches.dataset, patches.seed, patches.label) == ("invented", 1, "lab")


def test_a_set_depends_on_names_and_seed_only(records):
    """Records in another order give the same set, another seed another one."""
    first = build_konpatch(records, images=5, patches_per_image=6, label="crowd", seed=1)
    again = build_konpatch(records[::-1], images=5, patches_per_image=6, label="crowd", seed=1)
    other = build_konpatch(records, images=5, patches_per_image=6, label="crowd", seed=2)
    for name in ("x", "y", "image", "row", "col", "mos", "votes_yes"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name), err_msg=name)
    assert set(first.image) != set(other.image)


def test_images_come_in_the_order_of_their_names(records):
    """The set is grouped by image, and equal sizes do not get equal positions."""
    for record in records:
        Image.new("RGB", (400, 300)).save(record.path)
    patches = build_konpatch(records, images=8, patches_per_image=3, seed=1)
    names = patches.image[::3].tolist()
    assert names == sorted(set(names))
    np.testing.assert_array_equal(patches.image, np.repeat(names, 3))
    assert len(set(zip(patches.row, patches.col, strict=True))) == 24


def test_lab_and_crowd_labels_of_pseudo_votes(records):
    """One vote and formula 3, or ten votes and their fraction, on the same patches."""
    lab = build_konpatch(records, patches_per_image=8, images=12, seed=1)
    crowd = build_konpatch(records, patches_per_image=8, images=12, seed=1, label="crowd")
    assert set(lab.votes_total) == {1}
    assert set(crowd.votes_total) == {10}
    np.testing.assert_array_equal(lab.x, crowd.x)
    np.testing.assert_array_equal(lab.y, np.where(lab.votes_yes == 1, lab.mos, 0))
    np.testing.assert_array_equal(crowd.y, (crowd.votes_yes / 10).astype(np.float32))
    assert lab.votes_source.startswith("pseudo-votes: ")
    assert lab.y.dtype == crowd.y.dtype == np.float32


def test_votes_of_people_go_out_and_come_back(records, tmp_path):
    """Template, votes filled in, built again: the labels follow the file."""
    arguments = {"images": 3, "patches_per_image": 2, "seed": 9}
    path = write_vote_template(build_konpatch(records, **arguments), tmp_path / "votes.csv")
    header, *rows = path.read_text().splitlines()
    rows = [row.removesuffix(",") + f"p1,{i % 2}" for i, row in enumerate(rows)]
    path.write_text("\n".join([header, *rows[::-1]]))
    patches = build_konpatch(records, votes=path, **arguments)
    assert patches.votes_yes.tolist() == [0, 1, 0, 1, 0, 1]
    assert patches.votes_source == "human: votes.csv"
    with pytest.raises(ValueError, match="patches have no vote"):
        build_konpatch(records, votes=path, **(arguments | {"seed": 10}))


def test_remaining_leaves_out_the_whole_scene(records):
    """An image of a scene that was used is not used again, even from another file."""
    patches = build_konpatch(records[:5], images=5, patches_per_image=1, seed=0)
    assert [record.name for record in remaining(records, patches)] == [
        f"{i:02}.png" for i in range(6, 12)
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": 13}, "1 to 12 images"),
        ({"images": 0}, "1 to 12 images"),
        ({"patches_per_image": 0}, "at least one patch"),
        ({"label": "mean"}, "received 'mean'"),
        ({"votes": np.ones(7)}, "received shape \\(7,\\)"),
    ],
)
def test_wrong_arguments_are_refused(records, changes, message):
    """Each is named with what was received."""
    arguments = {"images": 3, "patches_per_image": 2, "seed": 0} | changes
    with pytest.raises(ValueError, match=message):
        build_konpatch(records, **arguments)


def test_names_that_occur_twice_are_refused(records):
    """Provenance is by name."""
    with pytest.raises(ValueError, match="distinct names"):
        build_konpatch(records * 2, images=3, seed=0)


def test_an_image_that_is_too_small_is_named(records):
    """The file and its size are in the message."""
    Image.new("RGB", (100, 63)).save(records[7].path)
    with pytest.raises(ValueError, match=r"07\.png: .*received 63 x 100"):
        build_konpatch(records, images=12, patches_per_image=2, seed=0)


def test_an_unreadable_image_is_named(records):
    """A damaged file is never a patch of garbage."""
    records[7].path.write_bytes(records[7].path.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"07\.png"):
        build_konpatch(records, images=12, patches_per_image=2, seed=0)


@pytest.fixture(scope="module")
def small():
    """The embedded set with one patch of each version."""
    return embedded_konpatch(patches_per_version=1)


def test_a_file_holds_everything(small, tmp_path):
    """All attributes come back with their types, and NumPy alone reads the file."""
    path = save_konpatch(small, tmp_path / "new folder" / "small.npz")
    loaded = load_konpatch(path)
    for name, value in vars(small).items():
        np.testing.assert_array_equal(getattr(loaded, name), value, err_msg=name)
        assert type(getattr(loaded, name)) is type(value)
    with np.load(path) as stored:
        assert stored["x"].dtype == np.uint8
        assert stored["image"].shape == (120,)
    assert [file.name for file in path.parent.iterdir()] == ["small.npz"]


def test_a_set_without_versions_survives_its_file(records, tmp_path):
    """What was not there is not there afterwards."""
    patches = build_konpatch(records, images=2, patches_per_image=2, seed=0)
    loaded = load_konpatch(save_konpatch(patches, tmp_path / "k.npz"))
    assert loaded.version is None
    np.testing.assert_array_equal(loaded.x, patches.x)


def test_a_failed_write_leaves_the_old_file(small, tmp_path, monkeypatch):
    """A full disk costs the new file only, and no debris stays."""
    path = save_konpatch(small, tmp_path / "k.npz")
    before = path.read_bytes()

    def fail(file, **arrays):
        Path(file).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="No space left"):
        save_konpatch(small, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_another_suffix_is_refused(small, tmp_path):
    """NumPy would append .npz in silence."""
    with pytest.raises(ValueError, match=r"ends in \.npz"):
        save_konpatch(small, tmp_path / "k.zip")


def test_a_foreign_file_lists_what_it_holds(tmp_path):
    """Missing arrays and those found are in the message."""
    np.savez(tmp_path / "k.npz", x=np.zeros(3), scores=np.zeros(3))
    with pytest.raises(ValueError, match=r"k\.npz, received \['scores', 'x'\].*'y'"):
        load_konpatch(tmp_path / "k.npz")


@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "array", "bit"])
def test_a_damaged_file_is_named(small, tmp_path, damage):
    """No damage escapes as another kind of error."""
    path = save_konpatch(small, tmp_path / "k.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damaged = {
        "truncated": bytes(content[:-5000]),
        "text": b"not an archive",
        "empty": b"",
        "bit": bytes(content),
    }
    if damage == "array":
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
    else:
        path.write_bytes(damaged[damage])
    with pytest.raises(ValueError, match=r"k\.npz"):
        load_konpatch(path)


def test_a_missing_file_is_named(tmp_path):
    """The message says how such a file is made."""
    with pytest.raises(FileNotFoundError, match=r"k\.npz.*save_konpatch"):
        load_konpatch(tmp_path / "k.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.zeros(3, np.float32)}, r"\(120,\) beside x, received {'y': \(3,\)}"),
        ({"y": np.full(120, np.nan, np.float32)}, "y from 0 to 1"),
        ({"mos": np.full(120, 60, np.float32)}, "mos from 0 to 1"),
        ({"x": np.zeros((120, 64, 64, 3), np.float32)}, "uint8.*received float32"),
        ({"label": "mean"}, "received 'mean'"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(small, changes, message):
    """A set is checked when it is made, so files are, too."""
    with pytest.raises(ValueError, match=message):
        replace(small, **changes)


def test_histogram_counts_every_label(small):
    """Zeros, scores and ends of the scale have their bins; tenths lie in the middle."""
    y = np.zeros(120, np.float32)
    y[:5], y[5:8] = 1.0, 0.3
    edges, counts = label_histogram(replace(small, y=y))
    assert counts.sum() == 120
    assert counts[[0, 6, 20]].tolist() == [112, 3, 5]
    np.testing.assert_allclose((edges[:-1] + edges[1:]) / 2, np.arange(21) / 20, atol=1e-12)
    assert label_histogram(small, edges=np.array([0, 0.5, 1]))[1].sum() == 120


def test_the_embedded_set_is_what_it_says():
    """Size, versions, pseudo-scores and the name of its votes."""
    patches = embedded_konpatch()
    assert patches.x.shape == (1440, 64, 64, 3)
    assert len(np.unique(patches.image)) == 12
    assert len(np.unique(patches.version)) == 10
    assert set(patches.mos[patches.version == ""]) == {np.float32(0.9)}
    assert set(patches.mos[patches.version == "jpeg 5"]) == {np.float32(0.1)}
    assert patches.votes_source.startswith("pseudo-votes: ")
    assert "pseudo-MOS" in patches.votes_source
    assert 0.4 < patches.votes_yes.mean() < 0.6
    assert patches.votes_yes[patches.version == ""].mean() > 0.9
    assert patches.votes_yes[patches.version == "gaussian_blur 6"].mean() < 0.1


def test_the_embedded_set_repeats_with_its_seed(small):
    """The same seed gives the same set, another one other patches."""
    again = embedded_konpatch(patches_per_version=1)
    np.testing.assert_array_equal(small.x, again.x)
    np.testing.assert_array_equal(small.y, again.y)
    assert np.any(small.x != embedded_konpatch(patches_per_version=1, seed=1).x)


def test_embedded_patches_are_where_they_say(small):
    """An undistorted patch is the photograph at its row and column."""
    skimage = pytest.importorskip("skimage")
    at = np.flatnonzero((small.image == "astronaut.png") & (small.version == ""))[0]
    with Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png") as stored:
        pixels = np.array(stored.convert("RGB"))
    row, col = small.row[at], small.col[at]
    np.testing.assert_array_equal(small.x[at], pixels[row : row + 64, col : col + 64])
