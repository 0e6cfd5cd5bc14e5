"""The thesis's Table 1: Patchnet on the test part of KonPatch, by instance.

Reads what ``python -m kiqa.train_patchnet`` left in its working folder; the
command trains nothing.

Public names: :data:`COMMAND`, :func:`read_run`, :func:`table_rows`.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kiqa.data.tables import read_table
from kiqa.evaluation.report import (
    correlation_report,
    metric_cells,
    to_markdown,
    write_csv,
    write_json,
)
from kiqa.evaluation.resampling import groups_of
from kiqa.io.files import replacing
from kiqa.io.json_files import read_json
from kiqa.reproduce.command import Command, add_output
from kiqa.reproduce.published_rows import published_rows
from kiqa.training.patchnet.table import METRICS

_SEED = 0  # of the bootstrap
_SAID = ("source", "patches", "images", "label", "votes_source")  # of the data
_TRAIN = (
    "python -m kiqa.train_patchnet --data ROOT --dataset biq2021 --split biq2021-kiqa "
    "--workdir {workdir}"
)


def read_run(workdir: str | os.PathLike) -> dict:
    """Read the results of a run of ``kiqa.train_patchnet``.

    Args:
        workdir: Its working folder.

    Returns:
        Content of ``table1.json``: ``table``, ``settings``, ``data`` and
        ``instances``, at least one.

    Raises:
        FileNotFoundError: If no instance of a run is finished there; the
            message is the command that makes it.
        ValueError: If the file is damaged.
    """
    file = Path(workdir) / "table1.json"
    command = _TRAIN.format(workdir=workdir)
    if not file.is_file():
        raise FileNotFoundError(
            f"Expected a finished run of kiqa.train_patchnet in {workdir}, found no {file.name}. "
            f"Make it: {command}; without --data and --dataset it runs small, on patches that "
            "kiqa brings along."
        )
    try:
        run = read_json(file)
        if not run["instances"] or not {"table", "settings", "data"} <= run.keys():
            raise ValueError("no instance in it")
        for instance in run["instances"]:
            if not isinstance(instance["instance"], int):
                raise TypeError(f"an instance {instance['instance']!r}")
            for epoch in instance["history"]:
                float(epoch["loss"]), float(epoch["val_loss"])
        for row in run["table"]:
            row["Instance"], [float(row[metric]) for metric in METRICS]
        run["settings"]["folds"], run["settings"]["split_by"]
        [run["data"][key] for key in _SAID]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"Expected the results of kiqa.train_patchnet in {file}, received a file that cannot "
            f"be used ({error}). Write it again: {command} --resume"
        ) from error
    return run


def table_rows(run: Mapping, intervals: Mapping[str, Mapping]) -> list[dict]:
    """Put the instances of a run beside the paper's.

    Args:
        run: Result of `read_run`.
        intervals: For instances that have one, by number as text, a
            `kiqa.evaluation.report.correlation_report`.

    Returns:
        One row an instance and one for the mean, with ours, the bootstrap
        intervals of SROCC and PLCC, and the paper's numbers as printed.
    """
    printed = {row["instance"]: row for row in published_rows("thesis-table1")}
    means = np.mean([[float(row[m.lower()]) for m in METRICS] for row in printed.values()], axis=0)
    printed["mean"] = {
        m.lower(): f"{value:.{3 if m in ('SROCC', 'PLCC') else 4}f}"
        for m, value in zip(METRICS, means, strict=True)
    }
    rows = []
    for ours in run["table"]:
        row = {"instance": ours["Instance"]}
        entries = intervals.get(ours["Instance"], {}).get("metrics", {})
        for metric in METRICS:
            row[metric] = f"{ours[metric]:.4f}"
            entry = entries.get(metric.lower())
            if entry and entry["lo"] is not None:
                row[metric] += f" ({entry['lo']:.3f} .. {entry['hi']:.3f})"
        paper = printed.get(ours["Instance"], {})
        row |= {f"thesis's {metric}": paper.get(metric.lower()) for metric in METRICS}
        rows.append(row)
    return rows


def _intervals(workdir: Path, instances: Sequence[Mapping]) -> dict:
    """Bootstrap over the images of the test part, for each instance that kept predictions."""
    reports = {}
    for instance in instances:
        file = workdir / f"instance-{instance['instance']}" / "test_predictions.csv"
        if file.is_file():
            cells = [row for _, row in read_table(file, ("image", "label", "predicted"))]
            predicted, label = (
                np.array([float(row[key]) for row in cells]) for key in ("predicted", "label")
            )
            reports[str(instance["instance"])] = correlation_report(
                predicted, label, seed=_SEED, groups=groups_of([row["image"] for row in cells])
            )
    return reports


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workdir",
        type=Path,
        required=True,
        metavar="DIR",
        help=f"folder of a run: {_TRAIN.format(workdir='DIR')}",
    )
    add_output(parser, figures=False)


def _run(options: argparse.Namespace) -> int:
    run = read_run(options.workdir)
    reports = _intervals(options.workdir, run["instances"])
    rows = table_rows(run, reports)
    head = (
        f"Patchnet on KonPatch, {len(run['instances'])} of {run['settings']['folds']} instances: "
        f"{_patches(run)}. The thesis's rows are on human votes."
    )
    table = f"{head}\n\n{to_markdown(rows)}"
    if options.output is not None:
        write_csv(rows, options.output / "thesis-table1.csv")
        write_json(
            {
                "rows": run["table"],
                "intervals": reports,
                "published": published_rows("thesis-table1"),
                **{key: run[key] for key in ("settings", "data")},
            },
            options.output / "thesis-table1.json",
        )
        with replacing(options.output / "thesis-table1.md") as temporary:
            temporary.write_text(table + "\n", encoding="utf-8")
    sys.stdout.write(f"{table}\n")
    return 0


def _patches(run):
    data = run["data"]
    return (
        f"{data['source']}, {data['patches']} patches of {data['images']} images, "
        f"{data['label']} labels ({data['votes_source']}); split by {run['settings']['split_by']}; "
        "95 % intervals over the images of the test patches"
    )


def _read(content):
    """What a stored table was computed on, and its rows; see `Command.read`."""
    rows = [
        {"instance": row["instance"]}
        | {metric: row[metric.lower()] for metric in METRICS}
        | {"source": row["source"]}
        for row in content["published"]
    ]
    for row in content["rows"]:
        own = {"instance": row["Instance"], **{metric: f"{row[metric]:.4f}" for metric in METRICS}}
        report = content["intervals"].get(row["Instance"])
        if report is not None:
            own |= metric_cells(report["metrics"], {"SROCC": "srocc", "PLCC": "plcc"})
        rows.append(own | {"source": "ours"})
    return _patches(content), rows


COMMAND = Command("Table 1: Patchnet on KonPatch, a finished run", _add_options, _run, _read)
