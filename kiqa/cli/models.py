"""``kiqa models``: what can be scored with, and what is known of it."""

import argparse
import json
import sys

_SHORT = {
    "name": "name",
    "paper": "paper",
    "licence": "licence",
    "scale": "scale",
    "higher_is_better": "better",
    "least_side": "least side",
    "map": "map",
    "needs_reference": "reference",
    "megabytes": "MB",
    "srocc": "SROCC",
    "measured_on": "measured on",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--format",
        choices=("table", "json", "csv"),
        default="table",
        help="form of the rows; json and csv also name the files of weights (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the models, and return the exit status."""
    from kiqa.evaluation.report import to_markdown
    from kiqa.io.csv_lines import csv_line
    from kiqa.scoring.catalogue import COLUMNS, model_table

    rows = model_table()
    if arguments.format == "json":
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    elif arguments.format == "csv":
        lines = [COLUMNS, *([row[name] for name in COLUMNS] for row in rows)]
        sys.stdout.writelines(map(csv_line, lines))
    else:
        sys.stdout.write(to_markdown([_shown(row) for row in rows]) + "\n")
        absent = [row for row in rows if row["weights"].startswith("none: ")]
        sys.stdout.writelines(f"\n{row['name']}, weights: {row['weights']}\n" for row in absent)
    return 0


def _shown(row):
    words = {None: None, True: "yes", False: "no"}
    shown = {title: row[key] for key, title in _SHORT.items()}
    shown["better"] = {None: None, True: "higher", False: "lower"}[row["higher_is_better"]]
    shown |= {title: words[shown[title]] for title in ("map", "reference")}
    shown["MB"] = None if row["megabytes"] is None else f"{row['megabytes']:.1f}"
    return shown
