"""Images and helpers for the tests of the codec."""

from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kiqa.varjpeg import Settings, prepare


def _picture(photo, height, width):
    """The image, mirrored on until it has the size."""
    beyond = [(0, max(0, side - have)) for side, have in zip((height, width), photo.shape)]  # noqa: B905
    return np.pad(photo, [*beyond, (0, 0)], mode="symmetric")[:height, :width]


@pytest.fixture(scope="session")
def picture(photo):
    """The function ``picture(height, width) -> uint8 (H, W, 3)``, cut from an image."""
    return lambda height, width: _picture(photo, height, width)


def _disc(height, width, *, centre=(0.5, 0.5)):
    """Importance that falls with the distance from a point."""
    rows, columns = np.mgrid[:height, :width]
    away = np.hypot(rows - centre[0] * (height - 1), columns - centre[1] * (width - 1))
    return -away.astype(np.float32)


@pytest.fixture(scope="session")
def disc():
    """The function ``disc(height, width, *, centre) -> float32 (H, W)``, highest at the centre."""
    return _disc


@pytest.fixture(scope="session")
def prepared(picture):
    """The function ``prepared(height, width, *, gray=False, **settings) -> Prepared``."""

    def make(height, width, *, gray=False, **settings):
        pixels = picture(height, width)
        return prepare(
            pixels[..., 1] if gray else pixels,
            _disc(height, width, centre=(0.3, 0.6)),
            settings=Settings(**settings),
        )

    return make


def _pillow(data):
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image)


def _opencv(data):
    import cv2

    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        raise ValueError("OpenCV decodes nothing")
    return pixels if pixels.ndim == 2 else pixels[..., ::-1]


def _tensorflow(data):
    import tensorflow as tf

    pixels = tf.io.decode_jpeg(data, dct_method="INTEGER_ACCURATE").numpy()
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


@pytest.fixture(scope="session")
def viewers():
    """Other decoders, ``bytes -> pixels``: ``pillow``, ``opencv``, ``tensorflow``."""
    return SimpleNamespace(pillow=_pillow, opencv=_opencv, tensorflow=_tensorflow)
