"""What annotators say, as maps."""

import numpy as np
import pytest

from kiqa.data.readers.local.answers import bad_boxes, good_boxes, masks, rated_patches, truth_of


def test_boxes_of_good_and_of_bad_areas():
    """Whole pixels for the good ones; parts of the sides, every pixel touched, for the bad."""
    good = good_boxes(6, 8, boxes=[(0, 0, 2, 3), (1, 1, 3, 3)])
    assert good.sum() == 8 and good[2, 2] == 1 and good[0, 2] == 0
    bad = bad_boxes(6, 8, boxes=[(0.25, 0.5, 0.5, 1.0), (0.9, 0.0, 1.0, 0.01)])
    expected = np.ones((6, 8))
    expected[3:6, 2:4] = 0
    expected[0, 7] = 0
    np.testing.assert_array_equal(bad, expected)
    assert bad_boxes(6, 8, boxes=[]).min() == 1


@pytest.mark.parametrize(
    ("bright", "quality"), [("good", [0, 0, 1]), ("bad", [1, 1, 0]), ("any-bad", [1, 0, 0])]
)
def test_what_bright_pixels_mean(write_image, tmp_path, bright, quality):
    """Black, a dark colour and white, by meaning."""
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[:, 1], pixels[:, 2] = (120, 0, 0), 255
    write_image(tmp_path / "a.png", pixels, "RGB")
    np.testing.assert_array_equal(
        masks(2, 3, files=[tmp_path / "a.png"], bright=bright), [quality, quality]
    )


def test_several_masks_are_all_bad_areas(write_image, tmp_path):
    """The least quality of each pixel; another size is refused with both."""
    for name, at in (("a.png", 0), ("b.png", 7)):
        pixels = np.zeros((6, 8), np.uint8)
        pixels[:, at] = 255
        write_image(tmp_path / name, pixels)
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    found = masks(6, 8, files=files, bright="any-bad")
    assert found[:, [0, 7]].max() == 0 and found[:, 1:7].min() == 1
    with pytest.raises(ValueError, match=r"mask of 9x6 pixels.*a\.png, 8x6"):
        masks(6, 9, files=files, bright="bad")


def test_patches_say_something_where_they_lie():
    """Means where two overlap, NaN where none is; a patch outside is refused."""
    rois = np.array([[0, 0, 4, 4], [2, 2, 6, 6]], np.float32)
    found = rated_patches(6, 8, rois=rois, scores=np.array([0.2, 0.6]))
    assert found[0, 0] == pytest.approx(0.2) and found[5, 5] == pytest.approx(0.6)
    assert found[3, 3] == pytest.approx(0.4) and np.isnan(found[0, 7])
    with pytest.raises(ValueError, match="inside of the image of 5x6"):
        rated_patches(6, 5, rois=rois, scores=np.array([0.2, 0.6]))


def test_truth_is_the_mean_and_unknown_where_one_is():
    """Of all annotators."""
    one, other = np.array([[0, 1, np.nan]]), np.array([[1, 1, 1]])
    np.testing.assert_array_equal(truth_of([one, other]), np.array([[0.5, 1, np.nan]], np.float32))
