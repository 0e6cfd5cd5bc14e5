"""Notes beside scores: one colour, and scores that leave their scale."""

import numpy as np
import pytest

from kiqa.scoring.notes import note_of

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


@pytest.mark.parametrize(
    ("score", "scale"), [(0, "0..1"), (1, "0..1"), (100.0, "0..100"), (7.5, "1.5..9"), (-3, "any")]
)
def test_scores_within_their_scale_have_no_note(score, scale):
    """Its ends belong to it; of a scale in words nothing is said."""
    assert note_of(PIXELS, score, scale=scale) is None


@pytest.mark.parametrize(("score", "scale"), [(-0.01, "0..1"), (1.001, "0..1"), (101, "0..100")])
def test_scores_outside_have_one(score, scale):
    """It names the scale."""
    assert f"outside the scale {scale}" in note_of(PIXELS, score, scale=scale)


def test_one_colour_has_one():
    """Whichever it is; one other pixel ends it."""
    pixels = np.full((40, 50, 3), (3, 200, 7), np.uint8)
    assert note_of(pixels, 0.5, scale="0..1") == "a single colour, which shows nothing to judge"
    assert "colour" in (note := note_of(pixels, 5, scale="0..1")) and "; a score" in note
    pixels[-1, -1, 0] += 1
    assert note_of(pixels, 0.5, scale="0..1") is None
