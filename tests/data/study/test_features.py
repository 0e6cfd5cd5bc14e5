"""The six features on images whose values are known."""

import numpy as np
import pytest

from kiqa.data.study.features import count_faces, picture_features


def _flat(red, green, blue, size=(12, 16)):
    return np.full((*size, 3), (red, green, blue), np.uint8)


def test_a_flat_picture():
    """R + G + B, the mean part of colourfulness, no contrast, no gradients, W times H."""
    found = picture_features(_flat(200, 100, 30), faces=False)
    assert found.brightness == 330 and found.pixels == 192
    assert found.colourfulness == pytest.approx(0.3 * np.hypot(100, 150 - 30))
    assert found.contrast == found.spatial_information == 0
    assert found.faces == -1


def test_gray_has_no_colour():
    """Any gray image has colourfulness 0."""
    gray = np.random.default_rng(0).integers(0, 256, (20, 30, 1), dtype=np.uint8)
    assert picture_features(np.tile(gray, 3), faces=False).colourfulness == 0


def test_black_and_white_halves():
    """Contrast 0.5, the largest there is; gradients by hand."""
    pixels = _flat(0, 0, 0, (10, 10))
    pixels[:, 5:] = 255
    found = picture_features(pixels, faces=False)
    assert found.contrast == pytest.approx(0.5) and found.brightness == pytest.approx(382.5)
    gradients = np.zeros((8, 8))
    gradients[:, 3:5] = 255 / 2  # the two columns beside the edge, a step over two pixels
    assert found.spatial_information == pytest.approx(gradients.std())


def test_a_ramp_has_the_gradient_of_its_slope():
    """Equal gradients everywhere have no spread, so their spatial information is 0."""
    ramp = np.tile(np.arange(0, 120, 4, dtype=np.uint8)[None, :, None], (20, 1, 3))
    assert picture_features(ramp, faces=False).spatial_information == pytest.approx(0, abs=1e-9)


def test_features_rise_with_what_they_measure(photo):
    """Saturated is more colourful, blurred has less spatial information."""
    from scipy.ndimage import gaussian_filter

    plain = picture_features(photo, faces=False)
    gray = photo.mean(axis=2, keepdims=True)
    dull = (gray + (photo - gray) / 2).astype(np.uint8)
    soft = gaussian_filter(photo, (2, 2, 0))
    assert picture_features(dull, faces=False).colourfulness < 0.6 * plain.colourfulness
    assert picture_features(soft, faces=False).spatial_information < plain.spatial_information / 2


def test_faces_are_counted():
    """The astronaut's face, also in a larger image of two of her; none in noise or tiny ones."""
    from skimage.data import astronaut

    pixels = astronaut()
    assert picture_features(pixels).faces == 1
    twice = np.concatenate([pixels[:300], np.zeros((300, 300, 3), np.uint8), pixels[:300]], axis=1)
    assert count_faces(twice) == 2  # 1,324 pixels wide: every third one is looked at
    assert count_faces(_flat(9, 9, 9, (100, 100))) == count_faces(pixels[:20, :20]) == 0


@pytest.mark.parametrize("pixels", [
    np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3)), np.zeros((2, 9, 3), np.uint8), "a.jpg",
])  # fmt: skip
def test_other_arrays_are_refused(pixels):
    """Gray, float, tiny, or no array."""
    with pytest.raises(ValueError, match="Expected an RGB image"):
        picture_features(pixels)
