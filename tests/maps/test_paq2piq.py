"""Scores of rectangles and grids of blocks, in one pass over the features."""

from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest

from kiqa.maps import paq2piq as roi_maps
from kiqa.maps.paq2piq import RegionRater, check_rois, grid_edges, grid_rois
from kiqa.models.paq2piq import build_paq2piq_body, build_paq2piq_head
from kiqa.models.resnet18 import build_resnet18


@pytest.fixture(scope="module")
def body():
    """ResNet-18 with a quarter of its filters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kiqa.models.resnet18._WIDTHS", (16, 32, 64, 128))
        return build_resnet18(seed=1)


@pytest.fixture(scope="module")
def head():
    """The function ``head(kind) -> keras.Model`` on features of the body."""
    return partial(build_paq2piq_head, features=128, seed=2)


@pytest.fixture(scope="module")
def raters(body, head):
    return {kind: RegionRater(body, head(kind=kind), kind=kind) for kind in ("bm", "rm", "fm")}


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (70, 130, 3), dtype=np.uint8)


def test_edges_are_evenly_spaced_and_not_rounded():
    """As the authors': linspace, in single precision."""
    np.testing.assert_array_equal(grid_edges(100, 8), np.linspace(0, 100, 9, dtype=np.float32))
    rois = grid_rois((60, 100), (2, 4))
    assert rois.tolist()[:2] == [[0, 0, 25, 30], [25, 0, 50, 30]]
    assert rois.tolist()[-1] == [75, 30, 100, 60]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rm", "fm"])
@pytest.mark.parametrize("grid", [(3, 3), (2, 5)], ids=str)
def test_map_is_the_score_of_each_block(raters, pixels, kind, grid):
    """Cell by cell what `rate` says of the block alone; P2P-FM: of any number of blocks."""
    found = raters[kind].map(pixels, grid)
    assert found.values.shape == grid and found.values.std() > 0
    assert found.scale == "0..100" and found.image_size == (70, 130)
    single = [raters[kind].rate(pixels, roi[None])[0] for roi in grid_rois((70, 130), grid)]
    np.testing.assert_allclose(found.values.reshape(-1), single, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(found.row_edges, grid_edges(70, grid[0]))
    np.testing.assert_array_equal(found.column_edges, grid_edges(130, grid[1]))


@pytest.mark.slow
def test_default_grid_is_32x32_and_one_pass(raters, pixels, monkeypatch):
    """1,024 rectangles, one call of the body."""
    calls = []
    first, second = raters["rm"]._parts
    run = lambda x: calls.append(x.shape) or first.run(x)  # noqa: E731
    monkeypatch.setattr(raters["rm"], "_parts", (replace(first, run=run), second))
    assert raters["rm"].map(pixels).values.shape == (32, 32)
    assert calls == [(1, 70, 130, 3)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "first", "second", "counts"),
    [((512, 509), 110_000, 4096, (4, 1)), ((1497, 90), 40_000, 1200, (5, 4))],
    ids=str,
)
def test_tiles_give_the_features_of_the_whole(raters, monkeypatch, size, first, second, counts):
    """Their margins hold all that a feature sees; sides need be no multiples of the stride."""
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    rater = raters["rm"]
    whole, score, needed = rater._features(pixels), rater.score(pixels), rater.memory(*size)
    for part, most, count in zip((0, 1), (first, second), counts, strict=True):
        networks, calls = list(rater._parts), []
        network = networks[part]

        def run(x, *, real=network.run, calls=calls):
            calls.append(x.shape[1] * x.shape[2])
            return real(x)

        networks[part] = replace(network, run=run, most=most)
        monkeypatch.setattr(rater, "_parts", tuple(networks))
        tiled = rater._features(pixels)
        assert len(calls) == count and max(calls) <= most
        np.testing.assert_allclose(tiled, whole, rtol=1e-5, atol=1e-5)
    assert rater.score(pixels) == pytest.approx(score, rel=1e-5)
    assert rater.memory(*size) < needed


def test_memory_of_large_images_is_that_of_a_tile(raters):
    """Four times the pixels take less than twice as much."""
    rater = raters["rm"]
    assert rater.memory(8000, 12000) < 1.8 * rater.memory(4000, 6000) < 2.5 * 2**30


def test_parts_of_many_rectangles_are_joined(raters, pixels, monkeypatch):
    """More rectangles than are rated together give the same scores."""
    whole = raters["rm"].map(pixels, (4, 5)).values
    monkeypatch.setattr(roi_maps, "_AT_ONCE", 7)
    np.testing.assert_allclose(raters["rm"].map(pixels, (4, 5)).values, whole, atol=1e-4)


def test_score_of_a_picture_is_that_of_its_own_rectangle(raters, pixels):
    """P2P-RM; a P2P-BM pools all features, here other numbers."""
    whole = [[0, 0, 130, 70]]
    score = raters["rm"].score(pixels)
    assert score == pytest.approx(raters["rm"].rate(pixels, whole)[0], abs=1e-4)
    assert raters["bm"].score(pixels) != pytest.approx(score, abs=1e-5)


