"""Results of DIQaM and WaDIQaM over several splits, beside the paper's.

Public names: :class:`Result`, :func:`check_tested`, :func:`summarise`,
:func:`differences`, :func:`finish`, :func:`read`.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kiqa import __version__
from kiqa.data.proxy_pairs import PROXY
from kiqa.evaluation.correlation import METRICS, check_mos
from kiqa.evaluation.report import to_markdown, write_csv, write_json
from kiqa.evaluation.resampling import (
    grouped_draws,
    percentile_interval,
    plcc_rows,
    srocc_rows,
)
from kiqa.io.files import replacing
from kiqa.reproduce.published_rows import published_rows
from kiqa.reproduce.wadiqam.data import PROXY_NAME, proxy_scores
from kiqa.training.wadiqam.tasks import PatchTask

_SEED = 0  # of the bootstrap
_ROWS = {"srocc": srocc_rows, "plcc": plcc_rows}  # fast, and NaN where there is none
_SHOWN = ("plcc", "srocc")  # as the paper orders them


@dataclass(frozen=True)
class Result:
    """The scores of a test part by one network.

    Attributes:
        method: Row of the table.
        trained_on: Name of the data set.
        tested_on: Name of the data set.
        split: Number of the split.
        tasks: The images.
        scores: What they were given, higher is better, shape (n,).
        subset: Of the test part, as the table names it.
        training: Result of the training.
    """

    method: str
    trained_on: str
    tested_on: str
    split: int
    tasks: Sequence[PatchTask]
    scores: np.ndarray
    subset: str = "full"
    training: Mapping = field(default_factory=dict)


def check_tested(result: Result) -> None:
    """Refuse a test part of which no correlation or no interval exists, whatever is trained.

    Args:
        result: Any scores.

    Raises:
        ValueError: If it has fewer than three images, all have one score, or
            all show one content.
    """
    try:
        check_mos([task.score for task in result.tasks])
    except ValueError as error:
        raise ValueError(f"{result.tested_on}, {result.subset}: {error}") from error
    contents = {task.content for task in result.tasks}
    if len(contents) < 2:
        raise ValueError(
            f"Expected a test part of at least 2 references or scenes, which the intervals draw. "
            f"Received: {len(contents)}, in {result.tested_on}, {result.subset}. Use a data set "
            "with more of them."
        )


def summarise(results: Sequence[Result], metrics: Sequence[str]) -> list[dict]:
    """Take the mean and the median over splits, with intervals.

    Args:
        results: Of the same test parts for every method.
        metrics: ``"srocc"``, ``"plcc"`` (no logistic) or both.

    Returns:
        For each method, data sets and subset in order of appearance:
        ``splits``, ``images`` of a test part (their mean) and for each metric
        ``values``, ``mean``, ``median``, and ``lo`` and ``hi``, the 95 %
        bootstrap interval of the mean over splits (contents of each test part
        are drawn, the trained networks are held); the draws are equal for all
        methods, and ``draws`` holds them.
    """
    cells: dict[tuple, list[Result]] = {}
    for result in results:
        key = result.method, result.trained_on, result.tested_on, result.subset
        cells.setdefault(key, []).append(result)
    entries = []
    for (method, trained_on, tested_on, subset), of_splits in cells.items():
        entry = {"method": method, "trained_on": trained_on, "tested_on": tested_on,
                 "subset": subset, "splits": len(of_splits),
                 "images": round(float(np.mean([len(r.tasks) for r in of_splits]))),
                 "trainings": [dict(r.training) for r in of_splits]}  # fmt: skip
        for name in metrics:
            values, draws = [], []
            for result in of_splits:
                wanted = np.array([task.score for task in result.tasks])
                values.append(METRICS[name](result.scores, wanted))
                contents = [task.content for task in result.tasks]
                draws.append(
                    grouped_draws(
                        _ROWS[name], [result.scores], wanted, contents,
                        seed=_SEED + result.split,
                    )[0]
                )  # fmt: skip
            mean = np.mean(draws, axis=0)
            low, high = percentile_interval(mean, level=0.95)
            entry[name] = {"values": values, "mean": float(np.mean(values)),
                           "median": float(np.median(values)), "lo": low, "hi": high,
                           "draws": mean}  # fmt: skip
        entries.append(entry)
    return entries


def differences(entries: Sequence[dict], pairs: Sequence[tuple[str, str]], name: str) -> list[dict]:
    """Compare methods on the same draws.

    Args:
        entries: Of `summarise`.
        pairs: Methods, the first less the second.
        name: The metric.

    Returns:
        For each pair and test: ``difference`` of the means over splits and
        its 95 % interval ``lo`` and ``hi``.
    """
    where = ("trained_on", "tested_on", "subset")
    rows = []
    for one, two in pairs:
        for first in (entry for entry in entries if entry["method"] == one):
            for second in (entry for entry in entries if entry["method"] == two):
                if all(first[key] == second[key] for key in where):
                    low, high = percentile_interval(
                        first[name]["draws"] - second[name]["draws"], level=0.95
                    )
                    rows.append(
                        {"methods": f"{one} less {two}", **{key: first[key] for key in where},
                         "metric": name, "lo": low, "hi": high,
                         "difference": first[name]["mean"] - second[name]["mean"]}
                    )  # fmt: skip
    return rows


def _plain(entries: Sequence[dict]) -> list[dict]:
    """Return entries of `summarise` without their draws, fit for JSON."""
    return [
        {
            key: {k: v for k, v in value.items() if k != "draws"}
            if isinstance(value, dict)
            else value
            for key, value in entry.items()
        }
        for entry in entries
    ]


def finish(
    name: str,
    results: Sequence[Result],
    parts: Mapping[str, str],
    options: argparse.Namespace,
    *,
    metrics: Sequence[str],
    compared: Sequence[tuple[str, str]],
) -> int:
    """Print a table, write its files below --output, and return the exit status.

    Args:
        name: Of the table, and of its published rows.
        results: One a network, test and split.
        parts: By data set, how it was split, in words.
        options: Parsed options of `kiqa.reproduce.wadiqam.runs.add_training`.
        metrics: Names of `kiqa.evaluation.correlation.METRICS`.
        compared: Methods whose difference is given.

    Returns:
        0.
    """
    entries = summarise(results, metrics)
    differing = [row for metric in metrics for row in differences(entries, compared, metric)]
    content = {
        "table": name, "kiqa": __version__, "preset": options.preset, "parts": parts,
        "proxy": proxy_scores(options.data).get("about"),
        "test_patches": options.test_patches, "results": _plain(entries),
        "differences": differing, "published": published_rows(name),
    }  # fmt: skip
    text = f"{_head(content)}\n\n{to_markdown(_rows(content))}"
    if differing:
        text += f"\n\n{to_markdown([_difference_row(row) for row in differing])}"
    stem = options.output / name
    write_json(content, f"{stem}.json")
    write_csv(
        [
            {"method": r.method, "trained_on": r.trained_on, "tested_on": r.tested_on,
             "split": r.split, "subset": r.subset, "image": task.name, "wanted": task.score,
             "predicted": float(score)}
            for r in results
            for task, score in zip(r.tasks, r.scores, strict=True)
        ],
        f"{stem}-predictions.csv",
    )  # fmt: skip
    with replacing(stem.with_suffix(".md")) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{text}\n")
    return 0


def read(content: Mapping) -> tuple[str, list[dict]]:
    """Return what a stored table was computed on, and its rows; see `Command.read`.

    Args:
        content: Of the JSON that `finish` writes.

    Returns:
        Splits, patches and sizes in words, with the differences, and the
        rows.
    """
    differing = [
        f"{row['methods']} on {row['tested_on']}, {row['subset']}: {row['metric'].upper()} "
        f"{row['difference']:+.3f} ({row['lo']:+.3f} .. {row['hi']:+.3f})"
        for row in content["differences"]
    ]
    return "; ".join([_head(content).removeprefix("Ours: ").rstrip("."), *differing]), _rows(
        content
    )


def _head(content):
    parts = content["parts"]
    splits = " or ".join(sorted({str(entry["splits"]) for entry in content["results"]}))
    described = "; ".join(f"{data}: {text}" for data, text in parts.items())
    head = (
        f"Ours: mean over {splits} splits, N_p = {content['test_patches']}, 95 % intervals "
        f"by drawing contents of the test parts; preset {content['preset']}; {described}."
    )
    proxy = content.get("proxy", PROXY)  # not in wadiqam-depth and -table8 of docs/results
    return f"{head} {PROXY_NAME}: {proxy}." if PROXY_NAME in parts else head


def _rows(content):
    metrics = [name for name in _SHOWN if name in content["results"][0]]
    return [
        *_published(content["published"]),
        *[_row(entry, metrics) for entry in content["results"]],
    ]


def _published(rows):
    return [
        {
            "method": row["method"],
            "trained on": row.get("trained on"),
            "tested on": row["dataset"],
            "subset": row.get("group") or row.get("subset"),
            **{key.upper(): row.get(key) or None for key in ("plcc", "srocc") if key in row},
            "source": row["source"],
        }
        for row in rows
    ]


def _row(entry, metrics):
    row = {"method": entry["method"], "trained on": entry["trained_on"],
           "tested on": entry["tested_on"], "subset": entry["subset"]}  # fmt: skip
    for name in metrics:
        value = entry[name]
        row[name.upper()] = value["mean"]
        row[f"{name.upper()} median"] = value["median"]
        row[f"{name.upper()} 95 %"] = f"{value['lo']:.3f} .. {value['hi']:.3f}"
    return row | {"source": f"ours, {entry['images']} images a split"}


def _difference_row(row):
    return {
        "difference": row["methods"],
        "trained on": row["trained_on"],
        "tested on": row["tested_on"],
        "metric": row["metric"].upper(),
        "mean": row["difference"],
        "95 %": f"{row['lo']:.3f} .. {row['hi']:.3f}",
    }
