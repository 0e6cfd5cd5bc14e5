"""Images made for the comparison, and what it finds."""

from dataclasses import replace

import numpy as np
import pytest

from kiqa.export.comparison import TOLERANCE, largest_difference, made_images, outputs_of
from kiqa.export.formats import Opened
from kiqa.export.parts import system_of
from kiqa.io.weights import read_info


def test_images_are_the_same_each_time_and_of_several_sizes():
    """The smallest has the least side; a reference differs from its image."""
    first, again = (list(made_images(32, count=2)) for _ in range(2))
    assert [image.shape for image, _ in first] == [(32, 32, 3), (69, 192, 3), (256, 163, 3)]
    for pair, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(pair, same)
        assert pair[0].dtype == np.uint8 and np.ptp(pair[0]) > 100
        assert 1 < np.abs(pair[0].astype(int) - pair[1]).mean() < 30


@pytest.mark.parametrize("mode", ["patch", "lite", "wadiqam-fr"])
def test_a_copy_that_is_off_is_measured(small, mode):
    """A copy with outputs 1 % larger differs by 1 %; the same outputs by nothing."""
    system = system_of(read_info(small(mode)))
    (part,) = system.parts
    for factor in (1.0, 1.01):
        copy = Opened(
            {}, (), lambda x, factor=factor: [factor * y for y in outputs_of(part, [*x.values()])]
        )
        found = largest_difference(part, copy, system)
        assert found.relative == pytest.approx(factor - 1, abs=1e-6)
        assert (found.relative > TOLERANCE) == (factor > 1)
        assert len(set(found.shapes)) == 3


def test_a_network_of_images_is_given_two_at_once(small):
    """So that a batch that is no batch is found; patches are many anyway."""
    system = system_of(read_info(small("lite")))
    (part,) = system.parts
    first = Opened({}, (), lambda x: [np.repeat(outputs_of(part, [x["image"][:1]])[0], 2, axis=0)])
    found = largest_difference(part, first, system)
    assert {shape[0] for shape in found.shapes} == {2} and found.relative > TOLERANCE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda y: y[:, :, None], r"small-lite.*\(2, 1, 1\)"),
        (lambda y: y * np.nan, "finite.*small-lite"),
    ],
)
def test_other_shapes_and_no_numbers_are_refused(small, change, said):
    """By the name of the network."""
    system = system_of(read_info(small("lite")))
    (part,) = system.parts
    copy = Opened({}, (), lambda x: [change(y) for y in outputs_of(part, [*x.values()])])
    with pytest.raises(ValueError, match=said):
        largest_difference(replace(part), copy, system)
