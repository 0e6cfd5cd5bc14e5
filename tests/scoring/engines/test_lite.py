"""Scoring with lite: rows with percentile and interval, maps of blocks, wrong files."""

import shutil

import numpy as np
import pytest

from kiqa.io.weights import Companion, Details, export_h5, read_info, rewrite_details
from kiqa.maps.lite import GRID
from kiqa.models.lite import build_lite, build_lite_local
from kiqa.scoring import Scorer
from kiqa.scoring.engines.lite import placed

DETAILS = {
    "percentiles": [i / 100 for i in range(101)],
    "interval": {"level": 0.9, "edges": [0.25, 0.5], "half_widths": [0.3, 0.1, 0.05]},
}


ABOUT = {"name": "lite", "version": "0", "scale": "0..1", "higher_is_better": True}


@pytest.fixture(scope="module")
def file(tmp_path_factory, small_lite):
    network = build_lite(variant="lite0", units=4, seed=1)
    path = tmp_path_factory.mktemp("lite") / "lite.h5"
    return export_h5(network, path, Details(**ABOUT, mode="lite", **DETAILS))


@pytest.fixture(scope="module")
def scorer(file):
    return Scorer(file)


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_row_says_where_the_score_stands(scorer, photo):
    (row,) = scorer([photo[:64, :80]])
    assert row["error"] is None
    assert row["percentile"] == pytest.approx(100 * row["score"], abs=0.01)
    assert row["low"] < row["score"] < row["high"]
    assert row["stride"] == 32
    assert scorer.least_side == 32


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0.1, (10, 0, 0.4)), (0.3, (30, 0.2, 0.4)), (0.97, (97, 0.92, 1))],
)
def test_interval_depends_on_the_range_and_stays_within_the_scale(score, expected):
    found = placed(score, Details(**ABOUT, **DETAILS))
    np.testing.assert_allclose([found["percentile"], found["low"], found["high"]], expected)


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_map_is_a_grid_of_blocks(scorer, photo):
    found = scorer.map(photo)
    assert found.values.shape == GRID
    assert found.stride == 0
    assert scorer.having(grid=(3, 5)).map(photo).values.shape == (3, 5)


@pytest.mark.slow
def test_small_images_and_strides_are_refused(file, scorer, photo):
    (row,) = scorer([photo[:31, :80]])
    assert "at least 32x32 pixels" in row["error"]
    with pytest.raises(ValueError, match="grid of blocks.*stride 8"):
        Scorer(file, stride=8).score(photo)


@pytest.mark.slow
def test_file_without_interval_is_refused(tmp_path, file, photo):
    path = shutil.copy(file, tmp_path)
    rewrite_details(path, Details(**ABOUT, mode="lite", percentiles=DETAILS["percentiles"]))
    with pytest.raises(ValueError, match="percentiles, 101 rising numbers, and interval"):
        Scorer(path).score(photo)


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_local_network_must_be_of_this_file(tmp_path, file, scorer, photo, small_lite):
    before = scorer.map(photo).values
    file = shutil.copy(file, tmp_path)

    def local(sha256):
        network = build_lite_local(widths=small_lite, units=4, seed=3)
        about = {**ABOUT, "name": "lite_local"}
        details = Details(**about, companions={"body": Companion("lite", sha256)})
        export_h5(network, tmp_path / "lite_local.h5", details)

    local("0" * 64)
    with pytest.raises(ValueError, match="one trained on .*0000"):
        Scorer(file).map(photo)
    local(read_info(file).sha256)
    changed = Scorer(file).map(photo)
    assert np.abs(changed.values - before).max() > 1e-4
    sha256 = read_info(tmp_path / "lite_local.h5").sha256
    assert changed.weights_sha256 == Scorer(file).map_sha256 == sha256
    assert scorer.map_sha256 == scorer.map(photo).weights_sha256 == read_info(file).sha256


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_local_network_is_found_under_both_names(tmp_path, file, photo, small_lite):
    """Its own, or that of training; of another model's in the folder nothing is said."""
    first, second = (tmp_path / name for name in ("lite.h5", "mine.h5"))
    shutil.copy(file, first)
    network = build_lite(variant="lite0", units=4, seed=2)
    export_h5(network, second, Details(**ABOUT, mode="lite", **DETAILS))
    about = {**ABOUT, "name": "lite_local"}
    companion = Companion("lite", read_info(first).sha256)
    local = tmp_path / "lite_local.h5"
    export_h5(build_lite_local(widths=small_lite, units=4, seed=3), local,
              Details(**about, companions={"body": companion}))  # fmt: skip
    maps = [Scorer(path).map(photo) for path in (first, second)]
    assert [found.weights_sha256 for found in maps] == [
        read_info(path).sha256 for path in (local, second)
    ]
    renamed = [(first, tmp_path / "best.h5"), (local, tmp_path / "best_local.h5")]
    for before, after in renamed:  # the network first, which is then known by its hash
        before.rename(after)
        again = Scorer(tmp_path / "best.h5").map(photo)
        np.testing.assert_array_equal(again.values, maps[0].values)


def test_other_models_say_nothing_beside_the_score():
    scorer = Scorer("patchnet")
    assert scorer.beside(0.5) == {}
    (row,) = scorer([np.full((80, 80, 3), 99, np.uint8)])
    assert row["percentile"] is row["low"] is row["high"] is None


@pytest.mark.slow
@pytest.mark.parametrize("size", [(512, 512), (300, 600)], ids=str)
def test_images_that_show_nothing_are_bad(shipped_scorer, size):
    """The shipped file, in usual shapes: black, gray, white and noise."""
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    flat = [np.full((*size, 3), value, np.uint8) for value in (0, 128, 255)]
    scores = [row["score"] for row in shipped_scorer("lite")([*flat, noise])]
    assert max(scores) < 0.2
