"""Settings of the trainings behind tables and curves."""

import argparse

import pytest

from kiqa.reproduce.wadiqam.runs import add_training, settings_of


@pytest.fixture
def settings():
    """The function ``settings(*options)``: of DIQaM-FR, split 3."""

    def settings(*options):
        parser = argparse.ArgumentParser()
        add_training(parser)
        changes = {"mode": "fr", "pooling": "average"}
        return settings_of(parser.parse_args(options), changes, split=3)

    return settings


def test_options_change_a_preset(settings):
    """What is not given is the preset's; the split is the seed, DIQaM has one loss."""
    paper, own = settings(), settings("--preset", "two-cores", "--epochs", "7")
    assert (paper.precision, paper.epochs, paper.seed) == ("float32", 3000, 3)
    assert (own.schedule, own.epochs, own.patches) == ("cosine", 7, 8)
    assert own.patch_loss == 0 and (own.mode, own.pooling) == ("fr", "average")


def test_precision_is_that_of_every_command(settings, capsys):
    """For a processor that has bfloat16; names that Keras has no policy of are refused."""
    given = settings("--preset", "two-cores", "--precision", "mixed_bfloat16")
    assert given.precision == "mixed_bfloat16"
    with pytest.raises(SystemExit):
        settings("--precision", "bfloat16")
    assert "mixed_bfloat16" in capsys.readouterr().err
