"""Rows of the tables of RNN-BIQA: the paper's and ours, means over runs, sizes compared.

Public names: :func:`table_rows`, :func:`with_means`, :func:`consistency`.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from kiqa.evaluation.correlation import METRICS
from kiqa.evaluation.report import metric_cells
from kiqa.training.rnn_biqa.protocols import METRIC_NAMES, mean_of


def table_rows(
    results: Sequence[Mapping], published: Sequence[Mapping]
) -> list[dict[str, str | float | None]]:
    """Lay published and our results out for `kiqa.evaluation.report.to_markdown`.

    Args:
        results: With ``method``, ``run``, ``data`` and ``report``, the
            content of `kiqa.training.rnn_biqa.protocols.metrics_of`; or with
            ``mean`` instead of a report, the means over splits; perhaps ``source``.
        published: From `kiqa.reproduce.published_rows`.

    Returns:
        The published rows, numbers as printed, then ours.
    """
    rows = [
        {
            "method": row["method"],
            "run": row.get("split") or row.get("version") or "",
            "data": f"{row['trained_on']} -> {row['dataset']}"
            if row.get("trained_on")
            else row["dataset"],
            "SCC": row["srocc"],
            "SCC 95 %": None,
            "PCC": row["plcc"],
            "RMSE": row["rmse"],
            "source": row["source"],
        }
        for row in published
    ]
    for result in results:
        row = {"method": result["method"], "run": result["run"], "data": result["data"]}
        if "mean" in result:
            row |= result["mean"]
        else:
            row |= metric_cells(result["report"]["metrics"], METRIC_NAMES, intervals=["SCC"])
        rows.append(row | {"source": result.get("source", "ours")})
    return rows


def consistency(predictions: Sequence[Mapping]) -> list[dict]:
    """Compare the scores of one image at several sizes, by networks trained at each.

    Args:
        predictions: Rows with ``method``, ``run`` (the size), ``name`` and
            ``predicted``, 0..100.

    Returns:
        For each method and two sizes: ``method``, ``runs``, ``images`` that both
        have, ``srocc`` between the scores and ``difference``, the mean of its
        absolute value. Sizes that share fewer than three images are left out.
    """
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for row in predictions:
        of_run = scores.setdefault(row["method"], {}).setdefault(row["run"], {})
        of_run[row["name"]] = row["predicted"]
    found = []
    for method, runs in scores.items():
        for one, other in itertools.combinations(runs, 2):
            names = [name for name in runs[one] if name in runs[other]]
            if len(names) < 3:
                continue
            first, second = (np.array([runs[run][name] for name in names]) for run in (one, other))
            found.append({"method": method, "runs": [one, other], "images": len(names),
                          "srocc": METRICS["srocc"](first, second),
                          "difference": float(np.abs(first - second).mean())})  # fmt: skip
    return found


def with_means(results: Sequence[dict]) -> list[dict]:
    """Add the mean over the runs of each method that has several.

    Args:
        results: As for `table_rows`, with reports.

    Returns:
        The results by method, each method's mean after them.
    """
    rows: list[dict] = []
    for method in dict.fromkeys(result["method"] for result in results):
        own = [result for result in results if result["method"] == method]
        rows += own
        if len(own) > 1:
            mean = {
                title: mean_of([each["report"]["metrics"][name]["value"] for each in own])
                for title, name in METRIC_NAMES.items()
            }
            rows.append({"method": method, "run": "mean", "data": own[0]["data"], "mean": mean})
    return rows
