"""What a set of images looks like, in the six numbers that LIVE-FB was sampled by.

Public names: :class:`PictureFeatures`, :func:`picture_features`,
:func:`count_faces`.

References:
    Ying et al. 2020, section 3.1.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import ndimage

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_SOBEL = 8  # of the kernel's weights, so that a step of 1 a pixel has gradient 1
_FACE_SIDE = 24  # pixels that the cascade was trained on
_SCALE = 1.2  # between the sizes of faces looked for
_LEAST_FACE = 30  # ours: pixels
_LARGEST = 640  # ours: larger images are looked at in this many pixels a side, for time


class PictureFeatures(NamedTuple):
    """Six numbers of one image.

    Attributes:
        brightness: Mean of R + G + B, 0..765.
        colourfulness: Of Hasler and Suesstrunk, about 0 (gray) to 110.
        contrast: Standard deviation of the brightness on the scale 0..1.
        spatial_information: Standard deviation of the Sobel gradients'
            magnitude of the luma, in gray levels a pixel.
        pixels: Width times height.
        faces: Faces found, or -1 if none were looked for.
    """

    brightness: float
    colourfulness: float
    contrast: float
    spatial_information: float
    pixels: int
    faces: int


def picture_features(pixels: np.ndarray, *, faces: bool = True) -> PictureFeatures:
    """Measure an image.

    Args:
        pixels: RGB ``uint8`` of shape (H, W, 3), at least 3 pixels a side.
        faces: Whether to look for faces, which takes most of the time.

    Returns:
        The features.

    Raises:
        ValueError: If the image is not such.

    References:
        Hasler and Suesstrunk, "Measuring colorfulness in natural images",
        SPIE 5007, 2003; Peli, "Contrast in complex images", JOSA A 7(10),
        1990; Yu and Winkler, "Image complexity and spatial information",
        QoMEX 2013.
    """
    _check(pixels)
    red, green, blue = np.moveaxis(pixels.astype(np.float64), -1, 0)
    brightness = red + green + blue
    one, two = red - green, (red + green) / 2 - blue
    colour = np.hypot(one.std(), two.std()) + 0.3 * np.hypot(one.mean(), two.mean())
    luma = pixels @ _LUMA
    across, down = (ndimage.sobel(luma, axis)[1:-1, 1:-1] / _SOBEL for axis in (0, 1))
    return PictureFeatures(
        brightness=float(brightness.mean()),
        colourfulness=float(colour),
        contrast=float(brightness.std() / 765),
        spatial_information=float(np.hypot(across, down).std()),
        pixels=pixels.shape[0] * pixels.shape[1],
        faces=count_faces(pixels) if faces else -1,
    )


def count_faces(pixels: np.ndarray) -> int:
    """Count frontal faces with the cascade that scikit-image brings along.

    It is fast and rough: it misses turned faces and sees some that are none.
    Of images larger than 640 pixels a side every n-th pixel is looked at.

    Args:
        pixels: As in `picture_features`.

    Returns:
        Faces found.

    Raises:
        ValueError: If the image is not such.
    """
    _check(pixels)
    step = max(1, -(-max(pixels.shape[:2]) // _LARGEST))
    looked = np.ascontiguousarray(pixels[::step, ::step])
    largest = min(looked.shape[:2])
    if largest < max(_LEAST_FACE, _FACE_SIDE):
        return 0
    found = _cascade().detect_multi_scale(
        looked,
        scale_factor=_SCALE,
        step_ratio=1,
        min_size=(_LEAST_FACE, _LEAST_FACE),
        max_size=(largest, largest),
    )
    return len(found)


@lru_cache(maxsize=1)
def _cascade():
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())


def _check(pixels):
    if (
        not isinstance(pixels, np.ndarray)
        or pixels.dtype != np.uint8
        or pixels.ndim != 3
        or pixels.shape[2] != 3
        or min(pixels.shape[:2]) < 3
    ):
        raise ValueError(
            "Expected an RGB image of shape (H, W, 3), H, W >= 3, uint8. Received: "
            f"shape={np.shape(pixels)}, dtype={getattr(pixels, 'dtype', type(pixels).__name__)}."
        )
