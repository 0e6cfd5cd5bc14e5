"""Settings of the learned comparators."""

import pytest

from kiqa.training.comparators.regression.settings import RegressionSettings


def test_defaults_and_bounds():
    """The paper's epochs; a warm-up belongs to the cosine."""
    assert RegressionSettings().epochs == 40
    with pytest.raises(ValueError, match="pieces"):
        RegressionSettings(pieces=0)
    with pytest.raises(ValueError, match="schedule"):
        RegressionSettings(warmup_steps=5)
