"""The command lines of the learned comparators."""

from kiqa.train_comparator import main
from kiqa.training.comparators.regression.command import COMMANDS
from kiqa.training.comparators.regression.forms import FORMS


def test_each_form_has_a_command(loaded_by_help):
    """With the options of all trainings; help loads no Keras."""
    assert set(COMMANDS) == set(FORMS)
    loaded, text = loaded_by_help("kiqa.train_comparator", "cnniqa")
    assert not {"keras", "tensorflow"} & loaded
    assert "--pieces" in text and "--resume" in text


def test_missing_data_is_one_line(tmp_path, capsys):
    """Status 2, and the command is named."""
    command = ["cnniqa", "--data", str(tmp_path / "none"), "--dataset", "biq2021"]
    assert main([*command, "--workdir", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("train_comparator cnniqa: error: ") and err.count("\n") == 1
