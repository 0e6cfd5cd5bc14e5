"""All that does not depend on the bitrate: from map to block means, and the DCT."""

import numpy as np
import pytest
from PIL import Image

from kiqa.io.images.orientation import turned_back
from kiqa.io.map_files import QualityMap
from kiqa.varjpeg import (
    FixationPoints,
    Settings,
    block_means,
    centroid_pixels,
    clustered,
    preparation,
    prepare,
    pruned,
    quality_map_of,
    read_source,
    stored,
)
from kiqa.varjpeg.transform import backward, forward, planes_of


def test_each_step_follows_from_the_one_before(picture, disc):
    """The trace is what the functions of the steps give."""
    settings = Settings(clusters=5, percentile=80, seed=3, sigma=0.05, normalisation="min-max")
    importance = disc(70, 90, centre=(0.2, 0.7))
    made = prepare(picture(70, 90), importance, settings=settings)
    np.testing.assert_array_equal(made.trace.importance, importance)
    np.testing.assert_array_equal(made.trace.kept, pruned(importance, percentile=80))
    np.testing.assert_array_equal(
        made.trace.centroids, clustered(made.trace.kept, clusters=5, seed=3)
    )
    np.testing.assert_array_equal(made.trace.codes, stored(made.trace.centroids, (70, 90)))
    expected = block_means(made.trace.codes, (70, 90), components=3, sigma=float(np.float32(0.05)),
                           normalisation="min-max")  # fmt: skip
    for mean, other in zip(made.means, expected, strict=True):
        np.testing.assert_array_equal(mean, other)
    assert made.size == (70, 90) and made.settings is settings


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
@pytest.mark.parametrize("gray", [False, True])
def test_coefficients_are_those_of_the_planes(prepared, picture, subsampling, gray):
    """Three components, or one of gray, with a mean for each block."""
    made = prepared(37, 50, gray=gray, subsampling=subsampling)
    pixels = picture(37, 50)
    planes = planes_of(pixels[..., 1] if gray else pixels, subsampling)
    assert len(made.coefficients) == len(planes) == (1 if gray else 3)
    for coefficients, plane, mean in zip(made.coefficients, planes, made.means, strict=True):
        np.testing.assert_array_equal(coefficients, forward(plane))
        assert mean.shape == coefficients.shape[:2]
        back = backward(np.rint(coefficients), plane.shape)
        assert np.abs(back - (plane + 128.0)).max() < 5


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_importance_is_given_upright(encode, picture, disc, orientation):
    """And turned as the pixels are stored."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = read_source(encode(picture(48, 80), "PNG", exif=exif))
    size = source.upright.shape[:2]
    importance = disc(*size, centre=(0.1, 0.8))
    made = prepare(source, importance, settings=Settings(clusters=1))
    assert made.size == (48, 80)
    np.testing.assert_array_equal(made.trace.importance, turned_back(importance, orientation))
    (row, column), = centroid_pixels(made.trace.codes, made.size)  # fmt: skip
    highest = np.unravel_index(np.argmax(turned_back(importance, orientation)), made.size)
    assert np.hypot(row - highest[0], column - highest[1]) < 12


def test_masks_and_fixations_are_not_pruned(picture):
    """Each pixel of them is kept."""
    mask = np.zeros((40, 40), bool)
    mask[5:30, 8:12] = True
    made = prepare(picture(40, 40), mask, settings=Settings())
    np.testing.assert_array_equal(made.trace.kept, mask)
    points = FixationPoints(np.array([0, 39]), np.array([39, 0]))
    made = prepare(picture(40, 40), points, settings=Settings())
    np.testing.assert_array_equal(made.trace.codes, [[0, 255], [255, 0]])


def test_a_flat_map_has_no_centroid(picture):
    """All blocks are then alike."""
    made = prepare(picture(40, 56), np.full((40, 56), 0.7), settings=Settings())
    assert made.trace.codes.shape == (0, 2) and not made.trace.kept.any()
    assert all(not mean.any() for mean in made.means)


def test_importance_of_another_size_is_refused(picture):
    """With both sizes."""
    with pytest.raises(ValueError, match=r"shape \(40, 56\).* received float64 of shape \(56, 40"):
        prepare(picture(40, 56), np.ones((56, 40)), settings=Settings())


@pytest.fixture
def mapped(monkeypatch):
    """A stand-in for the model; the list of what it was asked."""
    asked = []

    def make(pixels, *, model, stride):
        asked.append((pixels, model, stride))
        size = pixels.shape[:2]
        values = np.linspace(0, 1, size[0] * size[1], dtype=np.float32).reshape(size)
        return QualityMap(values, 1, 0.0, size)

    monkeypatch.setattr(preparation, "quality_map_of", make)
    return asked


def test_without_importance_the_model_maps_the_upright_image(mapped, encode, picture):
    """In RGB, at the settings' stride."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(picture(48, 80)[..., 0], "PNG", exif=exif)
    made = prepare(data, settings=Settings(model="other.h5", stride=4))
    ((pixels, model, stride),) = mapped
    assert (pixels.shape, model, stride) == ((80, 48, 3), "other.h5", 4)
    np.testing.assert_array_equal(pixels, read_source(data).rgb())
    assert made.trace.importance[-1, 0] == 0 and made.trace.importance.shape == (48, 80)


def test_without_delta_no_map_is_made(mapped, picture):
    """Nothing would follow from it; one that is given is kept for the steps."""
    made = prepare(picture(30, 30), settings=Settings(delta=0))
    assert not mapped and made.trace.codes.shape == (0, 2)
    importance = np.arange(900.0).reshape(30, 30)
    made = prepare(picture(30, 30), importance, settings=Settings(delta=0))
    assert len(made.trace.codes) == 8


def test_images_smaller_than_a_patch_have_no_map(picture):
    """The shipped model says so; with a map of one's own they can be coded."""
    with pytest.raises(ValueError, match="64"):
        quality_map_of(picture(50, 90), model="patchnet", stride=8)


def test_the_map_is_the_scorers(picture):
    """`kiqa.Scorer` maps with the same shipped model."""
    from kiqa.scoring import Scorer

    pixels = picture(72, 96)
    made = quality_map_of(pixels, model="patchnet", stride=8)
    expected = Scorer("patchnet", stride=8).map(pixels)
    np.testing.assert_allclose(made.values, expected.values, atol=1e-6)
    assert made.higher_is_better and made.values.shape == (2, 5)