@pytest.mark.slow
def test_feedback_takes_patches_or_the_fixed_ones(raters, pixels):
    """The authors' three rectangles, parts of the sides, where none are given."""
    rater = raters["fm"]
    fixed = [
        (0.316406, 0.417969, 0.71582, 0.773438),
        (0.68457, 0.429688, 0.984375, 0.695312),
        (0.061523, 0.33724, 0.260742, 0.514323),
    ]
    rois = np.array(fixed) * [130, 70, 130, 70]
    assert rater.score(pixels, rois) == pytest.approx(rater.score(pixels), abs=1e-4)
    others = [[0, 0, 20, 20], [60, 0, 130, 60], [0, 40, 60, 70]]
    assert rater.score(pixels, np.array(others)) != pytest.approx(rater.score(pixels), abs=1e-5)
    with pytest.raises(ValueError, match=r"3 patches.*\(2, 4\)"):
        rater.score(pixels, np.array(others[:2]))
    with pytest.raises(ValueError, match="P2P-FM only"):
        raters["rm"].score(pixels, rois)


@pytest.mark.parametrize(
    ("rois", "said"),
    [
        ([[0, 0, 131, 70]], r"right <= 130.*131"),
        ([[0, 0, 10, 10], [-1, 0, 10, 10]], r"\[-1, 0, 10, 10\] \(number 1\)"),
        ([[5, 5, 5, 20]], "left < right"),
        ([[9, 20, 30, 10]], "top < bottom"),
        ([[0, 0, np.nan, 10]], "nan"),
        (np.zeros((0, 4)), r"\(0, 4\)"),
        ([0, 0, 10, 10], r"shape \(4,\)"),
        ([["a", "b", "c", "d"]], "dtype"),
    ],
)
def test_rectangles_that_are_none_are_refused(raters, pixels, rois, said):
    """Outside, empty, reversed, not finite, not four numbers: named, none is clipped."""
    with pytest.raises(ValueError, match=said):
        raters["rm"].rate(pixels, rois)


def test_good_rectangles_stay_what_they_are():
    """The whole image and parts of pixels are fine."""
    rois = [[0, 0, 130, 70], [0.25, 1.5, 0.75, 2]]
    np.testing.assert_array_equal(check_rois(rois, (70, 130)), np.array(rois, np.float32))


@pytest.mark.parametrize(
    ("shape", "dtype", "said"),
    [((31, 64, 3), np.uint8, "32x32.*64x31"), ((64, 64), np.uint8, "RGB"),
     ((64, 64, 3), np.float32, "float32")],
)  # fmt: skip
def test_pictures_that_are_none_are_refused(raters, shape, dtype, said):
    """Smaller than 32 pixels, gray, or not uint8."""
    with pytest.raises(ValueError, match=said):
        raters["rm"].score(np.zeros(shape, dtype))


@pytest.mark.parametrize("grid", [(0, 3), (3, 131), (2.5, 3)])
def test_grids_that_are_none_are_refused(raters, pixels, grid):
    """At least one block, at least one pixel a block."""
    with pytest.raises(ValueError, match="block"):
        raters["rm"].map(pixels, grid)


@pytest.mark.slow
def test_another_body_is_seen_whole(pixels, eager):
    """EfficientNet-Lite2 has no tiles, and memory that grows with the image."""
    body = build_paq2piq_body("efficientnet-lite2", seed=1)
    rater = RegionRater(body, build_paq2piq_head(features=1280, seed=2), kind="rm")
    features = rater._features(pixels)
    whole = body.predict_on_batch(pixels[None].astype(np.float32))
    np.testing.assert_allclose(features, whole, rtol=1e-4, atol=1e-4)
    assert features.shape == (1, 3, 5, 1280)
    assert rater.map(pixels, (2, 3)).values.shape == (2, 3)
    assert rater.memory(4000, 6000) > 3 * rater.memory(2000, 3000)
    with pytest.raises(ValueError, match="head of a P2P-RM"):
        RegionRater(body, build_paq2piq_head(), kind="rm")


def test_baseline_makes_no_maps(raters, pixels):
    """P2P-BM rates whole images."""
    with pytest.raises(ValueError, match="P2P-BM, which rates whole images"):
        raters["bm"].map(pixels)


def test_body_and_head_must_fit(body, head):
    """Exchanged, of another kind, or without the first head."""
    head, feedback = head(kind="rm"), head(kind="fm")
    inputs = keras.Input((None, None, 3))
    other = keras.Model(inputs, keras.layers.Conv2D(128, 3)(inputs))
    for arguments in ((head, body, "rm"), (body, feedback, "rm"), (body, head, "fm")):
        with pytest.raises(ValueError, match="Expected the (body|head) of a P2P"):
            RegionRater(*arguments[:2], kind=arguments[2])
    with pytest.raises(ValueError, match=r"layer2.1.relu2.*head_relu6"):
        RegionRater(other, head, kind="rm")
    with pytest.raises(ValueError, match="bm, rm, fm"):
        RegionRater(body, head, kind="xm")
