"""Nothing is trained on that a run is judged by."""

import pytest

from kiqa.training.runs.parts import refuse_shared_contents


def _rows(*contents):
    return [{"image_name": f"{c}.png", "content": c} for c in contents]


def test_parts_without_a_shared_content_pass():
    """Also where a part is empty, and where one part has a content twice."""
    refuse_shared_contents({"train": _rows("a", "a", "b"), "val": _rows("c"), "test": []})


def test_contents_in_two_parts_are_counted_and_named():
    """Three of them at most."""
    parts = {"train": _rows(*"abcde"), "val": _rows("f"), "test": _rows(*"edcba")}
    with pytest.raises(ValueError) as caught:
        refuse_shared_contents(parts)
    assert "5 in both train and test, such as ['a', 'b', 'c']" in str(caught.value)
