"""Patches of 40, 30 and 20 % that hardly overlap, and their files."""

import csv

import numpy as np
import pytest
from PIL import Image

from kiqa.data.study.cropping import cut, overlap_of, place_patches, write_patches


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        ((683, 1024), [(409, 273), (307, 204), (204, 136)]),  # as in LIVE-FB's labels640.csv
        ((660, 1200), [(480, 264), (360, 198), (240, 132)]),
        ((10, 10), [(4, 4), (3, 3), (2, 2)]),
    ],
)
def test_sizes_are_those_of_the_data_set(size, sides):
    """Floor of 40, 30 and 20 % of both sides; inside, and little overlap, whatever the draw."""
    for seed in range(40):
        rois = place_patches(size, rng=np.random.default_rng(seed))
        assert [(r - l, b - t) for l, t, r, b in rois.tolist()] == sides  # noqa: E741
        assert rois.min() >= 0 and rois[:, 2].max() <= size[1] and rois[:, 3].max() <= size[0]
        assert overlap_of(rois) <= 0.25


def test_every_place_can_be_drawn():
    """Corners of the largest patch reach both ends of both axes."""
    rng = np.random.default_rng(0)
    drawn = np.array([place_patches((20, 30), rng=rng)[0] for _ in range(2000)])
    assert drawn.min(axis=0).tolist() == [0, 0, 12, 8]
    assert drawn.max(axis=0).tolist() == [18, 12, 30, 20]


def test_overlap_counts_the_smaller_patch():
    """A small patch inside of a large one is wholly covered."""
    assert overlap_of([[0, 0, 10, 10], [2, 2, 4, 4]]) == 1
    assert overlap_of([[0, 0, 10, 10], [8, 0, 16, 5]]) == pytest.approx(10 / 40)
    assert overlap_of([[0, 0, 10, 10], [10, 0, 20, 10]]) == overlap_of([[0, 0, 1, 1]]) == 0


def test_patches_that_do_not_fit_are_an_error():
    """Two patches of 90 % cannot have little overlap; the message says after how many tries."""
    rng = np.random.default_rng(0)
    message = "2 patches of 90%, 90%.*100x50 image.*at most 25%.*Received: none such in 50 tries"
    with pytest.raises(ValueError, match=message):
        place_patches((50, 100), rng=rng, scales=(0.9, 0.9), tries=50)
    assert len(place_patches((50, 100), rng=rng, scales=(0.9, 0.9), overlap=1)) == 2


@pytest.mark.parametrize(("options", "message"), [
    ({"scales": ()}, "scales above 0"), ({"scales": (1.2,)}, "scales above 0"),
    ({"overlap": -0.1}, "overlap from 0"), ({"tries": 0}, "one try"),
    ({"image_size": (4, 400)}, "large enough.*400x4"),
])  # fmt: skip
def test_bad_arguments(options, message):
    """Each is named."""
    with pytest.raises(ValueError, match=message):
        place_patches(**{"image_size": (50, 50), "rng": np.random.default_rng(0)} | options)


def test_cut():
    """Left, top, right, bottom; outside, empty and reversed are refused."""
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    np.testing.assert_array_equal(cut(pixels, (2, 1, 5, 3)), pixels[1:3, 2:5])
    for roi in ((0, 0, 9, 2), (3, 0, 3, 2), (4, 0, 3, 2), (-1, 0, 3, 2)):
        with pytest.raises(ValueError, match="8x6 image"):
            cut(pixels, roi)


@pytest.fixture
def pictures(tmp_path):
    """Three images of noise."""
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for seed, path in enumerate(paths):
        noise = np.random.default_rng(seed).integers(0, 256, (60, 80, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
    return paths


def _rows(table):
    return list(csv.DictReader(table.read_text().splitlines()))


def test_files_hold_the_pixels(pictures, tmp_path):
    """Three lossless files an image, their places in the table; other images change nothing."""
    table = write_patches(pictures, tmp_path / "out", seed=1)
    rows = _rows(table)
    assert [row["scale"] for row in rows] == ["0.4", "0.3", "0.2"] * 3
    for row in rows:
        roi = [int(row[edge]) for edge in ("left", "top", "right", "bottom")]
        with Image.open(tmp_path / row["image_name"]) as whole:
            expected = np.asarray(whole)[roi[1] : roi[3], roi[0] : roi[2]]
        with Image.open(table.parent / row["patch_name"]) as patch:
            np.testing.assert_array_equal(np.asarray(patch), expected)
    alone = _rows(write_patches(pictures[1:2], tmp_path / "one", seed=1))
    assert alone == rows[3:6]
    other = _rows(write_patches(pictures[1:2], tmp_path / "two", seed=2))
    assert other != alone


def test_what_cannot_be_cut(pictures, tmp_path):
    """Equal names, no images, a missing one, one that is too small: named, and no table."""
    Image.new("RGB", (4, 4)).save(tmp_path / "tiny.png")
    out = tmp_path / "out"
    with pytest.raises(ValueError, match=r"more than once: \['a.png'\]"):
        write_patches([pictures[0], pictures[0]], out, seed=0)
    with pytest.raises(ValueError, match="0 images"):
        write_patches([], out, seed=0)
    with pytest.raises(FileNotFoundError, match="gone.png"):
        write_patches([tmp_path / "gone.png"], out, seed=0)
    with pytest.raises(ValueError, match="tiny.png: .*4x4"):
        write_patches([tmp_path / "tiny.png"], out, seed=0)
    assert not (out / "patches.csv").exists()


def test_what_cannot_be_cut_is_left_out(pictures, tmp_path):
    """Where somebody is told; the others are cut as they would be alone."""
    pictures[0].write_bytes(b"no image")
    Image.new("RGB", (4, 4)).save(pictures[2])
    told = []

    def note(path, error):
        told.append((path, str(error)))

    rows = _rows(write_patches(pictures, tmp_path / "out", seed=1, on_error=note))
    assert [path for path, _ in told] == [pictures[0], pictures[2]] and "4x4" in told[1][1]
    assert rows == _rows(write_patches(pictures[1:2], tmp_path / "one", seed=1))
    with pytest.raises(ValueError, match="none, of 1"):
        write_patches(pictures[:1], tmp_path / "none", seed=1, on_error=note)
