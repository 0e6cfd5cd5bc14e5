"""Scales as text."""

import pytest

from kiqa.io.scales import limits


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("0..1", (0, 1)),
        ("-5..100", (-5, 100)),
        ("0..100 DMOS", (0, 100)),
        ("unknown", (0, 1)),
        (">=0", (0, 30)),
    ],
)
def test_limits_of_a_scale(scale, expected):
    """The ends are the numbers in the text; an unknown scale is drawn on 0..1."""
    assert limits(scale) == expected


@pytest.mark.parametrize("scale", ["", "0-1", "1..0", "a..b"])
def test_text_that_is_no_scale_is_refused(scale):
    """The message shows the text."""
    with pytest.raises(ValueError, match="scale"):
        limits(scale)
