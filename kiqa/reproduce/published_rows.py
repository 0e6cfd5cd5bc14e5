"""Published numbers that ours stand beside, kept as data with their source.

Public names: :func:`published_rows`, :func:`published_numbers`.
"""

import csv
from importlib import resources


def published_rows(table: str, *, dataset: str | None = None) -> list[dict[str, str]]:
    """Return the published rows of a table.

    Args:
        table: Name of a file of ``kiqa/reproduce/published``, such as
            ``"thesis-table3"``.
        dataset: Only rows of this data set, a key of `kiqa.data.DATASETS`;
            if there are none, and for ``None``, all rows.

    Returns:
        Rows in the order of the paper, cells as text with the digits
        printed there. Columns ``method`` (Table 1: ``instance``, ``mse``,
        ``mae``), ``dataset``, ``srocc``, ``plcc`` and ``source``.
    """
    file = resources.files("kiqa.reproduce") / "published" / f"{table}.csv"
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    return [row for row in rows if row.get("dataset") == dataset] or rows


def published_numbers(name: str) -> list[dict[str, str]]:
    """Return what a paper prints of a table or figure, whichever file holds it.

    Args:
        name: Such as ``"thesis-table3"`` or ``"thesis-fig11"``.

    Returns:
        The rows of the table; of a figure those of ``figures.csv``, with
        ``quantity``, ``value`` and ``source``; none if nothing is printed.
    """
    if (resources.files("kiqa.reproduce") / "published" / f"{name}.csv").is_file():
        return published_rows(name)
    return [
        {key: value for key, value in row.items() if key != "figure"}
        for row in published_rows("figures")
        if row["figure"] == name
    ]
