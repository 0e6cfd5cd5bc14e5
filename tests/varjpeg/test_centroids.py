"""Centroids: k-means of the kept pixels, and their two bytes each."""

import numpy as np
import pytest

from kiqa.varjpeg.centroids import centroid_pixels, clustered, impulses, stored

SIZES = [(1, 1), (2, 3), (64, 64), (255, 256), (300, 451), (65500, 8)]


def discs(centres, *, size=(120, 160), radius=6):
    """A mask of discs."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.any([(rows - y) ** 2 + (columns - x) ** 2 <= radius**2 for y, x in centres], axis=0)


def cost(points, centroids):
    """Mean squared distance to the nearest centroid."""
    away = ((points[:, None] - centroids[None]) ** 2).sum(axis=2)
    return away.min(axis=1).mean()


PLANTED = [(10, 12), (15, 140), (60, 30), (58, 80), (62, 150), (105, 10), (100, 70), (110, 130)]


@pytest.mark.parametrize("seed", range(4))
def test_planted_discs_are_found(seed):
    """Eight discs apart: their centres, whatever the seed, in the order of their rows."""
    found = clustered(discs(PLANTED), seed=seed)
    np.testing.assert_allclose(found, sorted(PLANTED), atol=1e-9)


def test_many_pixels_find_the_discs_too():
    """Above 2,048 kept pixels the restarts see a part; the last rounds see all."""
    mask = discs(PLANTED[:5], radius=14)
    assert mask.sum() > 2048
    expected = [
        np.argwhere(discs([centre], radius=14)).mean(axis=0) for centre in sorted(PLANTED[:5])
    ]
    np.testing.assert_allclose(clustered(mask, clusters=5), expected, atol=1e-9)


def test_it_is_near_the_best_of_many_starts():
    """No clusters to find: not over 3 % worse than SciPy's best of 20."""
    from scipy.cluster.vq import kmeans

    kept = np.random.default_rng(0).random((90, 120)) < 0.1
    points = np.argwhere(kept).astype(float)
    best = kmeans(points, 8, iter=20, rng=np.random.default_rng(0))[0]
    assert cost(points, clustered(kept)) < 1.03 * cost(points, best)


def test_centroids_are_means_of_their_pixels():
    """What k-means ends with, where it has come to rest."""
    kept = discs(PLANTED, radius=7)
    points = np.argwhere(kept).astype(float)
    found = clustered(kept)
    nearest = ((points[:, None] - found[None]) ** 2).sum(axis=2).argmin(axis=1)
    means = [points[nearest == number].mean(axis=0) for number in range(8)]
    np.testing.assert_allclose(found, means, atol=1e-9)


def test_the_same_seed_gives_the_same_centroids():
    """Bit by bit, also where pixels are drawn; the input stays as it was."""
    kept = np.random.default_rng(1).random((200, 200)) < 0.2
    before = kept.copy()
    np.testing.assert_array_equal(clustered(kept, seed=3), clustered(kept, seed=3))
    np.testing.assert_array_equal(kept, before)


@pytest.mark.parametrize("count", [0, 1, 5, 8])
def test_fewer_pixels_than_clusters(count):
    """Each pixel is its own centroid; none without a pixel."""
    kept = np.zeros((20, 30), bool)
    kept.flat[np.arange(count) * 71] = True
    found = clustered(kept)
    assert found.shape == (count, 2)
    np.testing.assert_array_equal(found, np.argwhere(kept))


def test_one_pixel_more_than_clusters():
    """Nine pixels, eight centroids: the nearest two are joined."""
    kept = np.zeros((100, 100), bool)
    places = [(0, 0), (0, 1), (0, 50), (0, 99), (50, 0), (50, 99), (99, 0), (99, 50), (99, 99)]
    kept[tuple(np.transpose(places))] = True
    np.testing.assert_allclose(clustered(kept)[0], [0, 0.5])


@pytest.mark.slow
def test_one_and_255_clusters():
    """k = 1 is the mean; k = 255 gives 255 different ones."""
    kept = np.random.default_rng(2).random((60, 70)) < 0.3
    np.testing.assert_allclose(clustered(kept, clusters=1)[0], np.argwhere(kept).mean(axis=0))
    found = clustered(kept, clusters=255)
    assert found.shape == (255, 2) and len(np.unique(found, axis=0)) == 255


@pytest.mark.parametrize("clusters", [0, 256, -1])
def test_other_numbers_of_clusters_are_refused(clusters):
    """One byte has to hold it."""
    with pytest.raises(ValueError, match=r"1 to 255 clusters, received .*The thesis uses 8\."):
        clustered(np.ones((4, 4), bool), clusters=clusters)


@pytest.mark.parametrize("size", SIZES)
def test_storing_moves_no_centroid_far(size):
    """Half a step of 1/255 of the side, and half a pixel; the corners stay exactly."""
    rng = np.random.default_rng(3)
    last = np.array(size) - 1
    centroids = np.vstack([rng.uniform(0, 1, (200, 2)) * last, [[0, 0], last, [0, last[1]]]])
    codes = stored(centroids, size)
    assert codes.dtype == np.uint8 and codes.shape == (203, 2)
    found = centroid_pixels(codes, size)
    assert found.dtype == np.int64
    assert np.all(np.abs(found - centroids) <= last / 510 + 0.5 + 1e-9)
    assert np.all((found >= 0) & (found <= last))
    np.testing.assert_array_equal(found[-3:], [[0, 0], last, [0, last[1]]])


@pytest.mark.parametrize("size", SIZES[2:])
def test_storing_again_changes_nothing(size):
    """Decoding and encoding the same centroids is stable on sides of 256 pixels or more."""
    codes = np.random.default_rng(4).integers(0, 256, (50, 2)).astype(np.uint8)
    again = stored(centroid_pixels(codes, size), size)
    for axis in range(2):
        if size[axis] >= 256:
            np.testing.assert_array_equal(again[:, axis], codes[:, axis])


def test_pixels_are_rounded_products():
    """Halves upwards, by Python's fractions."""
    from fractions import Fraction
    from math import floor

    codes = np.arange(256, dtype=np.uint8).repeat(2).reshape(-1, 2)
    for side in (1, 2, 7, 256, 1000, 65500):
        found = centroid_pixels(codes, (side, side))[:, 0]
        expected = [floor(Fraction(code * (side - 1), 255) + Fraction(1, 2)) for code in range(256)]
        assert found.tolist() == expected


def test_nothing_is_stored_of_nothing():
    """No centroids, no bytes, no impulses."""
    codes = stored(np.zeros((0, 2)), (10, 20))
    assert codes.shape == (0, 2) and codes.dtype == np.uint8
    assert centroid_pixels(codes, (10, 20)).shape == (0, 2)
    assert impulses(codes, (10, 20)).sum() == 0


def test_impulses_lie_on_the_centroids():
    """1 there, 0 elsewhere; coinciding ones add up."""
    codes = np.array([[0, 0], [255, 255], [255, 255], [128, 51]], np.uint8)
    found = impulses(codes, (11, 21))
    assert found.shape == (11, 21) and found.dtype == np.uint8
    assert found[0, 0] == 1 and found[10, 20] == 2 and found[5, 4] == 1 and found.sum() == 4
