"""Results over splits, and their differences."""

import numpy as np
import pytest

from kiqa.reproduce.wadiqam.report import Result, differences, summarise
from kiqa.training.wadiqam.tasks import PatchTask


def _result(method, split, noise, *, contents=12):
    rng = np.random.default_rng(split)
    tasks = [PatchTask(f"{i}", "", i / 24, f"c{i % contents}") for i in range(24)]
    scores = np.arange(24) / 24 + rng.normal(0, noise, 24)
    return Result(method, "a", "a", split, tasks, scores)


@pytest.mark.slow
def test_summary_over_splits():
    """Mean and median of the splits; a better method is better on the same draws."""
    results = [_result(m, s, n) for s in range(3) for m, n in (("good", 0.05), ("bad", 0.4))]
    entries = summarise(results, ("srocc",))
    good, bad = (entry["srocc"] for entry in entries)
    assert good["mean"] == pytest.approx(np.mean(good["values"])) and len(good["values"]) == 3
    assert good["median"] == pytest.approx(np.median(good["values"]))
    assert good["lo"] < good["mean"] < good["hi"] and entries[0]["images"] == 24
    (row,) = differences(entries, [("good", "bad")], "srocc")
    assert row["difference"] == pytest.approx(good["mean"] - bad["mean"])
    assert 0 < row["lo"] < row["difference"] < row["hi"]
