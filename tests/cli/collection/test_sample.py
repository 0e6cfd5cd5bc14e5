"""``kiqa sample``: a choice of images that look as others do."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kiqa.cli.main import main


@pytest.fixture
def folders(tmp_path, monkeypatch, photo):
    """``in``: four dark and four bright images; ``like``: a dark one and three bright ones."""
    monkeypatch.chdir(tmp_path)
    for folder, count, levels in (("in", 8, (0.2, 1, 0.2, 1)), ("like", 4, (0.2, 1, 1, 1))):
        Path(folder).mkdir()
        for number in range(count):
            crop = photo[5 * number : 5 * number + 40, :50] * levels[number % 4]
            Image.fromarray(crop.astype(np.uint8)).save(f"{folder}/{number}.png")
    return ["sample", "in", "--like", "like", "--bins", "2", "--no-faces", "--output", "out"]


def test_as_many_are_dark_as_of_the_others(folders, capsys):
    """One of four; the table has their features, and the result how near it comes."""
    assert main([*folders, "--count", "4"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("4 of 8 images, like 4 others\nbrightness: ") and err == ""
    chosen = pd.read_csv("out/sample.csv")
    dark = [int(Path(path).stem) % 2 == 0 for path in chosen["path"]]
    assert sum(dark) == 1 and len(dark) == 4 and (chosen["pixels"] == 2000).all()
    assert ((chosen["brightness"] < 150) == dark).all()
    result = json.loads(Path("out/sample.json").read_text())
    assert (result["count"], result["bins"], result["seed"]) == (4, 2, 0)
    assert set(result["difference"]) == {
        *("brightness", "colourfulness", "contrast", "spatial_information", "pixels"),
    }


def test_a_repeated_command_measures_nothing_again(folders, monkeypatch):
    """Features are read from the folder; with faces they must be measured once more."""
    assert main([*folders, "--count", "2"]) == 0
    before, first = Path("out/features.csv").read_bytes(), Path("out/sample.csv").read_bytes()
    monkeypatch.setattr("kiqa.data.study.features.picture_features", None)
    assert main([*folders, "--count", "2"]) == 0
    assert Path("out/features.csv").read_bytes() == before
    assert Path("out/sample.csv").read_bytes() == first


def test_bad_images_are_left_out(folders, capsys):
    """Reported, and counted; the others are chosen from."""
    Path("in/9.png").write_bytes(b"no image")
    assert main([*folders, "--count", "8"]) == 1
    err = capsys.readouterr().err.splitlines()
    assert "in/9.png" in err[0] and err[1] == "kiqa: 1 of 13 images are left out"


def test_too_many_are_refused(folders, capsys):
    """One line, status 2."""
    assert main([*folders, "--count", "9"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("kiqa: error: Expected a count from 1 to 8") and err.count("\n") == 1
