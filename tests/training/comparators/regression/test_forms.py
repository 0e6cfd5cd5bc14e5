"""What the learned comparators look at."""

import numpy as np
import pytest

from kiqa.data.patches import cut_patches
from kiqa.models import MODELS
from kiqa.scoring.engines import ENGINES
from kiqa.training.comparators.regression.forms import FORMS


@pytest.mark.parametrize("name", FORMS)
def test_pieces_fit_the_network(name, photo):
    """Every form has a builder, an engine and pieces of the shape of its network's input."""
    form = FORMS[name]
    assert name == form.name and name in MODELS and name in ENGINES
    pieces = form.all_pieces(photo[:70, :100])
    assert pieces.shape[1:] == (form.side, form.side, form.planes)
    assert form.build(1).input_shape == (None, *pieces.shape[1:])
    assert np.isfinite(pieces).all()


@pytest.mark.parametrize("name", FORMS)
def test_pieces_are_those_of_the_prepared_image(name, photo):
    pixels = photo[:50, :70]
    form = FORMS[name]
    low, right = 50 - form.side, 70 - form.side
    positions = np.array([[0, 0], [low, right], [7, 11], [7, 12]])  # two are in corners
    expected = cut_patches(form.prepare(pixels), positions, form.side)
    np.testing.assert_array_equal(form.pieces_at(pixels, positions), expected)
