"""Rows of the tables of RNN-BIQA."""

import pytest

from kiqa.reproduce.rnn_biqa.rows import consistency, with_means


def _result(method, run, srocc, rmse):
    metrics = {"srocc": srocc, "plcc": 0.5, "rmse": rmse}
    report = {"metrics": {name: {"value": value} for name, value in metrics.items()}}
    return {"method": method, "run": run, "data": "spaq", "report": report}


def test_means_follow_the_runs_of_their_method():
    """Of several runs; what one run has no number of has no mean."""
    runs = [_result("a", "1", 0.4, 2.0), _result("b", "", 0.1, 1.0), _result("a", "2", 0.8, None)]
    rows = with_means(runs)
    assert [(row["method"], row["run"]) for row in rows] == [
        ("a", "1"), ("a", "2"), ("a", "mean"), ("b", ""),
    ]  # fmt: skip
    assert rows[2]["mean"] == {"SCC": pytest.approx(0.6), "PCC": 0.5, "RMSE": None}


def test_scores_at_two_sizes_are_compared():
    """Of the images that both have; a twin by hand, and sizes that share too few are left out."""

    def rows(method, run, **scores):
        return [{"method": method, "run": run, "name": name, "predicted": score}
                for name, score in scores.items()]  # fmt: skip

    predictions = [*rows("a", "512", x=10, y=20, z=60, only=5), *rows("a", "256", z=50, x=12, y=26),
                   *rows("a", "128", x=1, y=2), *rows("b", "512", x=1, y=2, z=3)]  # fmt: skip
    (found,) = consistency(predictions)
    assert found == {"method": "a", "runs": ["512", "256"], "images": 3, "srocc": pytest.approx(1),
                     "difference": pytest.approx(6)}  # fmt: skip
