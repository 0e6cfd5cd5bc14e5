"""Where the result of each table and figure lies, or why there is none.

The one statement of it is ``stored_results.csv`` beside this module: a line for
each table and figure of the papers, for each other name of
``python -m kiqa.reproduce``, and for each training whose history is kept. The
index page ``docs/results/README.md`` is `index_page`'s text, and a test compares
names, places and page.

Public names: `StoredResult`, `stored_results`, `listing`, `index_page`.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from importlib import resources

FOLDER = "docs/results"  # of the repository; it is not installed
_TITLE = """# Stored results

What `python -m kiqa.reproduce` and the trainings printed, kept: numbers, predictions of single
images, histories, figures. `BIQ2021` and `CID22` stand for the folders of these data sets.
Versions of other packages: `requirements.txt`. Results of others that stand beside ours:
[kiqa/reproduce/published](../../kiqa/reproduce/published).

This page is the output of `python -m kiqa.reproduce --index`; what it says is in
`kiqa/reproduce/stored_results.csv`."""


@dataclass(frozen=True)
class StoredResult:
    """The result of a table, a figure or a training, or why there is none.

    Attributes:
        name: What ``python -m kiqa.reproduce`` calls it; empty for what has no
            command there.
        paper: Where it is from, such as ``"Thesis"``; a heading of the index.
        item: What it is, such as ``"Table 2"``.
        place: File or folder below ``docs/results``; empty where there is none.
        command: What made it, or would make it.
        data: What it was computed on, with settings that are not the paper's.
        date: Of the result, as ``2026-11-28``.
        versions: Of kiqa, Keras and TensorFlow.
        reason: Why there is no result; empty where there is one.
    """

    name: str
    paper: str
    item: str
    place: str
    command: str
    data: str
    date: str
    versions: str
    reason: str


def stored_results() -> list[StoredResult]:
    """Return all lines, in the order of the papers.

    A name can have several lines, one a result.
    """
    file = resources.files("kiqa.reproduce") / "stored_results.csv"
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    return [StoredResult(**{field.name: row[field.name] for field in fields(StoredResult)})
            for row in rows]  # fmt: skip


def listing(names: Iterable[str]) -> str:
    """List names with the places of their results, or why there are none.

    Args:
        names: Those of ``python -m kiqa.reproduce``.

    Returns:
        A line for each result.
    """
    found = stored_results()
    lines = []
    for name in names:
        own = [result for result in found if result.name == name]
        told = [f"{FOLDER}/{r.place}" if r.place else f"none: {r.reason}" for r in own]
        lines += [f"{name:<20} {text}" for text in told or ["none: not recorded"]]
    return "".join(f"{line}\n" for line in lines)


def index_page() -> str:
    """Return the text of the index page, Markdown."""
    from kiqa.evaluation.report import to_markdown

    results = stored_results()
    parts = [_TITLE]
    for paper in dict.fromkeys(result.paper for result in results):
        rows = [_row(result) for result in results if result.paper == paper]
        parts += [f"## {paper}", to_markdown(rows)]
    return "\n\n".join(parts) + "\n"


def _row(result):
    there = f"[{result.place}]({result.place})" if result.place else f"none: {result.reason}"
    return {
        "table or figure": result.item,
        "result": there,
        "command": f"`{result.command}`" if result.command else "",
        "on": result.data,
        "date": result.date,
        "versions": result.versions,
    }
