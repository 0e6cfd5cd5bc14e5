"""The designs of the ablation: each differs from its base in one choice."""

import pytest

from kiqa.models.lite import PARTS
from kiqa.reproduce.lite.designs import REFERENCE, designs

CHOICES = ("maps", "sides", "pooling", "images", "teacher")
ROWS = designs(working=384, sides=(512, 256), images=(1000, 2600), count=4300)


@pytest.mark.parametrize("design", ROWS[1:], ids=lambda design: design.name)
def test_each_design_differs_from_its_base_in_one_choice(design):
    """So that the difference of both says what that choice brings."""
    (base,) = [each for each in ROWS if each.name == design.base]
    assert sum(getattr(design, choice) != getattr(base, choice) for choice in CHOICES) == 1


def test_each_design_stands_behind_what_it_needs():
    """Its base, and the teacher whose scores it learns from; names are there once."""
    names = [design.name for design in ROWS]
    assert len(set(names)) == len(names) and names[0] == REFERENCE
    for place, design in enumerate(ROWS[1:], 1):
        assert {design.base, design.teacher} - {None} <= set(names[:place])
        assert set(design.maps) <= set(PARTS)


def test_each_resolution_stands_alone_and_beside_the_working_one():
    """In the order that was asked for."""
    found = [design.sides for design in ROWS if design.part == "resolution"]
    assert found == [(512,), (256,), (384, 512), (384, 256)]
