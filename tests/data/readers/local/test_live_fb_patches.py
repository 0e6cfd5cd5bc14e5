"""LIVE-FB's patches as maps, on a small tree in the published layout."""

import numpy as np
import pytest

from kiqa.data.readers.local.live_fb_patches import live_fb_local

EDGES = ("left", "top", "right", "bottom")


def test_scores_lie_where_the_patches_do(tmp_path, write_image):
    """As parts of the scale 0..100, on the image itself."""
    parts = {"image": (0, 0, 8, 6), "patch_1": (0, 0, 3, 2), "patch_2": (4, 3, 7, 5),
             "patch_3": (1, 4, 2, 6)}  # fmt: skip
    cells = {f"{edge}_{part}": value for part, box in parts.items()
             for edge, value in zip(EDGES, box, strict=True)}  # fmt: skip
    cells |= {"name_image": "blur_dataset/a.jpg", "mos_image": 50}
    cells |= {f"mos_patch_{number}": 20 * number for number in (1, 2, 3)}
    folder = tmp_path / "database"
    write_image(folder / "blur_dataset" / "a.jpg")
    (folder / "labels_image.csv").write_text("name,mos\nblur_dataset/a.jpg,50\n")
    lines = [",".join(map(str, row)) for row in (cells, cells.values())]
    (folder / "labels640.csv").write_text("\n".join([*lines, ""]))
    (image,) = live_fb_local(tmp_path)
    quality = image.answers["all"](6, 8)
    assert (image.name, list(image.answers)) == ("blur_dataset/a.jpg", ["all"])
    assert quality[0, 2] == pytest.approx(0.2) and quality[3, 4] == pytest.approx(0.4)
    assert quality[5, 1] == pytest.approx(0.6) and np.isnan(quality).sum() == 48 - 6 - 6 - 2
