"""Limits of the detectors, and the table of what they find."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kiqa.data.distortions import available_distortions
from kiqa.defects.reasons import MEASURES, limits
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.defects import FROM_LEVEL, OWN, VERSIONS, best_limit


def test_each_measure_has_distortions_of_five_levels():
    """And each distortion is made here."""
    assert set(OWN) == {measure.name for measure in MEASURES}
    assert {kind for kinds in OWN.values() for kind in kinds} <= set(VERSIONS)
    assert {len(levels) for levels in VERSIONS.values()} == {5}


def test_the_limit_is_in_the_middle_of_the_two():
    """On the right side for measures of which less is worse."""
    good, bad = np.linspace(0, 1, 101), np.linspace(3, 4, 101)
    assert best_limit(good, [bad], above=True) == pytest.approx((0.96 + 3.07) / 2, abs=0.01)
    assert best_limit(-good, [-bad], above=False) == pytest.approx(-(0.96 + 3.07) / 2, abs=0.01)


def test_the_hardest_distortion_counts():
    """Others may be far off."""
    good = [0.0] * 50
    assert best_limit(good, [[9.0] * 50, [2.0] * 50], above=True) == 1
    assert best_limit([*good, None], [[2.0] * 50, [None, *[2.0] * 50]], above=True) == 1


def test_too_many_unknown_values_are_refused():
    """There is no end then."""
    with pytest.raises(ValueError, match="too many without"):
        best_limit([0.0] * 9, [[None] * 5 + [2.0] * 5], above=True)


@pytest.fixture
def folder(tmp_path, monkeypatch, photo):
    """Two pristine images in each part, and few versions."""
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    lines = ["image_name,set"]
    for number, part in enumerate(("train", "train", "test", "test")):
        name = f"{number}.png"
        Image.fromarray(photo[10 * number : 10 * number + 200, : 200 + number]).save(f"d/{name}")
        lines.append(f"{name},{part}")
    Path("d/split.csv").write_text("\n".join([*lines, ""]))
    return tmp_path


@pytest.mark.slow
def test_limits_are_learnt_and_the_table_made(folder, capsys):
    """On their parts; a strong distortion is found by its own detector."""
    assert main(["defect-limits", "--data", "d", "--output", "o"]) == 0
    assert "| sharpness" in capsys.readouterr().out
    learnt = json.loads(Path("o/thresholds.json").read_text())
    assert learnt["origin"]["images"] == 2 and learnt["origin"]["part"] == "own split, train"
    assert set(learnt["limits"]) == set(limits())

    assert main(["defects", "--data", "d", "--output", "o"]) == 0
    found = json.loads(Path("o/defects.json").read_text())
    shares = {row["distortion"]: row for row in found["detectors"]}
    assert shares["jpeg"]["compressed"] == shares["underexposure"]["underexposed"] == 1
    assert shares["pristine"]["compressed"] == shares["pristine"]["underexposed"] == 0
    with open("o/defects-values.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * (1 + 5 * len(available_distortions()) + 10) and FROM_LEVEL == 3
    assert "# What the detectors find" in Path("o/defects.md").read_text()
