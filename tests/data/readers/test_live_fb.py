"""Reader of LIVE-FB, on a small tree in the published layout, and its padding."""

import logging

import numpy as np
import pytest

from kiqa.data import DATASETS
from kiqa.data.readers.live_fb import live_fb, live_fb_patch_images, live_fb_patches, pad_picture
from kiqa.data.study.cropping import overlap_of
from kiqa.training.paq2piq.batches import place_image

# A row as published in github.com/baidut/PaQ-2-PiQ, database/labels640.csv (the first one).
HEADER = (
    "mos_patch_1,name_patch,width_patch_1,height_patch_1,top_patch_1,left_patch_1,bottom_patch_1,"
    "right_patch_1,mos_patch_2,width_patch_2,height_patch_2,top_patch_2,left_patch_2,"
    "bottom_patch_2,right_patch_2,mos_patch_3,width_patch_3,height_patch_3,top_patch_3,"
    "left_patch_3,bottom_patch_3,right_patch_3,mos_image,name_image,width_image,height_image,"
    "top_image,left_image,bottom_image,right_image"
)
TEST_ROW = (
    "79.47386983,patches/EMOTIC__cwpvmtkuw83q2or3za.jpg,480,264,206,564,470,1044,70.63982665,360,"
    "198,302,15,500,375,58.62773644,240,132,458,377,590,617,59.64871868,"
    "voc_emotic_ava/EMOTIC__cwpvmtkuw83q2or3za.jpg,1200,660,0,0,660,1200"
)
TEST_NAME = "voc_emotic_ava/EMOTIC__cwpvmtkuw83q2or3za.jpg"
# An image of 200x100 in the middle of 640x640: left 220, top 270.
PADDED = (
    "{m1},patches/{name},80,40,{t1},{l1},{b1},{r1},50,60,30,300,350,330,410,40,40,20,345,225,365,"
    "265,{mos},{folder}/{name},200,100,270,220,370,420,{valid}"
)


def _padded(name, *, valid, folder="blur_dataset", mos="61.5", m1="60", top=280, left=230):
    edges = {"t1": top, "l1": left, "b1": top + 40, "r1": left + 80}
    return PADDED.format(name=name, folder=folder, valid=valid, mos=mos, m1=m1, **edges)


@pytest.fixture
def root(tmp_path):
    """Four images: one of the test, one each of train and val, one of no part."""
    folder = tmp_path / "database"
    scores = {TEST_NAME: 59.64871868, "blur_dataset/a.jpg": 61.5, "blur_dataset/b.jpg": 70,
              "EE371R/c.jpg": 33.25}  # fmt: skip
    for name in scores:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    lines = [f"{name},{mos}" for name, mos in scores.items()]
    (folder / "labels_image.csv").write_text("\n".join(["name,mos", *lines, ""]))
    (folder / "labels640.csv").write_text(f"{HEADER}\n{TEST_ROW}\n")
    rows = [_padded("a.jpg", valid="False"), _padded("b.jpg", valid="True", mos="70")]
    text = "\n".join([f"{HEADER},is_valid", *rows, ""])
    (folder / "labels=640_padded.csv").write_text(text)
    patches = [f"patches/{name}_patch_{k}.jpg" for name in ("a.jpg", "b.jpg") for k in (1, 2, 3)]
    (folder / "patches").mkdir()
    for name in patches:
        (folder / name).touch()
    lines = [f"{name},{50 + i}" for i, name in enumerate(patches)]
    (folder / "labels_patch.csv").write_text("\n".join(["name,mos", *lines, ""]))
    return tmp_path


def test_pictures_with_their_sets(root):
    """Names, scores and the three parts; what no file of regions names has no set."""
    records = live_fb(root)
    assert [(r.name, r.mos, r.set) for r in records] == [
        (TEST_NAME, 59.64871868, "test"), ("blur_dataset/a.jpg", 61.5, "train"),
        ("blur_dataset/b.jpg", 70, "val"), ("EE371R/c.jpg", 33.25, None),
    ]  # fmt: skip
    assert {(r.dataset, r.mos_range, r.sd) for r in records} == {("live-fb", (0, 100), None)}
    assert all(r.path.is_file() for r in records)
    assert [r.set for r in live_fb(root / "database")] == [r.set for r in records]
    assert DATASETS["live-fb"] is live_fb and DATASETS["live-fb-patches"] is live_fb_patch_images


