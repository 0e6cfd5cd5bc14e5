"""Runs of ``pool``: one split, several random ones, or another data set.

The working folder then holds ``result.json``, ``predictions.csv`` (of the test
images) and the files of `kiqa.training.rnn_biqa.pooling.train_pooling`; with
repeats those of each split are in ``split1`` and so on. The published model is
``rnn_biqa.h5`` with its extractor beside it.

Public names: `run_pooling`.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kiqa.data.trained import names_trained_on
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.training.rnn_biqa.feature_folder import open_folder
from kiqa.training.rnn_biqa.protocols import (
    METRIC_NAMES,
    cross_parts,
    fit_and_predict,
    metrics_of,
    own_parts,
    random_parts,
    unseen_parts,
)
from kiqa.training.rnn_biqa.settings import PoolingSettings


def run_pooling(
    features: str | os.PathLike,
    settings: PoolingSettings,
    *,
    workdir: str | os.PathLike,
    split: str | os.PathLike | None = None,
    test_features: str | os.PathLike | None = None,
    repeats: int = 0,
    include_trained: bool = False,
    resume: bool = False,
    start: Callable[[], None] = lambda: None,
    report: Callable[[str], None] = lambda message: None,
) -> str:
    """Train on a folder of features and report on test images.

    Args:
        features: Folder of features to train on.
        settings: What decides the numbers.
        workdir: Folder of the run.
        split: For a single run, another split than the images' own.
        test_features: Folder of features of another data set, to test on.
        repeats: Number of random 80/20 splits, by the seeds 0, 1 and so on;
            0 is a single run.
        include_trained: Test also on images that the extractor was trained
            on, which are left out otherwise.
        resume: Continue the run in the folder.
        start: Called once the inputs have been checked, before Keras loads.
        report: Told one line after each epoch.

    Returns:
        A Markdown table: SROCC, PLCC (no logistic) and RMSE on 0..100 for
        each run, with their mean if there are several.

    Raises:
        ValueError: If options contradict each other, or features do not fit.
        OSError: If a file cannot be read or written.
    """
    if sum([split is not None, test_features is not None, repeats > 0]) > 1 or repeats < 0:
        raise ValueError("Expected one of --split, --test-features and --repeats N, N >= 1.")
    folder, workdir = open_folder(features), Path(workdir)
    if repeats:
        runs = {f"split {i + 1}": random_parts(folder, seed=i) for i in range(repeats)}
    elif test_features is not None:
        runs = {"cross": cross_parts(folder, open_folder(test_features))}
    else:
        runs = {"split": own_parts(folder, split)}
    runs = {
        name: unseen_parts(parts, include=include_trained, report=report)
        for name, parts in runs.items()
    }
    start()
    results, rows = {}, []
    for name, parts in runs.items():
        inner = workdir / name.replace(" ", "") if repeats else workdir
        model, result, predicted = fit_and_predict(
            parts, settings, workdir=inner, resume=resume, report=report
        )
        if model is not None:
            _publish(model, inner, folder, settings, parts)
        if predicted is not None:
            result["test"] = metrics_of(predicted, parts["test"])
            _write_predictions(parts["test"], predicted, inner / "predictions.csv")
            rows.append({"run": name, "images": len(predicted)} | _cells(result["test"]))
        results[name] = result
        write_json(result, inner / "result.json")
    if len(rows) > 1:
        mean = {title: float(np.mean([row[title] for row in rows])) for title in METRIC_NAMES}
        rows.append({"run": "mean", **mean})
        write_json({"runs": results, "mean": mean}, workdir / "result.json")
    return to_markdown(rows) if rows else "No test images."


def _publish(model, inner, folder, settings, parts):
    from kiqa.training.rnn_biqa.publishing import publish_pooling

    seen = tuple(
        names_trained_on(
            parts[use].names, dataset=folder.info.dataset, use=use, scores="human", about="MOS"
        )
        for use in ("train", "val")
        if parts[use] is not None
    )
    publish_pooling(model, inner, folder, settings, trained_on=seen)


def _cells(report):
    """The paper's three numbers; SROCC's interval beside them."""
    metrics = report["metrics"]
    cells = {title: metrics[name]["value"] for title, name in METRIC_NAMES.items()}
    low, high = metrics["srocc"]["lo"], metrics["srocc"]["hi"]
    return cells | ({} if low is None else {"SCC 95 %": f"{low:.3f} .. {high:.3f}"})


def _write_predictions(part, predicted, path):
    rows = part.folder.rows_of(part.names)
    write_csv(
        [
            {"name": row["name"], "mos": 100 * row["mos"], "predicted": 100 * float(score)}
            for row, score in zip(rows, predicted, strict=True)
        ],
        path,
    )
