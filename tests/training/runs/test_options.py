"""Settings stated once: checks, options and texts that come from a dataclass."""

import argparse
from dataclasses import dataclass

import pytest

from kiqa.training.runs import options
from kiqa.training.runs.options import (
    add_settings,
    check_continues,
    given_settings,
    settings_to_json,
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every kind of field."""

    seed: int = options.seed()
    batch_size: int = options.batch_size(16)
    learning_rate: float = options.learning_rate(1e-3)
    dropout: float = options.setting(0.5, "of 100% of the cells", low=0, below=1)
    share: float = options.setting(0.5, "a share", above=0, high=1)
    mode: str = options.setting("nr", "with a reference or not", choices=("nr", "fr"))
    flip: bool = options.setting(False, "mirror half")
    layer: str | None = options.setting(None, "of the network")
    early_stopping: int | None = options.early_stopping()
    precision: str = options.precision()
    devices: tuple[str, ...] = options.devices()

    def __post_init__(self):
        options.check_settings(self)


def _parser():
    parser = argparse.ArgumentParser(argument_default=argparse.SUPPRESS)
    add_settings(parser, Settings, preset={})
    return parser


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("seed", -1, "an integer >= 0"),
        ("seed", 1.0, "an integer >= 0"),
        ("seed", True, "an integer >= 0"),
        ("batch_size", 0, "an integer >= 1"),
        ("learning_rate", 0.0, "a number > 0"),
        ("learning_rate", float("inf"), "a number > 0"),
        ("learning_rate", float("nan"), "a number > 0"),
        ("learning_rate", "1", "a number > 0"),
        ("dropout", 1.0, "a number >= 0 and < 1"),
        ("share", 0, "a number > 0 and <= 1"),
        ("share", 1.1, "a number > 0 and <= 1"),
        ("early_stopping", 0, "an integer >= 1"),
        ("mode", "rr", "one of nr, fr"),
        ("precision", "float16", "one of float32, mixed_bfloat16, mixed_float16"),
    ],
)
def test_values_out_of_their_bounds_are_named(name, value, wanted):
    """With what they can be and what they are."""
    with pytest.raises(ValueError) as caught:
        Settings(**{name: value})
    assert str(caught.value) == f"Expected {name} to be {wanted}. Received: {value!r}."


def test_bounds_are_inclusive_where_they_say_so():
    """0 and 1 at their ends; whole numbers where any number can be; None where that has a sense."""
    Settings(dropout=0, share=1, learning_rate=1, early_stopping=None, layer=None)


def test_options_are_those_of_the_fields():
    """Only what was given; types, choices and switches; 0 and nothing are None."""
    given = given_settings(_parser().parse_args([]), Settings)
    assert given == {}
    options = "--batch-size 4 --learning-rate 1e-4 --mode fr --flip --early-stopping 0 --layer"
    given = given_settings(_parser().parse_args([*options.split(), ""]), Settings)
    assert given == {
        "batch_size": 4,
        "learning_rate": 1e-4,
        "mode": "fr",
        "flip": True,
        "early_stopping": None,
        "layer": None,
    }
    assert Settings(**given).batch_size == 4


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--batch-size", "x"], "--batch-size: invalid int value: 'x'"),
        (["--early-stopping", "x"], "--early-stopping: invalid int value: 'x'"),
        (["--mode", "rr"], "--mode: invalid choice: 'rr'"),
        (["--devices", "GPU:0"], "unrecognized arguments"),
    ],
)
def test_wrong_options_exit_with_status_2(capsys, options, text):
    """The option is named; devices are no option."""
    with pytest.raises(SystemExit) as caught:
        _parser().parse_args(options)
    assert caught.value.code == 2 and text in capsys.readouterr().err


def test_help_states_meaning_and_default(capsys):
    """From the same field; a per cent sign is no format."""
    with pytest.raises(SystemExit):
        _parser().parse_args(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "--dropout N of 100% of the cells (default: 0.5)" in text
    assert "--mode {nr,fr} with a reference or not (default: nr)" in text


def test_json_has_lists_for_tuples():
    """And every field."""
    plain = settings_to_json(Settings(devices=("GPU:0", "GPU:1")))
    assert plain["devices"] == ["GPU:0", "GPU:1"]
    assert (plain["seed"], plain["early_stopping"]) == (0, None)
    assert set(plain) == {*Settings.__dataclass_fields__}


def test_a_run_continues_with_its_own_settings():
    """More epochs only where they may grow; each difference is named with both values."""
    check_continues({"epochs": 2, "seed": 1}, {"epochs": 3, "seed": 1})
    with pytest.raises(ValueError, match="epochs was 2, is 3"):
        check_continues({"epochs": 2}, {"epochs": 3}, extendable=())
    with pytest.raises(ValueError, match=r"epochs was 3, is 2; seed was 1, is 2"):
        check_continues({"epochs": 3, "seed": 1}, {"epochs": 2, "seed": 2})
