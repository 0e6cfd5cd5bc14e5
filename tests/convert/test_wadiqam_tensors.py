"""What the tensors of published WaDIQaM checkpoints tell."""

import pytest

from kiqa.convert.wadiqam_tensors import pooling_in_name


@pytest.mark.parametrize(
    ("name", "pooling"),
    [
        ("nr_live_patchwise.model", "average"),
        ("fr_tid_weighted.model", "weighted"),
        ("WaDIQaM-FR-KADID-10K-EXP1000-5-lr=0.0001-bs=4", "weighted"),
        ("DIQaM-NR-KonIQ", "average"),
        ("weighted_and_patchwise.model", None),
        ("final.model", None),
    ],
)
def test_pooling_in_name(name, pooling):
    """The names of the published files, of the ports', and of none."""
    assert pooling_in_name(f"patchwise/{name}") == pooling
