"""Histories, with a scorer that is easily foreseen."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from kiqa.data.records import ScoredImage
from kiqa.data.trained import trained_on
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.robustness.histories import VERSIONS, version_of


def test_histories_keep_what_people_see(photo):
    for change in VERSIONS.values():
        found = change(photo, np.random.default_rng(0))
        assert abs(found.mean() - photo.mean()) < 2
    assert VERSIONS["resized"](photo, None).shape == (279, 419, 3)
    shifted = VERSIONS["shifted"](photo, np.random.default_rng(0))
    lost = np.subtract(photo.shape[:2], shifted.shape[:2])
    assert (lost >= 1).all()
    assert (lost <= 7).all()


def test_an_images_history_depends_on_its_name_alone(photo):
    first, second = (version_of(photo, "a.jpg", seed=1) for _ in range(2))
    assert first[0] == second[0]
    np.testing.assert_array_equal(first[1], second[1])
    drawn = {version_of(photo, f"{i}.jpg", seed=1)[0] for i in range(60)}
    assert drawn == set(VERSIONS)


def test_images_that_the_model_was_trained_on_are_left_out(
    rated, tmp_path, capsys, monkeypatch, brightness
):
    """As in every evaluation; the result says how many, and --include-trained takes them."""
    seen = trained_on(
        [ScoredImage("0.jpg", Path("0.jpg"), 0.5, None, "0.jpg", "biq2021", (0, 1))],
        scores="human", about="MOS",
    )  # fmt: skip
    details = dataclasses.replace(brightness.info.details, trained_on=seen)
    monkeypatch.setattr(brightness.info, "details", details)
    for command in ("history-robustness", "sizes"):
        for more, count in (([], 5), (["--include-trained"], 6)):
            assert main([command, *rated, *more, "--output", str(tmp_path / "out")]) == 0
            assert "1 of 6 images were trained on by mean" in capsys.readouterr().err
            name = "history" if command != "sizes" else "sizes"
            text = (tmp_path / "out" / f"{name}.csv").read_text()
            rows = list(csv.DictReader(text.splitlines()))
            assert len(rows) == count
            assert (
                json.loads((tmp_path / "out" / f"{name}.json").read_text())["trained_on_met"] == 1
            )


@pytest.mark.parametrize("every", [[], ["--every"]])
def test_history_robustness(rated, tmp_path, capsys, every):
    assert main(["history-robustness", *rated, *every, "--output", str(tmp_path / "out")]) == 0
    assert "SROCC plain 1.0000" in capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "history.json").read_text())
    assert found["mean_difference"] < 0.02
    with open(tmp_path / "out" / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    if every:
        assert all(row[name] for row in rows for name in VERSIONS)


def test_plain_scores_are_taken_from_predictions(rated, tmp_path):
    lines = ["name,mos,predicted", *(f"{i}.jpg,0.5,{0.1 * i}" for i in range(6))]
    (tmp_path / "predictions.csv").write_text("\n".join(lines))
    arguments = ["--plain", str(tmp_path / "predictions.csv"), "--output", str(tmp_path / "out")]
    assert main(["history-robustness", *rated, *arguments]) == 0
    with open(tmp_path / "out" / "history.csv") as file:
        plain = [float(row["plain"]) for row in csv.DictReader(file)]
    np.testing.assert_allclose(sorted(plain), 0.1 * np.arange(6))