def test_labels_may_lie_beside_the_folder(root):
    """The label files in the folder above are found too, under either published name."""
    (root / "database/labels=640_padded.csv").rename(root / "labels<=640_padded.csv")
    (root / "database/labels_image.csv").rename(root / "labels_image.csv")
    assert [r.set for r in live_fb(root)] == ["test", "train", "val", None]


def test_patches_of_a_published_row(root):
    """Left, top, right, bottom and scores of the three patches, 40, 30 and 20 % of the sides."""
    rois, scores = live_fb_patches(root)[TEST_NAME]
    assert rois.tolist() == [[564, 206, 1044, 470], [15, 302, 375, 500], [377, 458, 617, 590]]
    np.testing.assert_allclose(scores, [79.47386983, 70.63982665, 58.62773644])
    np.testing.assert_allclose((rois[:, 2] - rois[:, 0]) / 1200, [0.4, 0.3, 0.2])
    assert overlap_of(rois) <= 0.25


def test_places_on_the_padded_square_become_places_on_the_picture(root):
    """The square's 220 pixels at the left and 270 above are taken off; padding brings them back."""
    rois, scores = live_fb_patches(root)["blur_dataset/a.jpg"]
    assert rois.tolist() == [[10, 10, 90, 50], [130, 30, 190, 60], [5, 75, 45, 95]]
    assert scores.tolist() == [60, 50, 40]
    padded, moved = pad_picture(np.zeros((100, 200, 3), np.uint8), rois)
    assert moved[0].tolist() == [230, 280, 310, 320]
    assert padded.shape == (640, 640, 3) and (padded[270:370, 220:420] == 0).all()
    assert np.count_nonzero((padded == 255).all(axis=2)) == 640 * 640 - 100 * 200


@pytest.mark.parametrize("size", [(640, 640), (333, 500), (1, 639)])
def test_padding_is_that_of_the_training(size):
    """Odd sides too; a larger image is refused, not cropped."""
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    padded, moved = pad_picture(pixels, [[0, 0, size[1], size[0]]])
    expected, shift = place_image(pixels, 640, rng=None)
    np.testing.assert_array_equal(padded, expected)
    assert moved[0, :2].tolist() == shift.tolist()
    with pytest.raises(ValueError, match="at most 32x32 pixels. Received: 33x20"):
        pad_picture(np.zeros((20, 33, 3), np.uint8), np.zeros((0, 4)), side=32)


def test_names_of_regions_without_their_folder(root):
    """A file of regions whose names lack the folder is joined by the last part."""
    path = root / "database/labels=640_padded.csv"
    path.write_text(path.read_text().replace("blur_dataset/", "padded640/"))
    assert [r.set for r in live_fb(root)] == ["test", "train", "val", None]
    assert "blur_dataset/b.jpg" in live_fb_patches(root)


def test_patches_as_images(root):
    """Set and content are those of the image that a patch is from."""
    records = live_fb_patch_images(root)
    assert [r.set for r in records] == ["train"] * 3 + ["val"] * 3
    assert {r.content for r in records} == {"blur_dataset/a.jpg", "blur_dataset/b.jpg"}
    assert records[4].name == "patches/b.jpg_patch_2.jpg" and records[4].mos == 54


def test_missing_files_of_regions(root, caplog):
    """Without them images have no set, which is said; patches cannot be read."""
    (root / "database/labels640.csv").unlink()
    (root / "database/labels=640_padded.csv").unlink()
    with caplog.at_level(logging.WARNING):
        assert {record.set for record in live_fb(root)} == {None}
    assert "no labels640.csv" in caplog.text
    with pytest.raises(FileNotFoundError, match="labels640.csv.*Download"):
        live_fb_patches(root)


@pytest.mark.parametrize(("row", "message"), [
    (_padded("a.jpg", valid="perhaps"), "True or False.*line 2.*'perhaps'"),
    (_padded("a.jpg", valid="True", left=400), r"inside of the 200x100.*180.*line 2"),
    (_padded("a.jpg", valid="True", top=200), "inside of the 200x100"),
    (_padded("a.jpg", valid="True", m1="good"), "finite edges and scores.*line 2"),
])  # fmt: skip
def test_bad_regions_name_their_line(root, row, message):
    """What is no truth value, no number, or no place on the image."""
    (root / "database/labels=640_padded.csv").write_text(f"{HEADER},is_valid\n{row}\n")
    with pytest.raises(ValueError, match=message):
        live_fb_patches(root)


def test_column_that_is_missing(root):
    """The columns found are listed."""
    path = root / "database/labels640.csv"
    path.write_text(path.read_text().replace("left_patch_2", "x"))
    with pytest.raises(ValueError, match="left_patch_2"):
        live_fb(root)
