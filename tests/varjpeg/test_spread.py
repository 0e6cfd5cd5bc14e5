"""The blur of the centroids, its mean by block, and formula 13."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from kiqa.varjpeg.centroids import impulses
from kiqa.varjpeg.spread import block_means, block_qualities, blurred

SIZES = [(1, 1), (1, 40), (40, 1), (3, 5), (64, 64), (97, 83), (30, 400), (400, 30)]


def codes_of(count, *, seed=0):
    """Random stored centroids."""
    return np.random.default_rng(seed).integers(0, 256, (count, 2)).astype(np.uint8)


def scipys(codes, size, sigma):
    """SciPy's filter of the impulses, divided by its greatest value."""
    drawn = impulses(codes, size).astype(np.float64)
    found = gaussian_filter(drawn, sigma * size[1], mode="reflect", truncate=4)
    return found / found.max()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sigma", [0.02, 0.1, 1.0])
def test_it_is_scipys_gaussian(size, sigma):
    """Also panoramas, single pixels, and kernels many times longer than the image."""
    for count in (1, 8):
        codes = codes_of(count)
        found = blurred(codes, size, sigma=sigma)
        assert found.dtype == np.float32 and found.shape == size
        np.testing.assert_allclose(found, scipys(codes, size, sigma), atol=1e-4)


def test_the_thesis_blurs_by_a_tenth_of_the_width():
    """The default, on a wide image: a tenth of the width, not of the height."""
    codes = np.array([[128, 128]], np.uint8)
    found = blurred(codes, (101, 301))
    np.testing.assert_allclose(found, scipys(codes, (101, 301), 0.1), atol=1e-4)
    assert found[50, 150 + 30] / found[50, 150] == pytest.approx(np.exp(-0.5), abs=0.03)


def test_coinciding_centroids_count_twice():
    """Two together weigh more than one apart."""
    codes = np.array([[0, 0], [0, 0], [255, 255]], np.uint8)
    found = blurred(codes, (64, 64), sigma=0.05)
    assert found[0, 0] == 1
    assert found[63, 63] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_min_max_is_the_same_stretched(size):
    """The least value becomes 0, the greatest stays 1; a flat map becomes 0."""
    codes = codes_of(3, seed=1)
    plain = blurred(codes, size).astype(np.float64)
    found = blurred(codes, size, normalisation="min-max")
    span = plain.max() - plain.min()
    expected = (plain - plain.min()) / span if span else np.zeros(size)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert found.min() == 0 and found.max() == (1 if span else 0)


@pytest.mark.parametrize("normalisation", ["max", "min-max"])
def test_without_centroids_all_is_zero(normalisation):
    """No part is more important than another."""
    none = codes_of(0)
    options = {"normalisation": normalisation}
    assert not blurred(none, (9, 17), **options).any()
    means = block_means(none, (9, 17), subsampling="4:2:0", components=3, **options)
    assert [mean.shape for mean in means] == [(2, 3), (1, 2), (1, 2)]
    assert not any(mean.any() for mean in means)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("normalisation", ["max", "min-max"])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_block_means_are_means_of_the_map(size, normalisation, subsampling):
    """8x8 pixels, 16x16 for chroma of 4:2:0; at the edge the pixels inside."""
    codes = codes_of(5, seed=2)
    whole = blurred(codes, size, normalisation=normalisation).astype(np.float64)
    means = block_means(
        codes, size, subsampling=subsampling, components=3, normalisation=normalisation
    )
    for component, found in enumerate(means):
        side = 16 if component and subsampling == "4:2:0" else 8
        assert found.shape == (-(-size[0] // side), -(-size[1] // side))
        for (row, column), value in np.ndenumerate(found):
            block = whole[row * side : (row + 1) * side, column * side : (column + 1) * side]
            assert value == pytest.approx(block.mean(), abs=1e-6)


def test_gray_has_one_component():
    """The same means as luminance has."""
    codes = codes_of(4)
    (gray,) = block_means(codes, (33, 50), subsampling="4:2:0")
    np.testing.assert_array_equal(gray, block_means(codes, (33, 50), components=3)[0])


@pytest.mark.parametrize("size", [(1, 65535), (65535, 1), (9, 65500)])
def test_whole_numbers_do_not_overflow(size):
    """The widest images with the widest blur and 255 centroids together: means within 0..1."""
    codes = np.full((255, 2), 255, np.uint8)
    (means,) = block_means(codes, size, sigma=1.0)
    assert means.min() >= 0 and means.max() <= 1
    assert means.ravel()[-1] == pytest.approx(means.max(), abs=1e-6) and means.max() > 0.2


def test_means_stay_within_zero_and_one():
    """For many random centroids, both normalisations."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        size = tuple(int(side) for side in rng.integers(1, 90, 2))
        codes = codes_of(int(rng.integers(1, 9)), seed=int(rng.integers(1000)))
        for normalisation in ("max", "min-max"):
            (means,) = block_means(
                codes, size, sigma=float(rng.uniform(0.001, 1)), normalisation=normalisation
            )
            assert means.min() >= 0 and means.max() <= 1


@pytest.mark.parametrize("sigma", [0, -0.1, 1.01, float("nan"), float("inf")])
def test_other_deviations_are_refused(sigma):
    """The message says what the thesis uses."""
    with pytest.raises(ValueError, match="above 0 and up to 1 image widths.*thesis uses 0.1"):
        blurred(codes_of(1), (8, 8), sigma=sigma)


def test_other_normalisations_are_refused():
    """The message has the choices."""
    with pytest.raises(ValueError, match="among max, min-max, received 'sum'"):
        block_means(codes_of(1), (8, 8), normalisation="sum")


def test_formula_13():
    """q~ + Delta * m, halves upwards, within 1..99."""
    means = np.array([[0.0, 0.5, 1.0], [0.1, 0.25, 0.9]])
    found = block_qualities(means, 40, delta=15)
    assert found.tolist() == [[40, 48, 55], [42, 44, 54]]  # 47.5 and 41.5 go up
    assert found.dtype == np.int64
    assert block_qualities(means, -14, delta=15).tolist() == [[1, 1, 1], [1, 1, 1]]
    assert block_qualities(means, 95.2, delta=15).max() == 99


def test_the_quality_may_be_real():
    """A fraction of q~ moves some blocks before others, none back."""
    means = np.linspace(0, 1, 200)
    before = None
    for quality in np.arange(20, 22.01, 0.125):
        found = block_qualities(means, quality, delta=15)
        if before is not None:
            assert np.all(found >= before) and 0 < np.sum(found != before) < 200
        before = found
