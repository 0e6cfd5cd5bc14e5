"""One Ray of two cores for all tests that need a real one, and images for its workers."""

import importlib.util
import os
import tempfile
import time

import numpy as np
import psutil
import pytest
from PIL import Image

from kiqa.scoring.cluster import session
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
def real_ray():
    """The library, loaded as kiqa does: it reads variables then."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("needs kiqa[ray]")
    return session._ray()


@pytest.fixture(scope="package")
def own_ray(real_ray):
    """A Ray of this process with two cores, of which nothing stays; lists its workers."""
    before = set(_children())
    with (
        tempfile.TemporaryDirectory(prefix="k", dir="/tmp") as place,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(tempfile, "tempdir", place)
        with joined(None, workers=2):
            patch.undo()
            yield lambda: [each for each in _children() if each not in before and _is_guest(each)]
        _, left = psutil.wait_procs([each for each in _children() if each not in before], 10)
        assert left == [], "processes of a Ray of our own are left"
        assert os.listdir(place) == [], "its temporary folder is left"


@pytest.fixture
def workers_of(own_ray):
    """The same, when those of the test before have gone."""
    began = time.monotonic()
    while own_ray() and time.monotonic() - began < 20:
        time.sleep(0.1)
    return own_ray


def _children():
    return psutil.Process().children(recursive=True)


def _is_guest(process):
    try:
        return "Guest" in " ".join(process.cmdline())
    except psutil.Error:
        return False
