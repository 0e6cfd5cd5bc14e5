"""The layout of published rows beside ours: as text, data frames, and a notebook's page.

Public names: :class:`Found`, :class:`Beside`, :data:`INTERVAL`.
"""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kiqa.evaluation.report import to_markdown

if TYPE_CHECKING:
    import pandas as pd

INTERVAL = " 95 %"  # ends the title of a column that holds the interval of another one
_DIGITS = 3
_GROUPS = ("paper", "ours")
# Columns that mean the same have one title.
_TITLES = {"dataset": "data set", "tested on": "data set", "trained_on": "trained on",
           "srocc": "SROCC", "plcc": "PLCC", "rmse": "RMSE", "mse": "MSE", "mae": "MAE",
           "SCC": "SROCC", "PCC": "PLCC", "patch": "size", "group": "subset"}  # fmt: skip
_METRICS = ("SROCC", "PLCC", "RMSE")
_CONDITIONS = ("data", "data set", "part", "size", "subset", "run", "split", "version")


@dataclass(frozen=True)
class Found:
    """One result of a reproduction.

    Attributes:
        place: Its file, below the folder of results.
        about: What it was computed on, in words; may be empty.
        rows: Rows of the table, by column.
        picture: Bytes of a PNG file, or None.
        made: Command, date and versions, as far as they are known.
    """

    place: str
    about: str
    rows: Sequence[Mapping[str, Any]]
    picture: bytes | None = None
    made: str = ""


@dataclass(frozen=True)
class Beside:
    """Published rows and ours; a notebook shows it as a table, with its figure.

    Attributes:
        name: Of the reproduction.
        published: Rows of the paper, numbers as printed; perhaps none.
        found: Our results; perhaps none.
        missing: Why there is no result of ours; empty where there is one.
    """

    name: str
    published: Sequence[Mapping[str, Any]]
    found: Sequence[Found]
    missing: str = ""

    def rows(self) -> list[dict[str, str]]:
        """Return all rows as text, the paper's first, intervals behind their numbers.

        Returns:
            By column; the column ``""`` says ``"paper"`` or ``"ours"``, and
            with several results ``result`` which of them.
        """
        rows = [{"": _GROUPS[0], **_joined(row)} for row in self.published]
        several = sum(bool(each.rows) for each in self.found) > 1
        for each in self.found:
            place = {"result": each.place.rpartition("/")[0] or each.place} if several else {}
            rows += [{"": _GROUPS[1], **_joined(row), **place} for row in each.rows]
        return rows

    def frames(self) -> list["pd.DataFrame"]:
        """Return the rows as data frames.

        Returns:
            One where the paper's rows and ours have a column in common, else
            one each; indexed by whose rows they are and the first column,
            without columns that are empty and without the source. A method
            that has several rows gets one, as papers print it, with columns
            for each data set, part or group and metric.
        """
        return [_framed(rows) for rows in self._tables()]

    def _tables(self):
        rows = self.rows()
        groups = [[row for row in rows if row[""] == group] for group in _GROUPS]
        columns = [{key for row in group for key in row} for group in groups]
        if columns[0] & columns[1] - {"", "source"}:
            return [rows]
        return [group for group in groups if group]

    def _notes(self):
        sources = dict.fromkeys(row["source"] for row in self.published if row.get("source"))
        notes = [f"Published: {'; '.join(sources)}"] if sources else []
        notes += [
            f"Ours: {each.about or self.name} [{each.place}{f'; {each.made}' if each.made else ''}]"
            for each in self.found
        ]
        return [*notes, *filter(None, [self.missing])]

    def __repr__(self) -> str:
        return "\n\n".join([*self._notes(), *map(to_markdown, self._tables())])

    def _repr_html_(self) -> str:
        parts = [f"<p>{html.escape(note)}</p>" for note in self._notes()]
        parts += [frame.to_html(border=0) for frame in self.frames()]
        parts += [_image(each) for each in self.found if each.picture is not None]
        return "\n".join(parts)


def _image(found):
    data = base64.b64encode(found.picture).decode("ascii")
    style, name = "max-width: min(100%, 60em)", html.escape(found.place)
    return f'<p><img style="{style}" alt="{name}" src="data:image/png;base64,{data}"></p>'


def _framed(rows):
    import pandas as pd

    lines = [(row[""], row.get("method")) for row in rows]
    if len(set(lines)) < len(lines) and None not in {method for _, method in lines}:
        wide = _wide(rows)
        if wide is not None:
            return wide
    frame = pd.DataFrame(rows).fillna("").drop(columns="source", errors="ignore")
    frame = frame.loc[:, (frame != "").any()]
    return frame.set_index(list(frame.columns[:2])) if len(frame.columns) > 2 else frame


def _wide(rows):
    """One row for each method; None without metrics, or with two numbers for one column."""
    import pandas as pd

    labels = dict.fromkeys(map(_condition, rows))
    metrics = [name for name in _METRICS if any(row.get(name) for row in rows)]
    if not metrics:
        return None
    cells: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
    for row in rows:
        own = cells.setdefault((row[""], row["method"]), {})
        found = {(_condition(row), name): row[name] for name in metrics if row.get(name)}
        if own.keys() & found.keys():
            return None
        own |= found
    used = {column for own in cells.values() for column in own}
    columns = [(label, name) for label in labels for name in metrics if (label, name) in used]
    return pd.DataFrame(
        [[own.get(column, "") for column in columns] for own in cells.values()],
        index=pd.MultiIndex.from_tuples(cells),
        columns=pd.MultiIndex.from_tuples(columns),
    )


def _condition(row):
    """What the numbers of a row are on, such as ``"spaq -> koniq10k, test"``."""
    parts = [row[name] for name in _CONDITIONS if row.get(name) and row[name] != "full"]
    trained = row.get("trained on")
    arrow = f"{trained} -> " if trained and trained != row.get("data set") else ""
    return arrow + ", ".join(parts)


def _joined(row):
    """A row as text, its intervals behind their numbers."""
    cells = {}
    for key, value in row.items():
        if not key.endswith(INTERVAL):
            interval = row.get(key + INTERVAL)
            cells[_TITLES.get(key, key)] = _text(value) + (f" ({interval})" if interval else "")
    return cells


def _text(value):
    if value is None:
        return ""
    if isinstance(value, float | np.floating):
        return f"{value:.{_DIGITS}f}"
    return str(value)
