"""The registry of data sets with local annotations."""

from kiqa.cli.evaluate_maps import _ANNOTATIONS, _OF_PATCHES
from kiqa.data.readers.local import ANNOTATIONS, OF_TWO_MEANINGS


def test_the_command_knows_all_of_them():
    """It names them without loading the readers."""
    assert _ANNOTATIONS == tuple(sorted(ANNOTATIONS))
    assert {*OF_TWO_MEANINGS, *_OF_PATCHES} <= ANNOTATIONS.keys()
