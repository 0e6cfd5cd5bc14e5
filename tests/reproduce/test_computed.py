"""Published methods that kiqa computes."""

import pytest

from kiqa.comparators import FITTED, FORMULAS
from kiqa.io.weights import Details
from kiqa.reproduce.__main__ import NAMES, reproduction_parser
from kiqa.reproduce.computed import COMPUTED, computable, named, trained_sets, with_weights
from kiqa.reproduce.published_rows import published_numbers

# What takes such methods: by name, as what kiqa evaluate left of them, or always (FISH).
OPTIONS = {"--comparators", "--model", "--evaluated"}


def _tables():
    """Of the papers; in ``accuracy`` each model comes by its predictions."""
    return [
        name
        for name in NAMES
        if "-table" in name and any("method" in row for row in published_numbers(name))
    ]


def test_each_is_a_comparator_that_some_table_lists():
    """No name is of nothing."""
    assert set(COMPUTED.values()) <= {*FORMULAS, *FITTED}
    listed = {row["method"] for name in _tables() for row in published_numbers(name)}
    assert set(COMPUTED) <= listed


@pytest.mark.parametrize("name", _tables())
def test_every_table_that_lists_one_takes_it(name):
    """By an option of its command, whose help names those that come by default."""
    parser = reproduction_parser(name)
    text = " ".join(parser.format_help().split()).lower()
    there = OPTIONS & {option for action in parser._actions for option in action.option_strings}
    wanted = computable(name)
    assert there or not wanted
    if wanted and "--evaluated" not in there:
        assert all(model in text for model in wanted)


@pytest.mark.parametrize(
    ("name", "models"),
    [
        (
            "wadiqam-table1",
            ["psnr", "ssim", "fsimc", "gmsd", "brisque", "niqe", "cornia", "cnniqa"],
        ),
        ("wadiqam-table2", ["psnr", "ssim", "fsimc"]),
        ("wadiqam-table3", ["brisque", "niqe"]),
        ("wadiqam-table4", []),
        ("wadiqam-table6", ["brisque", "cornia", "cnniqa"]),
        ("paq2piq-table2", ["niqe", "brisque", "cnniqa", "nima"]),
        ("thesis-table4", ["cnniqa", "deepbiq"]),
        ("rnn-table4", ["brisque", "deepbiq", "koncept512"]),
    ],
)
def test_models_of_a_table(name, models):
    """In the order of its rows."""
    assert list(computable(name)) == models


def test_without_weights_there_is_no_row_but_a_line(capsys):
    """Which says why; the others stay."""
    assert with_weights(["psnr", "no_such", "brisque"]) == ["psnr", "brisque"]
    error = capsys.readouterr().err
    assert "no row of no_such: Expected" in error and error.count("\n") == 1


def test_rows_name_the_direction_that_is_not_usual():
    """So that a negative correlation is not taken for a bad one."""
    assert named("niqe", higher_is_better=False) == "niqe, lower is better"
    assert named("brisque", higher_is_better=True) == "brisque"


def test_what_a_model_was_trained_on_is_named(described):
    """Each data set once; images of a folder are others; a formula has nothing."""
    assert trained_sets(Details("m", "1", "0..1", True)) == ""
    assert trained_sets(described("live", "live", None)) == "live and others"
