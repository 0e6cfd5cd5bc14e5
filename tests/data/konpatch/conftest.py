"""Scored images in files, and a small embedded set."""

import numpy as np
import pytest
from PIL import Image

from kiqa.data.konpatch import (
    embedded_konpatch,
)
from kiqa.data.records import ScoredImage


@pytest.fixture
def records(tmp_path):
    """Twelve images of different size, scores 0 to 0.917; two show one scene."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(12):
        path = tmp_path / f"{i:02}.png"
        pixels = rng.integers(0, 256, (70 + 3 * i, 90 + 2 * i, 3), np.uint8)
        Image.fromarray(pixels).save(path)
        scene = "twins" if i in (4, 5) else path.name
        made.append(ScoredImage(path.name, path, i / 12, None, scene, "invented", (0.0, 1.0)))
    return made


@pytest.fixture(scope="module")
def small():
    """The embedded set with one patch of each version."""
    return embedded_konpatch(patches_per_version=1)
