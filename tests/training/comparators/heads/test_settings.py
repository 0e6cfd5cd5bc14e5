"""Settings of the heads."""

import pytest

from kiqa.training.comparators.heads.settings import PRESETS, HeadSettings


def test_defaults_and_bounds():
    """KonCept512's authors' values; presets are settings."""
    assert (HeadSettings().epochs, HeadSettings().batch_size) == (40, 32)
    for name, presets in PRESETS.items():
        assert all(HeadSettings(**values) for values in presets.values()), name
    with pytest.raises(ValueError, match="assumed_sd"):
        HeadSettings(assumed_sd=0)
    with pytest.raises(ValueError, match="schedule"):
        HeadSettings(warmup_steps=5)
