"""Figures of images, patches and maps."""

import pytest

from kiqa.data.readers.koniq10k import koniq10k
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.thesis.figures import spread


def test_examples_are_spread_over_the_ranks(koniq):
    """Two of ten: the middle ones of the lower and the upper half, whatever the order."""
    records = koniq10k(koniq[1])
    chosen = spread(records[::-1], 2)
    assert [record.mos for record in chosen] == [40, 65]
    assert len(spread(records, 99)) == 10
    with pytest.raises(ValueError, match="at least one"):
        spread(records, 0)


def test_fig_17_wants_both_or_none(capsys):
    """A folder without its kind is refused."""
    assert main(["thesis-fig17", "--data", "somewhere"]) == 2
    assert "--dataset together" in capsys.readouterr().err
