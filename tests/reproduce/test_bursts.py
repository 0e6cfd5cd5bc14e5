"""Bursts, and how often their best frame is found."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.reproduce.__main__ import main
from kiqa.reproduce.bursts import UNHARMED, frames_of


def test_a_burst_has_one_unharmed_frame_in_any_place(photo):
    """Each frame is shifted, and of one size; the same seed gives the same burst."""
    places = set()
    for seed in range(8):
        frames = list(frames_of(photo, rng=np.random.default_rng(seed)))
        kinds = [kind for kind, _, _ in frames]
        assert len(kinds) == 6 and kinds.count(UNHARMED) == 1
        assert {"gaussian_blur", "motion_blur", "overexposure", "underexposure"} <= {*kinds}
        assert {pixels.shape for _, _, pixels in frames} == {(288, 439, 3)}
        places.add(kinds.index(UNHARMED))
    assert len(places) > 2
    again = list(frames_of(photo, rng=np.random.default_rng(7)))
    assert all((one[2] == two[2]).all() for one, two in zip(frames, again, strict=True))


@pytest.mark.slow
def test_bursts_are_found_grouped_and_counted(tmp_path, monkeypatch, stand_in, photo, capsys):
    """By a scorer for which brighter is better: it takes the frame that is exposed too long."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    for number, scene in enumerate((photo, photo[::-1])):
        Image.fromarray(scene).save(f"d/{number}.png")
    assert main(["bursts", "--data", "d", "--output", "o"]) == 0
    found = json.loads(Path("o/bursts.json").read_text())
    assert (found["bursts"], found["grouped"], found["picked"]) == (2, 2, 0)
    assert found["taken"] == {"overexposure": 2}
    assert "of 2 bursts 2 are one group each, and in 0 (0.0 %)" in capsys.readouterr().out
    with open("o/bursts-frames.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 and sum(row["best"] == "True" for row in rows) == 2


@pytest.mark.slow
def test_a_burst_with_a_frame_that_is_refused_is_left_out(
    tmp_path, monkeypatch, stand_in, photo, capsys
):
    """Its frames are smaller than the model reads; the others are counted."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    Image.fromarray(photo).save("d/0.png")
    Image.fromarray(photo[:70, :200]).save("d/1.png")
    assert main(["bursts", "--data", "d", "--output", "o"]) == 1
    assert json.loads(Path("o/bursts.json").read_text())["bursts"] == 1
    err = capsys.readouterr().err
    assert "d/1.png" in err and err.endswith("kiqa.reproduce: 1 image was left out\n")
    Path("d/0.png").unlink()
    assert main(["bursts", "--data", "d", "--output", "p"]) == 2
    assert "can be scored. Received: none, of 1." in capsys.readouterr().err
