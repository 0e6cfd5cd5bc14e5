"""Histories, sizes, degradations and intervals, with a scorer that is easily foreseen."""

import csv
import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kiqa.data.records import ScoredImage
from kiqa.data.trained import trained_on
from kiqa.io.weights import Details
from kiqa.reproduce import robustness
from kiqa.reproduce.__main__ import main
from kiqa.reproduce.robustness import STEPS, VERSIONS, version_of


class _Brightness:
    """Scores the mean, 0..1."""

    info = SimpleNamespace(
        name="mean", sha256="0" * 64, scale="0..1", higher_is_better=True,
        details=Details("mean", "1", "0..1", True, trained_on=()),
    )  # fmt: skip

    def score(self, pixels):
        return float(pixels.mean() / 255)


@pytest.fixture(autouse=True)
def brightness(monkeypatch):
    monkeypatch.setattr(robustness, "_scorer", lambda options: _Brightness())


@pytest.fixture
def rated(tmp_path, photo):
    """Six images in BIQ2021's layout, all in the test part; the brighter the better."""
    folder = tmp_path / "biq"
    (folder / "Images").mkdir(parents=True)
    lines, sets = ["Image Name,MOS,,"], ["image_name,set"]
    for index in range(6):
        name = f"{index}.jpg"
        part = np.clip(photo[:96, 60 * index : 60 * index + 80] * (0.4 + 0.1 * index), 0, 255)
        Image.fromarray(part.astype(np.uint8)).save(folder / "Images" / name, quality=95)
        lines.append(f"{name},{part.mean() / 255:.4f},,")
        sets.append(f"{name},test")
    (folder / "Train (Images and MOS).csv").write_text("\n".join(lines))
    (tmp_path / "split.csv").write_text("\n".join(sets))
    return ["--data", str(folder), "--dataset", "biq2021", "--split", str(tmp_path / "split.csv")]


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


def test_images_that_the_model_was_trained_on_are_left_out(rated, tmp_path, capsys, monkeypatch):
    """As in every evaluation; the result says how many, and --include-trained takes them."""
    seen = trained_on(
        [ScoredImage("0.jpg", Path("0.jpg"), 0.5, None, "0.jpg", "biq2021", (0, 1))],
        scores="human", about="MOS",
    )  # fmt: skip
    details = dataclasses.replace(_Brightness.info.details, trained_on=seen)
    monkeypatch.setattr(_Brightness.info, "details", details)
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


def test_sizes(rated, capsys):
    assert main(["sizes", *rated, "--factors", "0.5", "0.25"]) == 0
    out = capsys.readouterr().out
    assert "0.25" in out
    assert "1.0000" in out


def test_degradations_of_brightness(tmp_path, photo, capsys):
    """Underexposure always darkens; overexposure never."""
    Image.fromarray(photo[:64, :64]).save(tmp_path / "a.png")
    output = tmp_path / "out"
    arguments = ["degradations", "--data", str(tmp_path), "--output", str(output)]
    assert main(arguments) == 0
    assert "black 0.000" in capsys.readouterr().out
    found = json.loads((output / "degradations.json").read_text())
    falls = {row["distortion"]: row["falls"] for row in found["distortions"]}
    assert set(falls) == set(STEPS)
    assert falls["underexposure"] == 1
    assert falls["overexposure"] == 0


def test_interval_coverage(tmp_path, monkeypatch, capsys):
    about = Details("lite", "1", "0..1", higher_is_better=True)
    stated = {"level": 0.9, "edges": [0.5], "half_widths": [0.1, 0.2]}
    details = dataclasses.replace(about, interval=stated)
    info = SimpleNamespace(name="lite", sha256="0", details=details)
    monkeypatch.setattr(robustness, "read_info", lambda model: info)
    lines = ["name,mos,predicted", "a,0.35,0.3", "b,0.45,0.3", "c,0.85,0.7", "d,0.95,0.7"]
    (tmp_path / "predictions.csv").write_text("\n".join(lines))
    command = ["interval-coverage", "--predictions", str(tmp_path / "predictions.csv")]
    assert main(command) == 0
    assert "of 4 images 50.0 %" in capsys.readouterr().out
    info.details = about
    assert main(command) == 2
    assert "states an interval" in capsys.readouterr().err
