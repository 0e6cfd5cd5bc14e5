"""Patch grid, spatial activity and order of RNN-BIQA."""

import numpy as np
import pytest
from scipy.ndimage import correlate

from kiqa.constants import RNN_BIQA, RNN_BIQA_CODE
from kiqa.data.patches import cut_patches
from kiqa.maps import gaze
from kiqa.maps.gaze import (
    GazeForm,
    axis_stride,
    covering_positions,
    gaze_of,
    spatial_activity,
)


@pytest.mark.parametrize(
    ("size", "expected"),
    [(1024, (5, 200)), (768, (4, 181)), (500, (3, 138)), (224, (1, 0)), (225, (2, 1))],
)
def test_strides_follow_equation_1(size, expected):
    """Number and stride along an axis."""
    assert axis_stride(size) == expected


def test_order_is_column_by_column():
    """Columns are the outer loop; the last pixel row of 768 stays uncovered."""
    positions = covering_positions(768, 1024)
    assert positions[:5].tolist() == [[0, 0], [181, 0], [362, 0], [543, 0], [0, 200]]
    assert positions.max(axis=0).tolist() == [543, 800]  # 543 + 224 = 767


def test_short_axis_has_one_patch_or_as_the_code_one_pixel_steps():
    """224x448: two patches, or the reference's 225 (its published code)."""
    assert covering_positions(224, 448).tolist() == [[0, 0], [0, 224]]
    assert len(covering_positions(224, 448, short_axis="both")) == 225
    assert len(covering_positions(448, 224, short_axis="both")) == 225


def test_long_panorama():
    """A panorama is covered; as in the reference code it is refused before any memory is used."""
    for width, count in ((50_398, 225), (50_399, 226), (1_000_000, 4484)):
        positions = covering_positions(224, width)
        assert len(positions) == count
        stride = positions[1, 1]
        assert 0 <= width - (positions[-1, 1] + 224) < min(stride, count - 1)
    with pytest.raises(ValueError, match="at most 10000 patches.*1000000x224"):
        covering_positions(224, 1_000_000, short_axis="both")


def test_thin_panorama_is_refused_before_it_is_enlarged():
    """32 pixels high, it would be 224 high and seven times as wide."""
    with pytest.raises(ValueError, match="at most 10000 patches.*400000x32, 12500"):
        gaze_of(np.zeros((32, 400_000, 3), np.uint8))


def test_refuses_what_is_smaller_than_a_patch():
    """Both sizes are named."""
    with pytest.raises(ValueError, match="224x224.*300x200"):
        covering_positions(200, 300)


def _activity(pixels, positions):
    """Definition of the authors' code, with SciPy and loops."""
    # computeCNNfeatures.m: im2gray(double(img)/255), so that nothing is rounded.
    gray = pixels / 255 @ [0.298936021293775, 0.587043074451121, 0.114020904255103]
    kernel = np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]) / 8
    across = correlate(gray, kernel, mode="constant")
    along = correlate(gray, kernel.T, mode="constant")
    edges = np.sqrt(across**2 + along**2)
    height, width = edges.shape
    for row in range(height):
        for column in range(width):
            if min(row, column, height - 1 - row, width - 1 - column) < 2:
                edges[row, column] = 0
    values = []
    for row, column in positions:
        patch = edges[row : row + 224, column : column + 224]
        values.append(np.sqrt(((patch - patch.mean()) ** 2).sum() / (patch.size - 1)))
    return values


@pytest.mark.parity
def test_spatial_activity_equals_another_implementation(photo):
    """To rounding, on an image."""
    positions = covering_positions(*photo.shape[:2])
    found = spatial_activity(photo, positions)
    assert found.shape == (6,)
    np.testing.assert_allclose(found, _activity(photo, positions), atol=1e-12)
    assert np.ptp(found) > 1e-3


