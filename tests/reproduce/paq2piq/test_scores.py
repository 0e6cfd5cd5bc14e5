"""Scores of images and patches by a model."""

import numpy as np
import pytest

from kiqa.io.images import load_image
from kiqa.io.weights import Details, export_h5, find_companion, load_model, read_info
from kiqa.models.patchnet import build_patchnet
from kiqa.reproduce.paq2piq.scores import open_model, rated_rows, size_of_patch
from kiqa.scoring import Scorer

pytestmark = pytest.mark.usefixtures("eager")


@pytest.mark.slow
def test_rows_of_pictures_and_patches(live_fb, models, opened):
    """Regions by P2P-RM's rater, feedback from the patches by P2P-FM, crops by other models."""
    from kiqa.maps.paq2piq import RegionRater

    path = live_fb / "database/set/4.png"
    pixels = load_image(path).pixels
    rois = np.array([[2, 4, 66, 68], [30, 10, 80, 60], [40, 40, 100, 80]], np.float32)
    for kind in ("rm", "fm", "bm"):
        info = read_info(models[kind])
        head = load_model(find_companion(info, "head").path)
        rater = RegionRater(load_model(info.path), head, kind=kind)
        (row,) = rated_rows([path], [rois], opened(str(models[kind])))
        if kind == "bm":
            parts = [pixels[4:68, 2:66], pixels[10:60, 30:80], pixels[40:80, 40:100]]
            expected = rater.score(pixels), [rater.score(part) for part in parts]
        elif kind == "rm":
            expected = rater.score(pixels), rater.rate(pixels, rois)
        else:
            expected = rater.score(pixels, rois), rater.rate(pixels, rois)
            assert rater.score(pixels) != expected[0]
        assert row["error"] is None
        assert row["score"] == pytest.approx(expected[0], rel=1e-5)
        np.testing.assert_allclose(row["patch_scores"], expected[1], rtol=1e-5)


@pytest.mark.slow
def test_padded_pictures_of_validation(live_fb, models, opened):
    """P2P-RM sees white round the image and rates the image's rectangle; P2P-FM is refused."""
    path = live_fb / "database/set/5.png"
    rois = np.array([[2, 4, 66, 68]], np.float32)
    (plain,), (padded,) = (
        list(rated_rows([path], [rois], opened(str(models["rm"])), padded=padded))
        for padded in (False, True)
    )
    assert padded["error"] is None and len(padded["patch_scores"]) == 1
    assert padded["score"] != plain["score"]
    (row,) = rated_rows([path], [rois], opened(str(models["fm"])), padded=True)
    assert row["score"] is None and "P2P-BM or P2P-RM" in row["error"]


def test_a_picture_that_cannot_be_read_is_a_row(live_fb, models, opened):
    """The others are scored."""
    good, bad = live_fb / "database/set/1.png", live_fb / "labels.png"
    bad.write_bytes(b"no picture")
    none = [np.zeros((0, 4))] * 2
    rows = list(rated_rows([bad, good], none, opened(str(models["rm"]))))
    assert "labels.png" in rows[0]["error"] and rows[0]["score"] is None
    assert rows[1]["error"] is None and rows[1]["patch_scores"] == []


def test_any_patch_network_takes_crops(live_fb, tmp_path):
    """Patchnet rates patches as images of their own."""
    network = build_patchnet(conv_widths=((4,), (4,)), dense_widths=(8,), seed=0)
    file = export_h5(network, tmp_path / "tiny.h5", Details(name="tiny", version="1", scale="0..1",
                     higher_is_better=True))  # fmt: skip
    path = live_fb / "database/set/4.png"
    (row,) = rated_rows([path], [np.array([[0, 0, 70, 66]])], open_model(file))
    scorer, pixels = Scorer(file), load_image(path).pixels
    assert row["score"] == pytest.approx(scorer.score(pixels))
    assert row["patch_scores"][0] == pytest.approx(scorer.score(pixels[:66, :70].copy()))


@pytest.mark.parametrize(("roi", "size"), [
    ((0, 0, 40, 32), "40 %"), ((0, 0, 36, 27), "30 %"), ((0, 0, 5, 5), "20 %"),
    ((0, 0, 90, 80), "40 %"),
])  # fmt: skip
def test_sizes_of_patches(roi, size):
    """The nearest published size by area, of an image of 100x80."""
    assert size_of_patch(np.array(roi), (80, 100)) == size
