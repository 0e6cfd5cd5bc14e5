"""``thesis-fig10`` and ``thesis-fig11``: local quality."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from kiqa.data.local_quality import vote_map
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.thesis.local import synthetic_boxes


def test_fig_10_takes_the_boxes_of_a_file(photograph, tmp_path, capsys):
    """A file of boxes is used for the image it names; another image is refused."""
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"one.png": {"p1": [[80, 0, 160, 128]], "p2": []}}))
    command = ["thesis-fig10", "--boxes", str(boxes), "--output", str(tmp_path / "out")]
    assert main([*command, "--image", str(photograph)]) == 0
    other = tmp_path / "other.png"
    photograph.rename(other)
    assert main([*command, "--image", str(other)]) == 2
    assert "such as one.png" in capsys.readouterr().err


def test_synthetic_participants_mark_the_sharp_side(photograph):
    """Seeded, inside the image, some without a box, and most votes where it is sharp."""
    pixels = np.array(Image.open(photograph))
    answers = synthetic_boxes(pixels, seed=0)
    assert answers == synthetic_boxes(pixels, seed=0) != synthetic_boxes(pixels, seed=1)
    assert len(answers) == 30 and [] in answers.values()  # thesis, section 5.3: 30 participants
    assert all(name.startswith("synthetic") for name in answers)
    votes = vote_map(answers, height=128, width=160, participants=30)
    assert votes[:, 80:].mean() > 2 * votes[:, :80].mean()


@pytest.fixture
def pristine(tmp_path):
    """Three images to distort."""
    folder = tmp_path / "pristine"
    folder.mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (160, 192, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_fig_11_on_synthetic_distortions(stand_in, pristine, tmp_path, capsys):
    """Table, rows, JSON and box plot of three predictors, called synthetic."""
    output = tmp_path / "out"
    options = ["--images", str(pristine), "--stride", "16", "--border", "edge"]
    assert main(["thesis-fig11", *options, "--output", str(output)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("synthetic distortions of pristine images, seed 0: 3 images")
    result = json.loads((output / "thesis-fig11.json").read_text())
    assert list(result["predictors"]) == ["stand-in", "fish", "gray"]
    assert (result["images"], result["border"], result["stride"]) == (3, "edge", 16)
    with open(output / "thesis-fig11.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 3 * 9  # thesis, Fig. 11: t_G from 0 to 0.8
    assert {row["distortion"] for row in rows} and (output / "thesis-fig11.png").is_file()


def test_fig_11_on_human_boxes(stand_in, pristine, tmp_path, capsys):
    """With a file of boxes nothing is distorted; a torn image is named."""
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"0.png": {"p1": [[0, 0, 96, 160]], "p2": [[0, 0, 96, 160]]}}))
    options = ["--images", str(pristine), "--boxes", str(boxes), "--stride", "16"]
    output = ["--output", str(tmp_path / "out")]
    assert main(["thesis-fig11", *options, *output]) == 0
    assert capsys.readouterr().out.startswith("boxes.json: 1 images")
    assert "distortion" not in (tmp_path / "out" / "thesis-fig11.csv").read_text()
    (pristine / "0.png").write_bytes(b"torn")
    assert main(["thesis-fig11", *options, *output]) == 2
    assert "0.png" in capsys.readouterr().err
