"""``python -m kiqa.train_comparator`` on a few images, in this process."""

import json

import numpy as np
import pytest
from PIL import Image

from kiqa.comparators import fit_brisque
from kiqa.io.weights import read_info
from kiqa.scoring import Scorer
from kiqa.train_comparator import main


@pytest.fixture(scope="module")
def rated(tmp_path_factory, photo, biq2021_tree, blurrier):
    """23 crops, each blurrier than the one before, as BIQ2021 is published; and a flat image."""
    crops = [photo[5 * i : 5 * i + 40, 7 * i : 7 * i + 48] for i in range(23)]
    crops.append(np.full((40, 48, 3), 255, np.uint8))  # BIQ2021 has one white image, too
    sets = ["val" if i % 4 == 3 else "train" for i in range(24)]
    return biq2021_tree(tmp_path_factory.mktemp("rated"), blurrier(crops, step=0.1), sets)


def test_brisque_from_data_to_scores(rated, tmp_path, capsys, monkeypatch):
    """File, result and scores; repeated, no image is measured again."""
    command = ["brisque", "--data", str(rated), "--dataset", "biq2021"]
    command += ["--split", str(rated / "split.csv"), "--workdir", str(tmp_path / "run")]
    grid = {"gamma": (0.05,), "c": (1.0,), "epsilon": (0.05,)}
    monkeypatch.setattr(fit_brisque, "GRID", grid)
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert "images 18, validation 5" in out
    assert err.count("is left out: Expected an image with structure") == 1
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert (result["gamma"], result["c"]) == (0.05, 1.0)
    info = read_info(tmp_path / "run" / "brisque.h5")
    assert (info.details.mode, info.scale, info.higher_is_better) == ("brisque", "0..1", True)
    assert [part.images for part in info.details.trained_on] == [18, 6]
    rows = Scorer(info.path)(sorted((rated / "Images").iterdir())[:3])
    assert all(np.isfinite(row["score"]) for row in rows)

    measured = []

    def refuse(pixels):
        measured.append(pixels.shape)
        raise ValueError("flat")

    monkeypatch.setattr("kiqa.comparators.brisque.brisque_features", refuse)
    assert main(command) == 0
    assert measured == [(40, 48, 3)]  # the flat image, which has no statistics


@pytest.mark.slow
def test_niqe_from_a_folder(tmp_path, photo, capsys):
    """Fitted to a plain folder; the images count as trained on, without scores."""
    folder = tmp_path / "pristine"
    folder.mkdir()
    for number in range(14):
        Image.fromarray(photo[number:, number:]).save(folder / f"{number}.png")
    command = ["niqe", "--data", str(folder), "--workdir", str(tmp_path / "run")]
    assert main(command) == 0
    assert "images 14, blocks" in capsys.readouterr().out
    info = read_info(tmp_path / "run" / "niqe.h5")
    assert (info.details.mode, info.higher_is_better) == ("niqe", False)
    (part,) = info.details.trained_on
    assert (part.scores, part.images) == ("pseudo", 14)
    scorer = Scorer(info.path)
    assert scorer.score(photo) < scorer.score((photo // 32) * 32)


def test_wrong_input_is_one_line(tmp_path, capsys):
    """Status 2, and nothing is written."""
    command = ["niqe", "--data", str(tmp_path / "none"), "--workdir", str(tmp_path / "run")]
    assert main(command) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "run").exists()
