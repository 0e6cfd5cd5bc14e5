"""Phase congruency: high at edges, whatever their contrast."""

import numpy as np

from kiqa.comparators.phase_congruency import phase_congruency


def test_an_edge_stands_out_and_contrast_does_not_matter():
    """In 0..1, largest at the edge, and nearly the same at a tenth of the contrast."""
    values = np.full((40, 41), 50.0)
    values[:, 20:] = 150
    found = phase_congruency(values)
    assert found.min() >= 0 and found.max() <= 1
    assert found[20, 19:21].max() > 0.7
    assert found[20, 19:21].max() == found[20, 5:35].max()
    np.testing.assert_allclose(phase_congruency(values / 10), found, atol=0.02)


def test_nothing_is_nowhere():
    """A flat image has none."""
    assert phase_congruency(np.zeros((16, 16))).max() == 0
