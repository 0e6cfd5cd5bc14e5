"""Images that cannot be used: said once, counted, and the others go on."""

import errno

import pytest

from kiqa.reproduce.left_out import LeftOut


def _half(number):
    if number % 2:
        raise ValueError(f"Expected an even number. Received: {number}.")
    return number // 2


def test_the_others_go_on(capsys):
    """In order; each that cannot be used has one line, and they are counted."""
    left_out = LeftOut()
    assert list(left_out.over(range(5), _half, file="{}.png".format)) == [(0, 0), (2, 1), (4, 2)]
    assert left_out.files == ["1.png", "3.png"] and left_out.status() == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "kiqa.reproduce: 1.png: Expected an even number. Received: 1."
    assert lines[2:] == ["kiqa.reproduce: 2 images were left out"]


def test_a_file_is_said_once(capsys):
    """Of several versions or passes, with its path once."""
    left_out = LeftOut()
    for _ in range(2):
        left_out.note("a.png", ValueError("a.png: Expected an image."))
    assert capsys.readouterr().err == "kiqa.reproduce: a.png: Expected an image.\n"
    assert left_out.files == ["a.png"]


def test_nothing_left_is_an_error(capsys):
    """Of several it counts them; a single one is the error itself, in one line."""
    with pytest.raises(ValueError, match="none, of 2"):
        list(LeftOut().over([1, 3], _half, file=str))
    capsys.readouterr()
    with pytest.raises(ValueError, match=r"^7\.png: Expected an even number"):
        list(LeftOut().over([7], _half, file="{}.png".format))
    assert capsys.readouterr().err == ""
    assert list(LeftOut().over([], _half)) == []
    assert LeftOut().status() == 0


@pytest.mark.parametrize("items", [[0], [1, 2]])
def test_a_full_disk_ends_the_run(items):
    """No other file could be written either."""

    def full(item):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        list(LeftOut().over(items, full, file=str))
