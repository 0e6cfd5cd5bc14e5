"""What heads are trained on."""

import numpy as np
import pytest

from kiqa.data.records import ScoredImage
from kiqa.models import MODELS
from kiqa.scoring.engines import ENGINES
from kiqa.training.comparators.heads.forms import FORMS, earth_movers_distance
from kiqa.training.comparators.heads.settings import HeadSettings

RECORD = ScoredImage("a.png", "a.png", 0.42, None, "a.png", "biq2021", (0.0, 1.0))


@pytest.mark.parametrize("name", FORMS)
def test_targets_fit_what_is_trained(name):
    """Every form has a builder and an engine; the scores of its targets are the MOS."""
    form = FORMS[name]
    assert name == form.name and name in MODELS and name in ENGINES
    targets = form.targets([RECORD], HeadSettings())
    part = form.trained(form.build(1))
    assert part.output_shape == (None, targets.shape[1]) == (None, len(form.scores))
    assert targets @ np.array(form.scores) == pytest.approx(0.42, abs=0.01)


@pytest.mark.parametrize("name", FORMS)
def test_the_whole_head_has_the_trained_weights(name):
    """Its quality is the weighted sum of the outputs that the loss is of."""
    form = FORMS[name]
    part = form.trained(form.build(7))
    features = np.random.default_rng(1).uniform(0, 2, (3, 1280)).astype(np.float32)
    expected = np.asarray(part(features)) @ np.array(form.scores)
    found = np.asarray(form.whole(part)(features))[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_the_distance_is_of_sums_up_to_each_bin():
    """By hand: one bin apart in ten, two bins apart in ten; of equal ones nearly none."""
    wanted = np.eye(10, dtype=np.float32)[[3, 3, 3]]
    found = np.eye(10, dtype=np.float32)[[4, 5, 3]]
    distances = np.asarray(earth_movers_distance(wanted, found))
    np.testing.assert_allclose(distances, [np.sqrt(0.1), np.sqrt(0.2), 0], atol=2e-6)
