"""The thesis's augmentation: rotations cropped to the largest valid rectangle, and flips."""

import cv2
import numpy as np
import pytest

from kiqa.data import augmentation
from kiqa.data.augmentation import (
    FLIPS,
    Version,
    apply_version,
    distorted_versions,
    largest_rectangle,
    quality_left,
    version_size,
    versions,
)
from kiqa.data.distortions import LEVELS, distort


def test_twelve_versions_by_default():
    """Original and three rotations within ten degrees, each plain and mirrored on both axes."""
    made = versions("a.jpg")
    assert len(made) == len(set(made)) == 12
    assert made[0] == Version()
    angles = sorted({version.angle for version in made})
    assert len(angles) == 4 and 0.0 in angles
    assert -10 <= angles[0] and angles[-1] <= 10
    assert {version.flip for version in made} == set(FLIPS)


def test_angles_follow_from_seed_and_name():
    """The same for the same name, others for another name or seed."""
    assert versions("a.jpg", seed=1) == versions("a.jpg", seed=1)
    assert versions("a.jpg", seed=1)[3:] != versions("b.jpg", seed=1)[3:]
    assert versions("a.jpg", seed=1)[3:] != versions("a.jpg", seed=2)[3:]


def test_fewer_versions():
    """Without rotations and flips the image itself is left."""
    assert versions("a.jpg", rotations=0, flips=("none",)) == [Version()]


def test_flips_mirror(photo):
    """Horizontal swaps left and right, vertical top and bottom."""
    np.testing.assert_array_equal(apply_version(photo, Version()), photo)
    np.testing.assert_array_equal(apply_version(photo, Version(flip="horizontal")), photo[:, ::-1])
    np.testing.assert_array_equal(apply_version(photo, Version(flip="vertical")), photo[::-1])


@pytest.mark.parametrize("angle", [-45, -10, -0.4, 0.001, 3, 10, 45])
@pytest.mark.parametrize("shape", [(120, 200), (201, 120), (150, 150)])
def test_no_undefined_pixel_remains(angle, shape, monkeypatch):
    """A white image on black stays white inside the rectangle that is kept."""
    monkeypatch.setattr(augmentation.cv2, "BORDER_REFLECT_101", cv2.BORDER_CONSTANT)
    kept = apply_version(np.full((*shape, 3), 255, np.uint8), Version(angle=angle))
    assert kept.shape[:2] == version_size(*shape, Version(angle=angle))
    assert kept.min() == 255
    height, width = largest_rectangle(*shape, angle)
    assert height - 4 < kept.shape[0] <= height + 1
    assert width - 4 < kept.shape[1] <= width + 1


def test_largest_rectangle_by_search():
    """No other upright rectangle with the same centre inside the rotated one is larger."""
    height, width, angle = 300.0, 400.0, 7.0
    found = np.prod(largest_rectangle(height, width, angle))
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    wide = np.linspace(1, width, 4000)
    # A corner (w/2, h/2) is inside if it is, turned back, within the sides.
    tall = np.minimum((width - wide * cosine) / sine, (height - wide * sine) / cosine)
    assert found == pytest.approx((wide * tall).max(), rel=1e-3)


def test_rotation_turns_counter_clockwise():
    """A mark to the right of the centre moves up."""
    image = np.zeros((101, 101, 3), np.uint8)
    image[48:53, 78:83] = 255
    rows, columns = np.nonzero(apply_version(image, Version(angle=10))[..., 0] > 128)
    side = apply_version(image, Version(angle=10)).shape[0]
    assert rows.mean() - (side - 1) / 2 == pytest.approx(-30 * np.sin(np.radians(10)), abs=0.7)
    assert columns.mean() - (side - 1) / 2 == pytest.approx(30 * np.cos(np.radians(10)), abs=0.7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Version(angle=46), "angle from -45 to 45"),
        (lambda: Version(angle=float("nan")), "angle from -45 to 45"),
        (lambda: Version(flip="diagonal"), "diagonal"),
        (lambda: versions("a", rotations=-1), "rotations >= 0"),
        (lambda: versions("a", flips=()), "at least one flip"),
    ],
)
def test_bad_input_is_refused(call, message):
    """The message names what was expected."""
    with pytest.raises(ValueError, match=message):
        call()


def test_distorted_versions_follow_from_seed_and_name():
    """The image itself first; the others of the usual levels, the same for the same name."""
    made = distorted_versions("a.jpg", count=40, seed=1)
    assert made[0] == Version() and len(made) == 41
    assert made == distorted_versions("a.jpg", count=40, seed=1)
    assert made[1:] != distorted_versions("b.jpg", count=40, seed=1)[1:]
    kinds = {version.distortion[0] for version in made[1:]}
    assert len(kinds) > 4
    for version in made[1:]:
        kind, level, _ = version.distortion
        assert min(LEVELS[kind]) <= level <= max(LEVELS[kind])


def test_a_distorted_version_is_the_distortion(photo):
    """Its noise follows from the version's own seed."""
    version = Version(distortion=("gaussian_noise", 20, 7))
    expected = distort(photo, "gaussian_noise", 20, rng=np.random.default_rng(7))
    np.testing.assert_array_equal(apply_version(photo, version), expected)


def test_quality_left_falls_with_the_level():
    """One for the image, 0.7 at the mildest, 0.05 at the severest usual level."""
    assert quality_left(Version()) == 1
    for kind, levels in LEVELS.items():
        left = [quality_left(Version(distortion=(kind, level, 0))) for level in levels]
        assert left[0] == pytest.approx(0.7) and left[-1] == pytest.approx(0.05)
        assert left[0] > left[1] > left[2]
