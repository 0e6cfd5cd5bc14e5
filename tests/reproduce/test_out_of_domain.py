"""Images that are no photographs: made here, scored, and noted where that is certain."""

import csv
import json

import numpy as np

from kiqa.reproduce.__main__ import main
from kiqa.reproduce.out_of_domain import IMAGES
from kiqa.scoring.domain import reason


def test_what_is_certain_is_noted():
    """Planes, random numbers, graphics and icons; not what may be a photograph."""
    found = {name: reason(make()) for name, make in IMAGES.items()}
    assert {name for name, why in found.items() if why == "flat image"} == {
        "black", "gray", "white", "blue"
    }  # fmt: skip
    assert {name for name, why in found.items() if why == "pure noise"} == {
        "noise, colour", "noise, gray", "noise, Gaussian"
    }  # fmt: skip
    assert found["checkerboard"] == "graphic of 2 colours"
    assert {name for name, why in found.items() if why == "tiny image"} == {
        "photograph of 32 pixels", "photograph of 16 pixels"
    }  # fmt: skip
    assert found["photograph"] is found["photograph, blurred"] is None


def test_images_are_rgb_and_the_same_each_time():
    """Drawn from a seed."""
    for make in IMAGES.values():
        image = make()
        assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
        np.testing.assert_array_equal(image, make())


def test_table_and_files(stand_in, tmp_path, capsys):
    """One column a model; refused images are said to be so, notes get a star."""
    assert main(["out-of-domain", "--model", "a", "--output", str(tmp_path)]) == 0
    lines = [line.split("|") for line in capsys.readouterr().out.splitlines()]
    cells = {line[1].strip(): line[2].strip() for line in lines if len(line) == 4}
    assert cells["gray"] == "0.502*" and cells["image"] == "stand-in, 0..1"
    assert cells["photograph of 16 pixels"] == "refused"
    assert float(cells["photograph"]) > 0
    with open(tmp_path / "out-of-domain.csv", newline="") as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    assert rows["black"]["note"] == "flat image: out of the domain of stand-in"
    assert "at least 64x64" in rows["photograph of 16 pixels"]["error"]
    found = json.loads((tmp_path / "out-of-domain.json").read_text())
    assert found["models"][0]["model"] == "stand-in" and len(found["rows"]) == len(IMAGES)
