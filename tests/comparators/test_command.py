"""The command line of the fits, as far as it comes without data."""

import shutil

import numpy as np
import pytest

from kiqa.scoring import Scorer
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
        main(["ilniqe"])
    assert "brisque" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "options"),
    [("deepbiq", ("--body",)), ("cornia", ("--codewords", "5", "--patches", "40"))],
)
def test_a_regression_is_fitted_and_its_file_scores(
    tmp_path, photo, biq2021_tree, blurrier, feature_body, capsys, name, options
):
    """From a data set to a model; the second time nothing is measured again."""
    images = blurrier([photo[index : index + 40, 50:98] for index in range(12)])
    root = biq2021_tree(tmp_path / "biq", images, ["val", "train", "train"] * 4)
    if name == "deepbiq":
        options = (*options, str(feature_body))
    run = tmp_path / "run"
    command = [name, "--data", str(root), "--dataset", "biq2021", "--workdir", str(run), *options]
    assert main(command) == 0
    assert f"Written to {run}" in capsys.readouterr().out
    shutil.copy(feature_body, run)
    scorer = Scorer(run / f"{name}.h5")
    assert [part.images for part in scorer.info.details.trained_on] == [8, 4]
    assert np.isfinite(scorer.score(root / "Images" / "ss01 (0).jpg"))
    stored = {path.name: path.read_bytes() for path in run.glob("*.jsonl")}
    assert main(command) == 0
    assert {path.name: path.read_bytes() for path in run.glob("*.jsonl")} == stored
