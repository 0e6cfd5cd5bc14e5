"""CUHK and DUT, on small trees in the published layouts."""

import numpy as np
import pytest

from kiqa.data.readers.local.blur_masks import cuhk_blur, dut_blur

LEFT = np.repeat([[255] * 3 + [0] * 5], 6, axis=0)  # bright on the left


def test_cuhk(tmp_path, write_image):
    """Images with a mask, by name; what bright means decides."""
    for name in ("out_of_focus0001", "motion0001", "motion0002"):
        write_image(tmp_path / "image" / f"{name}.jpg")
    for name in ("out_of_focus0001", "motion0001"):
        write_image(tmp_path / "gt" / f"{name}.png", LEFT)
    found = cuhk_blur(tmp_path, bright="bad")
    assert [image.name for image in found] == ["motion0001.jpg", "out_of_focus0001.jpg"]
    assert found[0].answers["all"](6, 8)[0].tolist() == [0] * 3 + [1] * 5
    (other, _) = cuhk_blur(tmp_path, bright="good")
    assert other.answers["all"](6, 8)[0].tolist() == [1] * 3 + [0] * 5


@pytest.mark.parametrize(
    ("inner", "images", "truth", "suffix"),
    [
        ("DUT-DBD_Dataset", "DUT500S-Testing", "DUT500GT-Testing", "bmp"),
        ("", "dut500-source", "dut500-gt", "png"),
    ],
)
def test_dut(tmp_path, write_image, inner, images, truth, suffix):
    """Both names of the test part, its folder or the one above."""
    write_image(tmp_path / inner / images / "0001.jpg")
    write_image(tmp_path / inner / truth / f"0001.{suffix}", LEFT)
    (image,) = dut_blur(tmp_path, bright="good")
    assert image.name == "0001.jpg" and image.answers["all"](6, 8).sum() == 18


@pytest.mark.parametrize("bright", [None, "blurred"])
def test_the_meaning_must_be_told(tmp_path, bright):
    """There is no default."""
    with pytest.raises(ValueError, match="good or bad as the meaning of bright pixels"):
        cuhk_blur(tmp_path, bright=bright)


def test_missing_folders_and_masks(tmp_path, write_image):
    """Each is named with the page."""
    with pytest.raises(FileNotFoundError, match=r"image/ and gt/ in .*cuhk"):
        cuhk_blur(tmp_path, bright="bad")
    write_image(tmp_path / "image" / "a.jpg")
    write_image(tmp_path / "gt" / "b.png")
    with pytest.raises(FileNotFoundError, match="called as the images"):
        cuhk_blur(tmp_path, bright="bad")
