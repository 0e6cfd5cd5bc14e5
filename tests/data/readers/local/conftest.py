"""Images and masks of a few pixels."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def write_image():
    """The function ``write_image(path, values, mode="L")``: pixels, or one gray for 8x6 pixels."""

    def write_image(path, values=90, mode="L"):
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.asarray(values, np.uint8)
        if pixels.ndim == 0:
            pixels = np.full((6, 8), pixels, np.uint8)
        Image.fromarray(pixels).convert(mode).save(path)

    return write_image
