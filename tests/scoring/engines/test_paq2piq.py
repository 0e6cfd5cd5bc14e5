"""PaQ-2-PiQ through the scorer: two files as one model, grids instead of strides."""

import shutil

import numpy as np
import pytest

import kiqa
from kiqa.io.weights import Companion, Details, export_h5, find_companion, list_models, read_info
from kiqa.models.paq2piq import build_paq2piq_head
from kiqa.models.patchnet import build_patchnet
from kiqa.scoring import Scorer
from kiqa.scoring import scorer as scorer_module
from kiqa.scoring.engines.paq2piq import export_pair, load_rater


@pytest.fixture(scope="module")
def networks(small_body):
    return small_body(seed=1), build_paq2piq_head(seed=2)


@pytest.fixture(scope="module")
def path(tmp_path_factory, networks):
    """Both files in a folder of their own; loaded once by those who only score."""
    folder = tmp_path_factory.mktemp("pair")
    return export_pair(*networks, folder / "p2p.h5", kind="rm", trained_on=())


@pytest.fixture
def own_path(path, tmp_path):
    """A copy of both files, not loaded yet."""
    for file in path.parent.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / path.name


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)


def test_pair_of_files_is_one_model(path):
    """The body names its head and the head's hash; both say what they were trained on."""
    info = read_info(path)
    head = find_companion(info, "head")
    assert head.path.name == "p2p_head.h5"
    assert info.details.companions == {"head": Companion("p2p_head", head.sha256)}
    assert info.details.trained_on == head.details.trained_on == ()
    assert head.details.body == "p2p.h5"


@pytest.mark.slow
def test_score_map_and_rows(path, pixels):
    """kiqa.score, kiqa.quality_map with a grid, and a row of results."""
    grid = kiqa.quality_map(pixels, model=path, grid=(5, 7))
    assert grid.values.shape == (5, 7) and grid.model == "p2p" and grid.scale == "0..100"
    assert grid.weights_sha256 == read_info(path).sha256
    assert kiqa.quality_map(pixels, model=path).values.shape == (32, 32)
    assert kiqa.quality_map(pixels, model=path, grid=[2, 3]).values.shape == (2, 3)
    (row,) = Scorer(path)([pixels])
    assert row["score"] == kiqa.score(pixels, model=path)
    assert (row["scale"], row["stride"], row["error"]) == ("0..100", 32, None)


def test_map_of_blocks_is_saved_and_read(path, pixels, tmp_path):
    """The .npz holds the edges, and the map comes back as it was."""
    quality_map = kiqa.quality_map(pixels, model=path, grid=(3, 4))
    read = kiqa.QualityMap.load(quality_map.save(tmp_path / "map.npz"))
    np.testing.assert_array_equal(read.column_edges, quality_map.column_edges)
    np.testing.assert_array_equal(read.to_image_size(), quality_map.to_image_size())


def test_small_pictures_are_errors_of_their_row(path):
    """31 pixels are too few; the message says how many are needed."""
    (row,) = Scorer(path)([np.zeros((31, 40, 3), np.uint8)])
    assert row["score"] is None and "32x32" in row["error"]
    assert Scorer(path).least_side == 32


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stride": 8, "grid": (4, 4)}, "grid or stride"),
        ({"stride": 8}, "Expected a grid of blocks.*stride 8"),
        ({"grid": (4,)}, r"\(rows, columns\)"),
        ({"grid": (4, 0)}, r"\(4, 0\)"),
        ({"grid": 4}, "Received: 4"),
        ({"grid": (4.0, 4)}, "4.0"),
    ],
)
def test_wrong_grids_and_strides_are_refused(path, pixels, options, said):
    """Both, a stride for a network of blocks, or no two whole numbers."""
    with pytest.raises(ValueError, match=said):
        kiqa.quality_map(pixels, model=path, **options)


def test_other_models_take_no_grid(tmp_path, pixels):
    """A patch network has a stride."""
    path = tmp_path / "patch.h5"
    export_h5(
        build_patchnet(), path, Details(name="p", version="1", scale="0..1", higher_is_better=True)
    )
    with pytest.raises(ValueError, match=r"p with grid \(2, 2\)"):
        Scorer(path, grid=(2, 2)).score(pixels)


def test_head_must_be_there_and_the_right_one(own_path, pixels, networks, tmp_path):
    """A missing head, another one, or a body that names none."""
    head = tmp_path / "p2p_head.h5"
    kept = head.read_bytes()
    head.unlink()
    with pytest.raises(ValueError, match="no p2p_head.h5 beside .*p2p.h5.*put the right"):
        Scorer(own_path).score(pixels)
    export_pair(networks[0], build_paq2piq_head(seed=3), tmp_path / "o.h5", kind="rm")
    head.write_bytes((tmp_path / "o_head.h5").read_bytes())
    with pytest.raises(ValueError, match="p2p_head.h5, sha256.*put the right"):
        Scorer(own_path).score(pixels)
    head.write_bytes(kept)
    assert np.isfinite(Scorer(own_path).score(pixels))
    common = {"name": "x", "version": "1", "scale": "0..100", "higher_is_better": True}
    export_h5(networks[0], tmp_path / "x.h5", Details(**common, mode="paq2piq-rm"))
    with pytest.raises(ValueError, match="name its head"):
        Scorer(tmp_path / "x.h5").score(pixels)


def test_head_alone_is_no_model(path, pixels):
    """Its mode is none that scores."""
    with pytest.raises(ValueError, match="'paq2piq-head'"):
        Scorer(path.with_name("p2p_head.h5")).score(pixels)


def test_found_by_name(path, pixels, monkeypatch):
    """In $KIQA_WEIGHTS like every other model."""
    monkeypatch.setenv("KIQA_WEIGHTS", str(path.parent))
    assert "p2p" in list_models()
    assert Scorer("p2p").score(pixels) == kiqa.score(pixels, model=path)


def test_rater_of_any_rectangles(path, pixels):
    """A block of the grid, rated alone, has the map's value; another network is no rater."""
    rater = load_rater(path)
    grid = kiqa.quality_map(pixels, model=path, grid=(2, 3)).values
    rois = [[0, 0, 32, 32], [64, 32, 96, 64], [0, 0, 96, 64]]
    np.testing.assert_allclose(rater.rate(pixels, rois)[:2], [grid[0, 0], grid[1, 2]], atol=1e-4)
    assert rater.score(pixels) == pytest.approx(kiqa.score(pixels, model=path), abs=1e-4)
    with pytest.raises(ValueError, match="network of PaQ-2-PiQ. Received: patchnet"):
        load_rater("patchnet")


def test_another_grid_loads_no_second_network(own_path, pixels, monkeypatch):
    """All grids of one model share what is loaded."""
    loads = []
    original = scorer_module.Scorer._load

    def counted(self):
        loads.append(self._loaded is None)
        return original(self)

    monkeypatch.setattr(scorer_module.Scorer, "_load", counted)
    for grid in ((2, 2), (3, 2), None):
        kiqa.quality_map(pixels, model=own_path, grid=grid)
    assert sum(loads) == 1
