"""Options of one shape: there without a default, their default told in the help."""

import argparse
from pathlib import Path

import pytest

from kiqa.arguments import Output, add_number, add_output, add_path, add_text, grid_of, part_of


@pytest.fixture
def parser():
    """As a training's, whose settings have no defaults."""
    parser = argparse.ArgumentParser(argument_default=argparse.SUPPRESS)
    add_path(parser, "--pairs", "CSV", "pairs of images")
    add_text(parser, "--teacher", "NAME|FILE", "a network", default="wadiqam_nr")
    add_text(parser, "--split", "FILE|NAME", "a split")
    add_number(parser, "--copies", "of each image", default=4)
    add_number(parser, "--limit", "of images")
    return parser


def test_options_are_there_without_being_given(parser):
    """``None``, or the default, where a setting's option would be missing."""
    assert vars(parser.parse_args([])) == {
        "pairs": None, "teacher": "wadiqam_nr", "split": None, "copies": 4, "limit": None,
    }  # fmt: skip


def test_values_have_their_types(parser):
    """A path, texts and whole numbers; another text for a number is a usage error."""
    given = parser.parse_args(["--pairs", "a.csv", "--teacher", "b", "--limit", "3"])
    assert (given.pairs, given.teacher, given.limit) == (Path("a.csv"), "b", 3)
    with pytest.raises(SystemExit):
        parser.parse_args(["--copies", "many"])


def test_help_names_values_and_defaults(parser):
    """The default only where there is one."""
    text = " ".join(parser.format_help().split())
    assert "--pairs CSV pairs of images" in text
    assert "a network (default: wadiqam_nr)" in text and "of each image (default: 4)" in text
    assert text.count("default:") == 2


def test_required_paths():
    """Without it the parser exits."""
    parser = argparse.ArgumentParser()
    add_path(parser, "--features", "DIR", "a folder", required=True)
    with pytest.raises(SystemExit):
        parser.parse_args([])


def test_parts_are_counted_from_one():
    """Of so many; anything else is refused with the form that was expected."""
    assert part_of("2/4") == (2, 4)
    for text in ("0/2", "3/2", "1", "a/b", "1/2/3", "-1/2", "１/２"):
        with pytest.raises(argparse.ArgumentTypeError, match="expected i/n with 1 <= i <= n"):
            part_of(text)


def test_a_grid_has_rows_and_columns():
    """At least one of each."""
    assert grid_of("20x8") == (20, 8)
    for text in ("0x5", "5x0", "20", "20X8", "x", "-1x2", "1x2x3", "２x3"):
        with pytest.raises(argparse.ArgumentTypeError, match="expected ROWSxCOLUMNS such as"):
            grid_of(text)


@pytest.mark.parametrize("kind", [str, Path])
def test_outputs_are_no_urls(kind, capsys):
    """They would become folders of this machine; what is no URL has its type."""
    parser = argparse.ArgumentParser()
    add_output(parser, "--output", Output.ROWS, "FILE", "rows", type=kind)
    assert parser.parse_args(["--output", "C:/a.csv"]).output == kind("C:/a.csv")
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(["--output", "s3://bucket/a.csv"])
    assert stop.value.code == 2
    assert "argument --output: expected a file or folder of this machine" in capsys.readouterr().err
