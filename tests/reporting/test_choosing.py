"""How many of the best, and which."""

import pytest

from kiqa.reporting.choosing import Best, parse_best, placed
from kiqa.reporting.entries import Entry


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20", Best(20)), ("20%", Best(20, True)), ("2.5 %", Best(2.5, True)), (" 1 ", Best(1))],
)
def test_numbers_and_per_cent(text, expected):
    """With a blank or without."""
    assert parse_best(text) == expected


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "0%", "101%", "ten", "", "20 photos", "1e3"])
def test_other_texts_are_refused(text):
    """The message shows the text."""
    with pytest.raises(ValueError, match="Expected a number of images"):
        parse_best(text)


@pytest.mark.parametrize(
    ("best", "total", "count"),
    [(Best(3), 10, 3), (Best(3), 2, 2), (Best(20, True), 10, 2), (Best(20, True), 11, 3),
     (Best(0.1, True), 10, 1), (Best(100, True), 7, 7), (Best(7, True), 100, 7)],
)  # fmt: skip
def test_counts(best, total, count):
    """A part of an image counts as one; never more than there are."""
    assert best.count(total) == count


UP = {"higher_is_better": True, "scale": (0, 10)}


def _entries():
    """Scores 1, 5, 4, 3; the second and third are alike."""
    looks = [0xFF << 20, 0xFFFFFFFF, 0xFFFFFFFE, (1 << 64) - 1]
    return [
        Entry(str(score), {"score": float(score)}, look=look)
        for score, look in zip((1, 5, 4, 3), looks, strict=True)
    ]


def test_of_images_that_are_alike_only_the_best():
    """Unless all are to be taken."""
    entries = _entries()
    found = placed(entries, **UP, best=Best(3))
    assert found.groups == [None, 0, 0, None]
    assert (found.best, found.chosen) == ({1}, [1, 3, 0])
    assert placed(entries, **UP, best=Best(3), keep_alike=True).chosen == [1, 2, 3]
    assert placed(entries, **UP).chosen == []


def test_lower_scores_may_be_better():
    """Then they are chosen."""
    found = placed(_entries(), higher_is_better=False, scale=(0, 10), best=Best(2))
    assert (found.best, found.chosen) == ({2}, [0, 3])
