"""RNN-BIQA against recorded outputs of the authors' code.

Source of the values: rnnbiqa, the Matlab code of Korhonen et al.: its function for the positions
of patches, run under Octave, and its formula for the five probabilities of a MOS and a standard
deviation.
"""

import numpy as np
import pytest

from kiqa.data.label_distributions import label_bins
from kiqa.maps.gaze import covering_positions

pytestmark = pytest.mark.parity


@pytest.mark.parametrize(
    ("height", "width", "count"),
    [
        (768, 1024, 20),
        (384, 512, 6),
        (500, 500, 9),
        (512, 683, 12),
        (1280, 1707, 48),
        (224, 224, 1),
    ],
)
def test_patch_counts_are_those_of_the_authors_function(height, width, count):
    """Both readings agree where neither axis is short."""
    for short_axis in ("single", "both"):
        assert len(covering_positions(height, width, short_axis=short_axis)) == count


@pytest.mark.parametrize(
    ("mos", "sd", "bins"),
    [
        (63.9634, 19.3353, [0.0113814332, 0.0992563082, 0.3213565808, 0.3901123323, 0.1778933455]),
        (50, 10, [0.0013496122, 0.1573054461, 0.6826898835, 0.1573054461, 0.0013496122]),
        (3.42, 6.7558, [0.9898217602, 0.0101781955, 4.43e-8, 0, 0]),
    ],
)
def test_bins_are_those_of_the_reference(mos, sd, bins):
    """Three MOS and deviations, to 1e-9."""
    np.testing.assert_allclose(label_bins(mos, sd), bins, atol=1e-9)
