"""Widths of edges, and places."""

import cv2
import numpy as np
import pytest

from kiqa.data.distortions import motion_blur
from kiqa.defects.sharpness import Place, edge_width, places


@pytest.fixture
def gray(photo):
    """The photograph's gray values."""
    return cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _steps(sigma, contrast=120, angle=0.0):
    """Bars with edges in one direction, blurred."""
    rows, columns = np.mgrid[:200, :200].astype(np.float32)
    across = columns * np.cos(angle) + rows * np.sin(angle)
    bars = 60 + contrast * (np.floor(across / 50) % 2)
    return cv2.GaussianBlur(bars.astype(np.float32), (0, 0), sigma)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("contrast", [30, 160])
@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_the_width_of_a_step_is_the_blur(sigma, contrast, angle):
    """Whatever its contrast and direction."""
    assert edge_width(_steps(sigma, contrast, angle)) == pytest.approx(sigma, abs=0.25)


def test_a_blurred_image_is_wider_and_motion_is_seen(gray, photo):
    """Along the motion alone."""
    widths = [edge_width(cv2.GaussianBlur(gray, (0, 0), sigma)) for sigma in (0.5, 2, 4)]
    assert widths == sorted(widths) and widths[0] < 0.8 and widths[2] > 1.8
    moved = motion_blur(photo, 25, np.random.default_rng(0))
    assert edge_width(cv2.cvtColor(moved, cv2.COLOR_RGB2GRAY).astype(np.float32)) > 1.2


def test_one_sharp_place_makes_a_sharp_image(gray):
    """As in a portrait before a soft background."""
    blurred = cv2.GaussianBlur(gray, (0, 0), 5)
    blurred[80:200, 150:300] = gray[80:200, 150:300]
    assert edge_width(blurred) < edge_width(cv2.GaussianBlur(gray, (0, 0), 5)) - 1


@pytest.mark.parametrize("slope", [0.0, 0.3])
@pytest.mark.parametrize("noise", [0.0, 1.5])
def test_a_sky_has_no_width(slope, noise):
    """A plane or a ramp, with a camera's noise or without: nothing to call blurred."""
    rng = np.random.default_rng(0)
    sky = 120 + slope * np.arange(300)[:, None] + rng.normal(0, noise, (300, 400))
    gray = sky.round().astype(np.float32)
    assert edge_width(gray, noise=noise) is None


def test_places_are_where_detail_is(gray):
    """The sharpest in the part that is sharp, the softest elsewhere; both inside the image."""
    image = cv2.GaussianBlur(gray, (0, 0), 6)
    image[100:190, 200:330] = gray[100:190, 200:330]
    sharpest, softest = places(image)
    assert 100 - 16 <= sharpest.y and sharpest.y + sharpest.height <= 190 + 16
    assert 200 - 16 <= sharpest.x and sharpest.x + sharpest.width <= 330 + 16
    assert (sharpest.width, sharpest.height) == (64, 64)
    assert sharpest.fish > softest.fish >= 0
    assert softest.x + softest.width <= gray.shape[1]
    assert softest.y + softest.height <= gray.shape[0]


def test_places_of_small_images():
    """As many pixels as there are; none below 16."""
    noise = np.random.default_rng(0).uniform(0, 255, (24, 40)).astype(np.float32)
    assert {place.height for place in places(noise)} == {24}
    assert places(noise[:15]) is None
    assert Place(8, 16, 24, 24, 1.0).scaled(2, 3) == Place(16, 48, 48, 72, 1.0)
    assert Place(8, 16, 24, 32, 1.0).as_text() == "8,16,24,32"
