"""The command lines of the comparators that are trained."""

import pytest

from kiqa.train_comparator import main
from kiqa.training.comparators.command import COMMAND
from kiqa.training.comparators.heads.forms import FORMS as HEADS
from kiqa.training.comparators.regression.forms import FORMS as REGRESSIONS
from kiqa.training.runs.command import TrainingCommand, training_parser


def test_each_form_has_a_command():
    """And each command of a training a form."""
    commands = COMMAND.commands.items()
    trained = {name for name, (_, command) in commands if isinstance(command, TrainingCommand)}
    assert trained == {*HEADS, *REGRESSIONS}


@pytest.mark.parametrize(
    ("name", "own"), [("cnniqa", ["--pieces"]), ("nima", ["--body", "--assumed-sd"])]
)
def test_help_has_the_options_of_all_trainings_and_its_own(capsys, name, own):
    """In one text."""
    with pytest.raises(SystemExit, match="0"):
        training_parser(COMMAND).parse_args([name, "--help"])
    text = capsys.readouterr().out
    assert all(option in text for option in ["--resume", "--schedule", *own])


def test_help_loads_no_keras(loaded_by_help):
    """--help answers at once."""
    loaded, _ = loaded_by_help("kiqa.train_comparator", "nima")
    assert not {"keras", "tensorflow"} & loaded


@pytest.mark.parametrize("name", ["cnniqa", "koncept512"])
def test_missing_data_is_one_line(tmp_path, capsys, name):
    """Status 2, and the command is named."""
    command = [name, "--data", str(tmp_path / "none"), "--dataset", "biq2021"]
    assert main([*command, "--workdir", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"train_comparator {name}: error: ") and err.count("\n") == 1
