"""KonPatch from generated images, and its file."""

import numpy as np
import pytest
from PIL import Image

from kiqa.data.konpatch import (
    build_konpatch,
    write_vote_template,
)


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
    with pytest.raises(ValueError, match=r"07\.png: .*Received: 100x63"):
        build_konpatch(records, images=12, patches_per_image=2, seed=0)


def test_an_unreadable_image_is_named(records):
    """A damaged file is never a patch of garbage."""
    records[7].path.write_bytes(records[7].path.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"07\.png"):
        build_konpatch(records, images=12, patches_per_image=2, seed=0)


def test_images_that_cannot_be_used_are_left_out(records, tmp_path):
    """Where somebody is told; the patches of the others are the same ones."""
    whole = build_konpatch(records, images=12, patches_per_image=3, seed=1)
    bad = sorted(records, key=lambda record: record.name)[2]
    bad.path.write_bytes(b"no image")
    with pytest.raises(ValueError, match=bad.path.name):
        build_konpatch(records, images=12, patches_per_image=3, seed=1)
    told = []
    options = {"images": 12, "patches_per_image": 3, "seed": 1}
    rest = build_konpatch(records, on_error=lambda path, error: told.append(path), **options)
    assert told == [bad.path]
    others = whole.image != bad.name
    np.testing.assert_array_equal(rest.x, whole.x[others])
    np.testing.assert_array_equal(rest.image, whole.image[others])
    with pytest.raises(ValueError, match="none, of 1"):
        build_konpatch([bad], images=1, seed=1, on_error=lambda path, error: None)
