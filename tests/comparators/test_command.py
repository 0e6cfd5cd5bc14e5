"""The command line of the fits, as far as it comes without data."""

import pytest

from kiqa.train_comparator import main


def test_help_loads_no_keras(loaded_by_help):
    """Neither Keras nor TensorFlow nor scikit-learn."""
    loaded, text = loaded_by_help("kiqa.train_comparator", "brisque")
    assert not {"keras", "tensorflow", "sklearn"} & loaded
    assert "--workdir" in text


def test_an_interrupt_can_be_continued(tmp_path, monkeypatch, capsys):
    """Status 130 and a line that says so."""

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("kiqa.comparators.command.images_in", interrupt)
    assert main(["niqe", "--data", str(tmp_path), "--workdir", str(tmp_path)]) == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_a_name_is_needed(capsys):
    """argparse lists the comparators."""
    with pytest.raises(SystemExit):
        main(["cornia"])
    assert "brisque" in capsys.readouterr().err
