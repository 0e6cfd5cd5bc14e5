"""One Ray of two cores for all tests that need a real one, and images for its workers."""

import importlib.util
import time

import numpy as np
import psutil
import pytest
from PIL import Image

from kiqa.scoring.cluster.session import joined

_IMAGES = 40


@pytest.fixture(scope="package")
def images(tmp_path_factory):
    """Small images, one that is none, one that is not there, and one twice."""
    folder = tmp_path_factory.mktemp("cluster")
    rng = np.random.default_rng(0)
    for number in range(_IMAGES):
        pixels = rng.integers(0, 255, (160, 240, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")
    (folder / "bad.png").write_text("no image")
    (folder / "copy.png").write_bytes((folder / "000.png").read_bytes())
    return [*sorted(map(str, folder.iterdir())), str(folder / "gone.png")]


@pytest.fixture(scope="package")
def own_ray():
    """A Ray of this process with two cores; the function that lists its workers."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("needs kiqa[ray]")
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with joined(None, workers=2):

        def workers():
            new = psutil.Process().children(recursive=True)
            return [each for each in new if each.pid not in before and _is_guest(each)]

        yield workers


@pytest.fixture
def workers_of(own_ray):
    """The same, when those of the test before have gone."""
    began = time.monotonic()
    while own_ray() and time.monotonic() - began < 20:
        time.sleep(0.1)
    return own_ray


def _is_guest(process):
    try:
        return "Guest" in " ".join(process.cmdline())
    except psutil.Error:
        return False
