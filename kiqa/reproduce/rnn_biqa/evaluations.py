"""Comparators in the tables of RNN-BIQA, by what ``kiqa evaluate`` left of them.

A folder of features holds no images, so nothing is scored here: each row is of the
images of the run's test part that the evaluation has and the model was not trained on.

Public names: :func:`evaluated_results`.
"""

import argparse
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kiqa.comparators import FITTED
from kiqa.evaluation.report import without_value
from kiqa.reproduce.command import report, unseen
from kiqa.reproduce.computed import computable, named, trained_sets
from kiqa.reproduce.evaluated import described, read_evaluated, shared_images
from kiqa.training.rnn_biqa.parts import Part, Parts, folder_records
from kiqa.training.rnn_biqa.protocols import metrics_of

_TOPS = {"0..1": 1.0, "0..100": 100.0}  # of scales on which an RMSE means something
_UNKNOWN = "the scale of the scores is not that of the MOS"


def evaluated_results(
    runs: Mapping[str, Parts],
    options: argparse.Namespace,
    *,
    table: str,
    computed: Iterable[str],
) -> tuple[list[dict], list[dict]]:
    """Compare evaluations with the MOS of each run's test part.

    Args:
        runs: The parts of each run by its name, all of one data set.
        options: Parsed options, with ``include_trained`` and, where the table takes
            evaluations, those of `kiqa.reproduce.evaluated.add_evaluated`.
        table: Name of the table; the published methods that kiqa computes and that
            are not there are told, with the command that makes them.
        computed: Methods that the table computes itself.

    Returns:
        Results for `kiqa.reproduce.rnn_biqa.rows.table_rows`, a model without an
        image left has none; and its predictions, on the model's own scale.

    Raises:
        ValueError: If an evaluation is damaged or of another data set.
        FileNotFoundError: If a file of it is missing.
    """
    tests = {run: parts["test"] for run, parts in runs.items() if parts["test"] is not None}
    (dataset,) = {test.folder.info.dataset for test in tests.values()}
    folders = getattr(options, "evaluated", ())
    evaluated = [read_evaluated(folder, dataset=dataset) for folder in folders]
    names = {one.model for one in evaluated}
    for model, title in computable(table).items():
        if model not in names and title not in computed:
            report(
                f"no row of {title}: name its kiqa evaluate --output by --evaluated DIR. "
                f"{FITTED[model].remedy()}"
            )
    results: list[dict] = []
    lines: list[dict] = []
    for one in evaluated:
        for run, test in tests.items():
            try:
                result, own = _result(one, test, options)
            except ValueError as error:
                report(f"no row of {one.model}{f', run {run}' if run else ''}: {error}")
                continue
            method = named(one.model, higher_is_better=one.about["higher_is_better"])
            results.append({"method": method, "run": run} | result)
            lines += [{"method": one.model, "run": run} | line for line in own]
    return results, lines


def _result(one, test, options) -> tuple[dict[str, Any], list[dict]]:
    names = set(test.names)
    records = [record for record in folder_records(test.folder) if record.name in names]
    details = described([one])
    kept = unseen(shared_images([one], records), details, options)
    scores = np.array([row["score"] for row in one.rows(kept.images)])
    top = _TOPS.get(details[0].scale) if details else None
    part = Part(test.folder, [record.name for record in kept.images])
    found = metrics_of(scores / (top or 1.0), part)
    if top is None:
        found["metrics"]["rmse"] = without_value(_UNKNOWN)
    trained = trained_sets(details[0]) if details else ""
    data = f"{trained} -> {test.folder.info.dataset}" if trained else test.folder.info.dataset
    lines = [
        {"name": record.name, "mos": 100 * record.mos01, "predicted": float(score)}
        for record, score in zip(kept.images, scores, strict=True)
    ]
    about = {key: one.about[key] for key in ("weights_sha256", "higher_is_better")}
    source = f"ours, kiqa evaluate, {len(lines)} images"
    return {"data": data, "report": found, "source": source, **about, **kept.note}, lines
