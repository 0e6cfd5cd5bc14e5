"""Runs of ``pool``: one split, several random ones, or another data set.

The working folder then holds ``result.json``, ``predictions.csv`` (of the test
images) and the files of `kiqa.training.rnn_biqa.pooling.train_pooling`; with
repeats those of each split are in ``split1`` and so on. The published model is
``rnn_biqa.h5`` with its extractor beside it.

Public names: `pooling_runs`, `run_pooling`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from kiqa.data.trained import joined_parts, scored_parts
from kiqa.evaluation.report import metric_cells, to_markdown, write_csv, write_json
from kiqa.training.rnn_biqa.feature_folder import open_folder
from kiqa.training.rnn_biqa.parts import Parts, cross_parts, own_parts, random_parts
from kiqa.training.rnn_biqa.protocols import METRIC_NAMES, fit_and_predict, mean_of, metrics_of
from kiqa.training.rnn_biqa.settings import PoolingSettings

if TYPE_CHECKING:
    from kiqa.training.runs.run import RunOptions

_SPLIT, _CROSS = "split", "cross"  # single runs, without a folder of their own


def pooling_runs(
    features: str | os.PathLike,
    *,
    split: str | os.PathLike | None = None,
    test_features: str | os.PathLike | None = None,
    repeats: int = 0,
) -> dict[str, Parts]:
    """Find the parts of each run.

    Args:
        features: Folder of features to train on.
        split: For a single run, another split than the images' own.
        test_features: Folder of features of another data set, to test on.
        repeats: Number of random 80/20 splits, by the seeds 0, 1 and so on;
            0 is a single run.

    Returns:
        By the name of a run its parts, see
        `kiqa.training.rnn_biqa.protocols.fit_and_predict`.

    Raises:
        ValueError: If options contradict each other, or features do not fit.
        OSError: If a file cannot be read.
    """
    if sum([split is not None, test_features is not None, repeats > 0]) > 1 or repeats < 0:
        raise ValueError("Expected one of --split, --test-features and --repeats N, N >= 1.")
    folder = open_folder(features)
    if repeats:
        return {f"split {i + 1}": random_parts(folder, seed=i) for i in range(repeats)}
    if test_features is not None:
        return {_CROSS: cross_parts(folder, open_folder(test_features))}
    return {_SPLIT: own_parts(folder, split)}


def run_pooling(
    runs: Mapping[str, Parts],
    settings: PoolingSettings,
    *,
    initial: str | os.PathLike | None = None,
    **run: Unpack["RunOptions"],
) -> str:
    """Train on the features of each run and report on its test images.

    Args:
        runs: From `pooling_runs`.
        settings: What decides the numbers.
        initial: See `kiqa.training.rnn_biqa.pooling.train_pooling`.
        **run: `kiqa.training.runs.run.RunOptions`; ``workdir`` is required.

    Returns:
        A Markdown table: SROCC, PLCC (no logistic) and RMSE on 0..100 for
        each run, with their mean if there are several.

    Raises:
        ValueError: If features do not fit, or a content is in two parts.
        OSError: If a file cannot be read or written.
    """
    workdir = Path(run["workdir"])
    results: dict[str, dict] = {}
    rows: list[dict[str, Any]] = []
    for name, parts in runs.items():
        inner = workdir if name in (_SPLIT, _CROSS) else workdir / name.replace(" ", "")
        inner_run: RunOptions = {**run, "workdir": inner}
        result, predicted = fit_and_predict(
            parts,
            settings,
            initial=initial,
            export=_publisher(parts, settings),
            **inner_run,
        )
        if parts["test"] is not None:
            result["test"] = metrics_of(predicted, parts["test"])
            _write_predictions(parts["test"], predicted, inner / "predictions.csv")
            cells = metric_cells(result["test"]["metrics"], METRIC_NAMES, intervals=["SCC"])
            rows.append({"run": name, "images": len(predicted)} | cells)
        results[name] = result
        write_json(result, inner / "result.json")
    if len(rows) > 1:
        mean = {title: mean_of([row[title] for row in rows]) for title in METRIC_NAMES}
        rows.append({"run": "mean", **mean})
        write_json({"runs": results, "mean": mean}, workdir / "result.json")
    return to_markdown(rows) if rows else "No test images."


def _publisher(parts, settings):
    """A function that writes the network, for `train_pooling`."""

    def export(model, folder):
        from kiqa.training.rnn_biqa.publishing import publish_pooling

        features = parts["train"].folder
        train, val = (
            [] if (part := parts[use]) is None else part.records() for use in ("train", "val")
        )
        seen = scored_parts(train, val, scores="human", about="MOS")
        if any(record.scored_by or record.taught_by for record in train):
            seen = joined_parts(seen, features.info.teacher.trained_on)
        publish_pooling(model, folder, features, settings, trained_on=seen)

    return export


def _write_predictions(part, predicted, path):
    rows = part.folder.rows_of(part.names)
    write_csv(
        [
            {"name": row["name"], "mos": 100 * row["mos"], "predicted": 100 * float(score)}
            for row, score in zip(rows, predicted, strict=True)
        ],
        path,
    )
