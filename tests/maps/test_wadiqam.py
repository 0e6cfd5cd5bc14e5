"""Pooling: averages, grids, one score whatever the batch, refusals."""

import numpy as np
import pytest

from kiqa.maps import wadiqam as pooling
from kiqa.maps.wadiqam import PatchPooler, simple_average, weighted_average
from kiqa.models.patchnet import build_patchnet
from kiqa.models.wadiqam import build_wadiqam


@pytest.fixture(scope="module")
def network():
    model = build_wadiqam(shallow=True, seed=2)
    kernel, bias = model.get_layer("weight_raw").get_weights()
    model.get_layer("weight_raw").set_weights([kernel, bias + 3])
    return model


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(1).integers(0, 256, (101, 140, 3), dtype=np.uint8)


def test_averages_are_the_equations():
    """(2) and (6) of the paper, on numbers computed by hand."""
    assert simple_average([[1, 2], [3, 6]]) == 3
    assert weighted_average([1, 2, 6], [1, 2, 1]) == 11 / 4


def test_equal_weights_give_the_mean_and_only_ratios_count():
    """Weights of 1e-6 each are as good as weights of 1."""
    values = np.random.default_rng(0).random(50)
    assert weighted_average(values, np.full(50, 1e-6)) == pytest.approx(values.mean())
    weights = values + 0.1
    scaled = weighted_average(values, 7 * weights)
    assert scaled == pytest.approx(weighted_average(values, weights))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "at least one"),
        (([np.nan], [1]), "finite qualities"),
        (([1.0], [np.inf]), "finite weights"),
        (([1, 2], [1]), "for each quality"),
        (([1, 2], [1, 0]), "positive"),
    ],
)
def test_averages_refuse_what_has_no_mean(arguments, message):
    """Empty, not finite, of other shapes, without weight."""
    with pytest.raises(ValueError, match=message):
        weighted_average(*arguments)


def test_grid_is_all_non_overlapping_patches_row_by_row(network, pixels):
    """Cell (r, c) is the patch at (32 r, 32 c); what is left over is unseen."""
    pooled = PatchPooler(network).pool(pixels)
    assert pooled.quality.values.shape == pooled.weight.values.shape == (3, 4)
    patches = np.stack(
        [pixels[32 * r : 32 * r + 32, 32 * c : 32 * c + 32] for r in range(3) for c in range(4)]
    )
    expected = network.predict(patches.astype(np.float32), verbose=0)
    np.testing.assert_allclose(pooled.quality.values.ravel(), expected["quality"][:, 0], rtol=1e-4)
    np.testing.assert_allclose(pooled.weight.values.ravel(), expected["weight"][:, 0], rtol=1e-4)
    changed = pixels.copy()
    changed[96:], changed[:, 128:] = 0, 255
    again = PatchPooler(network).pool(changed)
    np.testing.assert_array_equal(again.quality.values, pooled.quality.values)
    assert (pooled.quality.stride, pooled.quality.offset) == (32, 15.5)


def test_exact_last_block_is_seen(network):
    """A 96x128 image has 12 patches (other ports drop the last row and column)."""
    pooled = PatchPooler(network).pool(np.zeros((96, 128, 3), np.uint8))
    assert pooled.quality.values.size == 12


def test_score_is_the_weighted_mean_of_the_maps(network, pixels):
    """And the plain mean where the network has no weights."""
    pooled = PatchPooler(network).pool(pixels)
    quality, weight = pooled.quality.values, pooled.weight.values
    assert pooled.score() == pytest.approx((quality * weight).sum() / weight.sum(), rel=1e-5)
    plain = PatchPooler(build_wadiqam(pooling="average", shallow=True)).pool(pixels)
    assert plain.weight is None
    assert plain.score() == pytest.approx(plain.quality.mean())


def test_denser_grid_holds_the_coarse_one(network, pixels, monkeypatch):
    """At stride 16 every second cell is a cell of stride 32, in batches of any size."""
    coarse = PatchPooler(network).pool(pixels).quality.values
    monkeypatch.setattr(pooling, "PATCH_BATCH", 7)
    dense = PatchPooler(network, stride=16).pool(pixels).quality
    assert dense.values.shape == ((101 - 32) // 16 + 1, (140 - 32) // 16 + 1)
    assert dense.stride == 16
    np.testing.assert_allclose(dense.values[::2, ::2], coarse, rtol=1e-4)


def test_patches_alone_are_rated_as_those_of_a_grid(network, pixels, monkeypatch):
    """Quality and weight of each, in whatever batches."""
    pooler = PatchPooler(network)
    grid = pooler.pool(pixels)
    cells = [(r, c) for r in range(3) for c in range(4)]
    patches = np.stack([pixels[32 * r : 32 * r + 32, 32 * c : 32 * c + 32] for r, c in cells])
    expected = np.stack([grid.quality.values.ravel(), grid.weight.values.ravel()], axis=1)
    for batch in (256, 5):
        monkeypatch.setattr("kiqa.maps.wadiqam.PATCH_BATCH", batch)
        np.testing.assert_allclose(pooler.rate(patches), expected, rtol=1e-5)


def test_reference_runs_along(pixels):
    """A full-reference network sees both images at the same places."""
    model = build_wadiqam(mode="fr", shallow=True, fusion="difference", seed=1)
    pooler = PatchPooler(model)
    changed = pixels.copy()
    changed[32:64, 64:96] //= 2
    same, other = pooler.pool(pixels, pixels), pooler.pool(changed, pixels)
    differs = same.quality.values != other.quality.values
    assert np.argwhere(differs).tolist() == [[1, 2]]
    assert np.ptp(same.quality.values) < 1e-4  # no difference anywhere: one answer


def test_a_reference_is_needed_or_refused(network, pixels):
    """Missing, superfluous and ill-fitting references are named."""
    pooler = PatchPooler(build_wadiqam(mode="fr", shallow=True))
    with pytest.raises(ValueError, match="Expected a reference"):
        pooler.pool(pixels)
    with pytest.raises(ValueError, match="140x101 and 140x100"):
        pooler.pool(pixels, pixels[:100])
    with pytest.raises(ValueError, match="Expected no reference"):
        PatchPooler(network).pool(pixels, pixels)


def test_bad_images_are_refused(network, no_image):
    """Too small, not RGB, not uint8."""
    image, message = no_image
    with pytest.raises(ValueError, match=message):
        PatchPooler(network).pool(image)


def test_bad_networks_and_strides_are_refused(network):
    """Patchnet has one output without a name; strides are positive integers."""
    with pytest.raises(ValueError, match="without names"):
        PatchPooler(build_patchnet())
    for stride in (0, 1.5, True):
        with pytest.raises(ValueError, match="stride"):
            PatchPooler(network, stride=stride)
