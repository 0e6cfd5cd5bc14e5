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


def test_what_is_remembered_is_nobodys_to_change():
    """A second call gives the same values, of other shapes in between too."""
    values = np.random.default_rng(0).uniform(0, 255, (20, 24))
    first = phase_congruency(values)
    kept = first.copy()
    first[:] = -1
    phase_congruency(values.T)
    np.testing.assert_array_equal(phase_congruency(values), kept)
