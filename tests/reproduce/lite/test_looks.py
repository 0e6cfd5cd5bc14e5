"""What the network sees: means and deviations of its maps, each image once."""

import numpy as np
import pytest

from kiqa.data.records import ScoredImage
from kiqa.maps.lite import working_pixels
from kiqa.models.lite import PARTS, build_lite, split
from kiqa.reproduce.lite import looks
from kiqa.reproduce.lite.designs import DEVIATIONS, MEANS, SPREADS, Design
from kiqa.reproduce.lite.looks import Look, looks_of, network_of


@pytest.fixture
def records(cuts):
    """Two images."""
    return [
        ScoredImage(path.name, path, 0.5, None, path.name, "few", (0.0, 1.0))
        for path in cuts(2, 80, 100, step=60)
    ]


@pytest.mark.slow
def test_what_is_seen_are_means_and_deviations_of_the_maps(network, records, tmp_path, photo):
    """Those of the network's maps, cell by cell."""
    seen = looks_of(network, {64: records}, tmp_path / "out", report=print)[64]
    maps = split(network)[0](working_pixels(photo[60:140, :100], area=64 * 64)[None])
    maps = [np.asarray(each[0], np.float64).reshape(-1, each.shape[-1]) for each in maps]
    assert list(seen.widths) == list(PARTS)
    assert list(seen.widths.values()) == [each.shape[1] for each in maps]
    expected = [each.mean(axis=0) for each in maps] + [each.std(axis=0) for each in maps]
    np.testing.assert_allclose(seen.values["1.png"], np.concatenate(expected), atol=2e-3)


@pytest.mark.slow
def test_no_image_is_looked_at_twice(network, records, tmp_path, monkeypatch):
    """What a killed run has kept is read; the rest is looked at."""
    kept = looks_of(network, {48: records[:1]}, tmp_path, report=print)[48]
    original, looked = looks.working_pixels, []

    def counted(pixels, *, area):
        looked.append(pixels.shape)
        return original(pixels, area=area)

    monkeypatch.setattr(looks, "working_pixels", counted)
    both = looks_of(network, {48: records}, tmp_path, report=print)[48]
    assert looked == [(80, 100, 3)] and set(both.values) == {"0.png", "1.png"}
    np.testing.assert_array_equal(kept.values["0.png"], both.values["0.png"])


@pytest.mark.parametrize("pooling", [MEANS, DEVIATIONS, SPREADS])
def test_features_are_those_of_the_designs_maps(pooling):
    """In the order of the maps; the spreads by the median variance of the fitted images."""
    look = Look(
        {"stage1": 2, "stage2": 1},
        {"a": np.array([1, 2, 3, 0.5, 1, 2]), "b": np.array([4, 5, 6, 1.5, 1, 0])},
    )
    design = Design("maps", "one", "one", ("stage1",), (64,), pooling)
    found = look.features(["b", "a"], design, slice(1, 2))
    means, spreads = [[4, 5], [1, 2]], [[2.25 / 2.5, 0.5], [0.5, 0.5]]
    beside = {MEANS: np.zeros((2, 0)), DEVIATIONS: [[1.5, 1], [0.5, 1]], SPREADS: spreads}[pooling]
    np.testing.assert_allclose(found, np.hstack([means, beside]), atol=1e-5)


@pytest.mark.slow
def test_tuned_stages_are_those_of_the_file(network, monkeypatch):
    """The frozen ones are those that the training starts from."""
    start = build_lite(variant="lite0", units=2, seed=2)
    monkeypatch.setattr(looks, "start_network", lambda settings: start)
    monkeypatch.setattr(looks, "load_model", lambda model: network)
    expected = {
        "head_conv": start.get_layer("head_conv").get_weights()[0],
        "tuned_head_conv": network.get_layer("tuned_head_conv").get_weights()[0],
    }
    made = network_of("lite")
    for name, kernel in expected.items():
        np.testing.assert_array_equal(made.get_layer(name).get_weights()[0], kernel)
