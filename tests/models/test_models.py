"""The registry of models."""

import pytest

from kiqa.models import MODELS, builder
from kiqa.models.patchnet import build_patchnet


@pytest.fixture(scope="module")
def patchnet():
    return build_patchnet(seed=3)


def test_registry_resolves_names():
    """Every entry of MODELS is a function; other names are refused."""
    for name in MODELS:
        assert callable(builder(name))
    with pytest.raises(ValueError, match="patchnet"):
        builder("patchnot")
