"""A network of lite in little, in the place of the real one."""

import pytest

from kiqa.models.lite import build_lite
from kiqa.reproduce.lite import looks


@pytest.fixture(scope="module")
def network(small_lite):
    """Random weights, the smallest body in little."""
    return build_lite(variant="lite0", units=2, seed=1)


@pytest.fixture(scope="module", autouse=True)
def little(network):
    """That network, which reads squares of 64 pixels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looks, "network_of", lambda model: network)
        patch.setattr(looks, "WORKING_AREA", 64 * 64)
        yield
