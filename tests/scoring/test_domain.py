"""What shows that an image is no photograph, and what does not."""

import cv2
import numpy as np
import pytest

from kiqa.data.distortions.basic import jpeg
from kiqa.scoring.domain import domain_note, reason, scale_note


def _noise(height=200, width=300, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("level", [0, 128, 255, (10, 200, 90)], ids=str)
@pytest.mark.parametrize("size", [(1, 1), (64, 64), (300, 500)], ids=str)
def test_planes_of_one_colour_are_flat(level, size):
    """Of any colour and size."""
    image = np.full((*size, 3), level, np.uint8)
    assert reason(image) == "flat image"
    assert domain_note(image, "a model") == "flat image: out of the domain of a model"


def test_a_plane_with_dust_on_it_is_flat():
    """Rounding, compression and a pixel in a thousand do not make it a photograph."""
    image = np.full((200, 200, 3), 128, np.uint8)
    image += np.random.default_rng(0).integers(0, 3, image.shape, dtype=np.uint8)
    assert reason(image) == reason(jpeg(image, 75)) == "flat image"
    image[100, 100:120] = 255
    assert reason(image) == "flat image"


@pytest.mark.parametrize("kind", ["colour", "gray", "gaussian", "compressed"])
def test_random_numbers_are_noise(kind):
    """Uniform or not, in colour or not, as JPEG too."""
    image = _noise()
    if kind == "gray":
        image = np.repeat(image[..., :1], 3, axis=2)
    elif kind == "gaussian":
        values = np.random.default_rng(0).normal(128, 30, image.shape)
        image = np.clip(values, 0, 255).astype(np.uint8)
    elif kind == "compressed":
        image = jpeg(image, 50)
    assert reason(image) == "pure noise"


def test_graphics_have_few_colours():
    """Lines on paper, a chart."""
    page = np.full((300, 400, 3), 255, np.uint8)
    page[20:280:10, 30:370:2] = 0
    assert reason(page) == "graphic of 2 colours"
    page[:50, :50] = 200, 30, 40
    assert reason(page) == "graphic of 3 colours"


def test_photographs_have_no_note(photo):
    """As they are, gray, blurred, noisy, dark, compressed and large."""
    gray = np.repeat(photo[..., 1:2], 3, axis=2)
    noisy = photo + np.random.default_rng(0).normal(0, 60, photo.shape)
    for image in (
        photo,
        gray,
        cv2.GaussianBlur(photo, (0, 0), 20),
        np.clip(noisy, 0, 255).astype(np.uint8),
        photo // 8,
        jpeg(photo, 3),
        cv2.resize(photo, None, fx=5, fy=5),
        np.ascontiguousarray(photo[:64, :64]),
    ):
        assert reason(image) is None


def test_tiny_images_are_named(photo):
    """Below 64 pixels on a side."""
    assert reason(photo[:63]) == reason(photo[:, :40]) == "tiny image"


def test_the_first_reason_counts():
    """A tiny plane is flat above all."""
    assert reason(np.zeros((8, 8, 3), np.uint8)) == "flat image"


@pytest.mark.parametrize(("score", "scale"), [(0, "0..1"), (1, "0..1"), (100.0, "0..100"), (9, "")])
def test_scores_within_their_scale_have_no_note(score, scale):
    """Its ends belong to it; of a scale in other words nothing is said."""
    assert scale_note(score, scale, "a model") is None


@pytest.mark.parametrize(("score", "scale"), [(-0.01, "0..1"), (1.001, "0..1"), (101, "0..100")])
def test_scores_outside_their_scale_have_one(score, scale):
    """It names the scale."""
    expected = f"score outside {scale}: extrapolated by a model"
    assert scale_note(score, scale, "a model") == expected
