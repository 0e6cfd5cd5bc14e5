"""Published numbers that ours stand beside, kept as data with their source.

Public name: :func:`published_rows`.
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