@pytest.mark.parametrize("band", [0, 250, 300])
def test_bands_of_an_image_give_the_same_activity(photo, monkeypatch, band):
    """To the last bit, however few rows are looked at together."""
    pixels = np.tile(photo, (2, 1, 1))
    positions = covering_positions(*pixels.shape[:2])
    monkeypatch.setattr(gaze, "_BAND", 10_000)
    whole = spatial_activity(pixels, positions)
    monkeypatch.setattr(gaze, "_BAND", band)
    np.testing.assert_array_equal(spatial_activity(pixels, positions), whole)


def test_spatial_activity_of_a_step_is_known():
    """Columns 0 and 1 beside an edge of height 1: Sobel/8 gives 1/2 in two columns."""
    gray = np.zeros((224, 224))
    gray[:, 112:] = 255
    edges = np.zeros((224, 224))
    edges[2:-2, 111:113] = 0.5
    np.testing.assert_allclose(
        spatial_activity(gray, [(0, 0)]), [np.std(edges, ddof=1)], atol=1e-12
    )


def test_gaze_looks_at_the_half_first_and_at_calm_places_first():
    """Patches of each version in ascending activity, halves before full resolution."""
    rng = np.random.default_rng(1)
    image = np.full((500, 500, 3), 128, np.uint8)
    noise = rng.integers(-60, 61, (500, 500, 1))
    strength = np.linspace(0, 1, 500)[::-1, None, None]  # calm at the bottom
    image = (image + noise * strength).astype(np.uint8)
    gaze = gaze_of(image)
    assert gaze.low == 4
    assert gaze.version.tolist() == [0] * 4 + [1] * 9
    for which in (0, 1):
        assert (np.diff(gaze.activity[gaze.version == which]) >= 0).all()
    assert (np.diff(gaze.positions[4:, 0]) <= 0).all()  # from bottom to top
    patches = gaze.patches()
    np.testing.assert_array_equal(patches[4:], cut_patches(image, gaze.positions[4:], 224))
    np.testing.assert_array_equal(patches[2:7], gaze.patches(2, 7))
    assert gaze.patches(5, 5).shape == (0, 224, 224, 3)


def test_equal_activity_keeps_the_grid_order():
    """A flat image has no order of its own: left and upper patches first."""
    gaze = gaze_of(np.full((500, 500, 3), 7, np.uint8))
    assert gaze.positions[gaze.low :].tolist() == covering_positions(500, 500).tolist()


def test_koniq_image_has_26_patches():
    """Section 4.4: six of the half and twenty."""
    gaze = gaze_of(np.zeros((768, 1024, 3), np.uint8))
    assert (gaze.low, len(gaze)) == (6, 26)


def test_spaq_version_has_the_papers_range_of_patches():
    """SPAQ-768 at 4:3: 20 patches and 6 of the half (section 4.4: median)."""
    gaze = gaze_of(np.zeros((1536, 2048, 3), np.uint8), GazeForm(smaller_side=768))
    assert (gaze.low, len(gaze)) == (6, 26)
    shown = gaze_of(np.zeros((1536, 2048, 3), np.uint8), GazeForm(display=(1024, 768)))
    assert (shown.low, len(shown)) == (6, 26)


@pytest.mark.parametrize("side", [1, 100, 224])
def test_small_image_gives_one_patch_of_each_version(side):
    """It is enlarged; so is its half."""
    gaze = gaze_of(np.zeros((side, side, 3), np.uint8))
    assert (gaze.low, len(gaze)) == (1, 2)
    assert gaze.patches().shape == (2, 224, 224, 3)


def test_form_survives_json():
    """What is stored with features gives the same form again; other values are refused."""
    form = GazeForm(display=(1920, 1080), smaller_side=512)
    assert GazeForm.from_json(form.to_json()) == form
    assert GazeForm.of(RNN_BIQA) == GazeForm()
    assert GazeForm.of(RNN_BIQA_CODE) == GazeForm(
        downscaling="box", short_axis="both", small_images="squash"
    )
    for wrong in ({"stride": 3}, None, {"display": [1]}, {"smaller_side": 0}):
        with pytest.raises(ValueError, match="Expected"):
            GazeForm.from_json(wrong)
    with pytest.raises(ValueError, match="downscaling"):
        GazeForm(downscaling="cubic")
