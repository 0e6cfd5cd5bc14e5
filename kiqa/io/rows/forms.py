"""How rows of results are written: JSONL, CSV, or a table for reading.

Public names: `COLUMN_KINDS`, `FORMATS`, `cell_value`, `format_header`, `format_row`.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from kiqa.io.csv_lines import csv_line
from kiqa.io.messages import shortened
from kiqa.io.text import escaped, from_spreadsheet, printable, unescaped

FORMATS = ("table", "jsonl", "csv")

_WHOLE = ("width", "height", "stride", "exif_orientation")
_NUMBERS = (
    *("score", "percentile", "low", "high", "seconds"),
    # Of --reasons.
    *("sharpness", "noise", "overexposure", "underexposure", "contrast", "compression"),
    "resolution",
)
_TRUTH = ("higher_is_better", "icc")
_LISTS = ("converted", "defects")
# Of the columns that hold no text.
COLUMN_KINDS = (
    dict.fromkeys(_WHOLE, "whole")
    | dict.fromkeys(_NUMBERS, "number")
    | dict.fromkeys(_TRUTH, "truth")
    | dict.fromkeys(_LISTS, "list")
)

_VALUES: dict[str, Callable[[str], Any]] = {
    "list": lambda text: text.split("; "),
    "truth": {"true": True, "false": False}.__getitem__,
    "whole": int,
    "number": float,
}


def format_header(form: str, columns: Sequence[str]) -> str:
    """Return the lines before the first row, empty for JSONL.

    Raises:
        ValueError: If the format is none of `FORMATS`.
    """
    if form not in FORMATS:
        raise ValueError(f"Expected a format, one of {FORMATS}. Received: {form!r}.")
    if form == "csv":
        return csv_line(columns)
    return "" if form == "jsonl" else f"{'score':>8}  {'size':>11}  path\n"


def format_row(row: dict, form: str, columns: Sequence[str], *, spreadsheet: bool = False) -> str:
    """Return a row as text with its line break.

    Args:
        row: Values by column name; JSON-able.
        form: One of `FORMATS`.
        columns: Names and order of the columns.
        spreadsheet: As for `kiqa.io.csv_lines.csv_line`.

    Returns:
        JSONL: an object. CSV: the columns, None empty, lists joined by
        ``"; "``; a name with a line break in it spans lines, in quotes. Texts
        of both are as `kiqa.io.text.escaped` makes them.
        Table: score, size and path, with the reference if there is one, or
        the error; in one line, of letters that show.
    """
    if form == "jsonl":
        return f"{_json_line({name: row[name] for name in columns})}\n"
    if form == "csv":
        return csv_line((_cell(row[name]) for name in columns), spreadsheet=spreadsheet)
    size = "-" if row["width"] is None else f"{row['width']}x{row['height']}"
    score = "error" if row["score"] is None else f"{row['score']:.4f}"
    text = printable(row["path"]) if row["error"] is None else shortened(row["error"])
    if row["error"] is None and row.get("reference"):
        text += f"  (reference {printable(row['reference'])})"
    if row.get("defects"):
        text += f"  {', '.join(row['defects'])}"
    if row.get("note"):
        text += f"  ({printable(row['note'])})"
    return f"{score:>8}  {size:>11}  {text}\n"


def _json_line(values):
    """Half of a surrogate pair is no character: strict readers of JSON refuse it."""
    text = json.dumps(values, allow_nan=False)
    if "\\ud" not in text:
        return text
    return json.dumps({n: escaped(v) if isinstance(v, str) else v for n, v in values.items()})


def _cell(value):
    """What `cell_value` turns back."""
    if isinstance(value, list):
        return "; ".join(value)
    return json.dumps(value) if isinstance(value, bool) else value


def cell_value(name: str, text: str, *, spreadsheet: bool = False) -> Any:
    """Return the Python value of a CSV cell.

    Args:
        name: Of its column; by `COLUMN_KINDS` it holds a number, a truth
            value, a list or a text.
        text: The cell.
        spreadsheet: As for `kiqa.io.csv_lines.csv_line`.

    Raises:
        ValueError: If it holds something else.
        KeyError: If it holds no truth value.
    """
    kind = COLUMN_KINDS.get(name)
    if text == "":
        return [] if kind == "list" else None
    if kind is not None:
        return _VALUES[kind](text)
    text = unescaped(text)
    return from_spreadsheet(text) if spreadsheet else text
