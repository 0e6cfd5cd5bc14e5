"""What a model is taken into, and what is refused."""

import json

import numpy as np
import pytest

from kiqa.export.comparison import made_images, outputs_of
from kiqa.export.parts import _NO_NETWORK, SYSTEMS, system_of
from kiqa.io.weights import WeightsError, read_info
from kiqa.scoring.engines import ENGINES, describe

SHIPPED = (
    *("lite", "wadiqam_nr", "wadiqam_fr", "patchnet", "paq2piq_rm", "rnn_biqa", "aggregator"),
    *("nima", "cornia"),
)


def test_every_way_to_score_is_exported_or_refused():
    """A new mode of `ENGINES` must be one or the other."""
    assert SYSTEMS.keys() | _NO_NETWORK.keys() == ENGINES.keys()
    assert not SYSTEMS.keys() & _NO_NETWORK.keys()


@pytest.mark.parametrize("name", ["psnr", "ssim", "fish", "brisque", "niqe"])
def test_what_is_no_network_is_refused(name):
    """By name, with what it is instead."""
    with pytest.raises(WeightsError, match=f"Received: {name}, a .* kiqa score"):
        system_of(describe(name))


@pytest.mark.parametrize("name", ["paq2piq_rm_head", "rnn_features", "lite_local"])
def test_a_part_of_a_model_is_refused(name):
    """Parts come with the model that names them."""
    with pytest.raises(WeightsError, match=f"Received: {name} of the mode"):
        system_of(read_info(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_a_system_is_what_the_engine_runs(name, shipped_scorer, shipped_once, eager):
    """Least side, reference and steps; the last network on its inputs gives the engine's score."""
    system, scorer = system_of(describe(name)), shipped_scorer(name)
    assert system.least_side == scorer.least_side
    assert system.needs_reference == scorer.needs_reference
    assert json.loads(json.dumps([system.before, system.after]))
    named = {step["part"] for step in system.after if step["step"] == "run"}
    assert named == {part.name for part in system.parts}
    images = list(made_images(system.least_side, count=1 + system.needs_reference))[-1]
    part = system.parts[-1]
    outputs = outputs_of(part, part.feed(*images))
    if name == "patchnet":
        return  # the windows that are compared are fewer than those of the score
    if name.startswith("wadiqam"):
        quality, weight = (values.astype(np.float64) for values in outputs)
        score = (quality * weight).sum() / weight.sum()
    else:
        score = outputs[0][0, 0]
    reference = images[1] if system.needs_reference else None
    assert score == pytest.approx(scorer.score(images[0], reference=reference), rel=1e-5)
