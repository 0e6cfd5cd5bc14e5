"""Reports and the files that hold them."""

import csv
import json
import os
from types import SimpleNamespace

import numpy as np
import pytest

from kiqa.evaluation.bootstrap import bootstrap_interval
from kiqa.evaluation.correlation import METRICS
from kiqa.evaluation.report import (
    REPORTED,
    correlation_report,
    image_count,
    scored_pairs,
    to_markdown,
    undefined_metrics,
    write_csv,
    write_json,
)


def _scores(n=60):
    rng = np.random.default_rng(0)
    mos = rng.random(n)
    return mos + rng.normal(0, 0.2, n), mos


def test_images_are_counted_with_the_scenes_that_are_drawn():
    """Two images of a scene are one draw; single images are not called scenes."""
    x, y = _scores(12)
    scenes = [number // 2 for number in range(12)]
    assert image_count(correlation_report(x, y, seed=0, n=5)) == "12 images"
    assert image_count(correlation_report(x, y, seed=0, n=5, groups=scenes)) == (
        "12 images of 6 scenes"
    )


def test_report_holds_every_metric_with_its_interval():
    """Each entry equals the metric and its bootstrap interval, and is fit for JSON."""
    x, y = _scores()
    report = correlation_report(x, y, seed=3, n=50)
    assert tuple(report["metrics"]) == REPORTED
    for name, entry in report["metrics"].items():
        assert entry["value"] == METRICS[name](x, y), name
        assert (entry["lo"], entry["hi"]) == bootstrap_interval(name, x, y, n=50, seed=3), name
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (report["images"], report["seed"], report["resamples"]) == (60, 3, 50)


def test_dead_network_is_reported_not_raised():
    """Constant predictions: no correlation and a note each, RMSE all the same."""
    report = correlation_report(np.full(30, 0.5), np.linspace(0, 1, 30), seed=0, n=20)
    entries = report["metrics"]
    assert all(entries[n]["value"] is None and "differ" in entries[n]["note"] for n in REPORTED[:5])
    assert entries["rmse"]["value"] == pytest.approx(0.298, abs=1e-3)
    assert "note" not in entries["rmse"]


def test_few_images_are_reported_without_the_fit():
    """Four images: raw correlations exist, fitted ones have a note."""
    metrics = correlation_report([1, 2, 3, 4], [1, 3, 2, 4], seed=0, n=20)["metrics"]
    assert metrics["srocc"]["value"] == pytest.approx(0.8)
    assert metrics["plcc4"]["value"] is None and "received 4" in metrics["plcc4"]["note"]


def test_undefined_metrics_are_named_with_the_first_reason():
    """Only those asked for; nothing where all exist."""
    metrics = correlation_report([1, 2, 3, 4], [1, 3, 2, 4], seed=0, n=20)["metrics"]
    assert undefined_metrics(metrics) == ""
    named = undefined_metrics(metrics, ("srocc", "plcc4", "plcc5"))
    assert named.startswith("no plcc4, plcc5: Expected more than 4")


@pytest.mark.parametrize("mos", [[0.5] * 9, [0.1, 0.2]], ids=["constant", "two"])
def test_a_set_without_correlations_is_refused(mos):
    """No model can be judged on it."""
    with pytest.raises(ValueError, match="MOS that differ|at least 3 images"):
        correlation_report(np.arange(float(len(mos))), mos, seed=0)


@pytest.mark.parametrize("x", [[], [0.1, np.nan]], ids=["none", "nan"])
def test_no_scores_and_nan_are_raised(x):
    """An empty set and NaN are errors of the caller, not notes."""
    with pytest.raises(ValueError):
        correlation_report(x, np.arange(float(len(x))), seed=0)


def test_markdown_table():
    """Columns are aligned, floats rounded, None and missing values empty."""
    table = to_markdown([{"model": "a|b", "SROCC": 0.61249}, {"model": "c", "n": 3, "SROCC": None}])
    assert table.splitlines() == [
        "| model | SROCC | n   |",
        "| ----- | ----- | --- |",
        "| a\\|b  | 0.612 |     |",
        "| c     |       | 3   |",
    ]


def test_no_rows_are_refused(tmp_path):
    """A table without rows is refused and no file appears."""
    with pytest.raises(ValueError, match="at least one row"):
        to_markdown([])
    with pytest.raises(ValueError, match="at least one row"):
        write_csv([], tmp_path / "a.csv")
    assert os.listdir(tmp_path) == []


def test_csv_comes_back(tmp_path):
    """Names with commas, quotes, umlauts and floats survive the file exactly."""
    rows = [{"image_name": 'a, "b" ü.png', "score": 0.1 + 0.2}, {"image_name": "c", "score": 1e-9}]
    path = write_csv(rows, tmp_path / "deep" / "er" / "a.csv")
    with open(path, newline="", encoding="utf-8") as file:
        back = list(csv.DictReader(file))
    assert [row["image_name"] for row in back] == [row["image_name"] for row in rows]
    assert [float(row["score"]) for row in back] == [row["score"] for row in rows]


def test_json_comes_back(tmp_path):
    """JSON is readable text with its umlauts and ends in a line break."""
    path = write_json({"name": "ü", "values": [1, None]}, tmp_path / "a.json")
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == {"name": "ü", "values": [1, None]}
    assert "ü" in text and text.endswith("}\n")


def test_json_refuses_nan_and_keeps_the_old_file(tmp_path):
    """NaN is no JSON: the error names the file, the old content stays."""
    path = write_json({"a": 1}, tmp_path / "a.json")
    with pytest.raises(ValueError, match="a.json"):
        write_json({"a": float("nan")}, path)
    assert json.loads(path.read_text()) == {"a": 1}


def test_contents_that_several_images_show_are_drawn_as_one():
    """Their number is told; where each image has its own, nothing is grouped."""
    x, y = _scores()
    images = [SimpleNamespace(content=number // 3, mos=value) for number, value in enumerate(y)]
    rows = [{"score": score, "error": None} for score in x]
    rows[4] |= {"score": None, "error": "torn"}
    scores, mos, contents = scored_pairs(rows, images, lambda image: image.mos)
    assert len(scores) == len(mos) == len(contents) == 59 and contents[:5] == [0, 0, 0, 1, 1]
    report = correlation_report(scores, mos, seed=3, n=50, groups=contents)
    assert (report["images"], report["groups"]) == (59, 20)
    low, high = bootstrap_interval("srocc", scores, mos, n=50, seed=3, groups=contents)
    assert (report["metrics"]["srocc"]["lo"], report["metrics"]["srocc"]["hi"]) == (low, high)
    assert scored_pairs(rows[::3], images[::3], lambda image: image.mos)[2] is None
    assert "groups" not in correlation_report(x, y, seed=3, n=50)
