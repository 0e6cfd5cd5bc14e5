"""Axes to draw on, and scores to draw."""

import numpy as np
import pytest
from matplotlib.figure import Figure


@pytest.fixture
def ax():
    return Figure().add_subplot()


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    mos = rng.random(50)
    return mos + rng.normal(0, 0.1, 50), mos
