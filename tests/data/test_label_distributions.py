"""Truncated Gaussian bins: the density, tails, refusals; recorded values: `tests/parity`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from kiqa.data.label_distributions import bins_of_records, label_bins
from kiqa.data.records import ScoredImage

RECORD = ScoredImage("a.png", Path("a.png"), 0.5, None, "a", "biq2021", (0.0, 1.0))


def test_bins_are_the_integral_of_the_density():
    """Another way to the same numbers, and each row adds up to 1."""
    mos, sd = np.array([12.0, 77.0]), np.array([25.0, 8.0])
    found = label_bins(mos, sd)
    for row, centre, width in zip(found, mos, sd, strict=True):
        masses = [
            quad(norm(centre, width).pdf, low, low + 20, epsabs=1e-13)[0]
            for low in range(0, 100, 20)
        ]
        np.testing.assert_allclose(row, np.array(masses) / sum(masses), atol=1e-10)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("sd", [1e-3, 1e4])
def test_mirrored_scores_have_mirrored_bins(sd):
    """Also far out in the tails, where differences of the two sides would vanish."""
    np.testing.assert_allclose(label_bins(93.0, sd), label_bins(7.0, sd)[::-1], rtol=1e-9)


@pytest.mark.parametrize(
    ("mos", "bins"),
    [
        (50, [0, 0, 1, 0, 0]),
        (60, [0, 0, 0.5, 0.5, 0]),
        (0, [1, 0, 0, 0, 0]),
        (100, [0, 0, 0, 0, 1]),
    ],
)
def test_raters_who_agree_are_in_one_category(mos, bins):
    """The limit of ever smaller deviations; on the edge of two categories half are in each."""
    np.testing.assert_allclose(label_bins(mos, 0), bins, atol=1e-12)
    np.testing.assert_allclose(label_bins(mos, 1e-5), bins, atol=1e-12)
    image = replace(RECORD, mos=mos / 100, sd=0.0)
    found = bins_of_records([image, replace(image, sd=0.1)])
    np.testing.assert_allclose(found, label_bins(mos, [0, 10]), atol=1e-7)


@pytest.mark.parametrize(
    ("mos", "sd", "message"),
    [
        (101, 10, "Expected scores from 0 to 100"),
        (np.nan, 10, "Expected scores"),
        (50, -1, "deviations of 0 or more"),
        (50, np.nan, "deviations of 0 or more"),
        (50, np.inf, "deviations of 0 or more"),
    ],
)
def test_refuses_what_has_no_distribution(mos, sd, message):
    """Scores off the scale, deviations that are none."""
    with pytest.raises(ValueError, match=message):
        label_bins(mos, sd)


def test_records_without_a_deviation_need_an_assumed_one():
    """BIQ2021 has none: refused by name, or taken as told on the scale 0..100."""
    with pytest.raises(ValueError, match=r"biq2021, 1 of 2 .*'a.png'.*--assumed-sd"):
        bins_of_records([RECORD, replace(RECORD, sd=0.1)])
    found = bins_of_records([RECORD, replace(RECORD, sd=0.1)], assumed_sd=20)
    np.testing.assert_allclose(found, label_bins(50, [20, 10]), atol=1e-7)
