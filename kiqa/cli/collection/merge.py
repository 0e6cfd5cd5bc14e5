"""``kiqa merge``: rows of shards and of repeated runs as one output."""

import argparse
import os
import sys

from kiqa.arguments import Output, add_output
from kiqa.cli.inputs import add_spreadsheet
from kiqa.cli.targets import row_form
from kiqa.io.messages import tell
from kiqa.io.outputs import check_targets, declare_inputs
from kiqa.io.text import printable

_SHOWN = 5  # conflicts that are named


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="ROWS",
        help="what kiqa score --output wrote: .jsonl, .csv, or a folder of Parquet",
    )
    rows = "where the rows go, a new file or for Parquet a new folder"
    add_output(parser, "--output", Output.ROWS, "FILE|DIR", rows, required=True)
    parser.add_argument(
        "--format",
        choices=("jsonl", "csv", "parquet"),
        help="form of the rows (default: by the suffix of --output, .jsonl, .csv or .parquet)",
    )
    add_spreadsheet(parser)


def run(arguments: argparse.Namespace) -> int:
    """Merge, and return the exit status."""
    from kiqa.io.rows.opened import check_new_rows, write_rows
    from kiqa.scoring.row_files import merge_rows

    form = row_form(arguments.output, form=arguments.format, default="jsonl")
    declare_inputs(arguments.paths)
    if form != "parquet":
        check_targets([arguments.output])
    check_new_rows(arguments.output)
    merged = merge_rows(arguments.paths, spreadsheet=arguments.spreadsheet)
    if not merged.rows:
        raise ValueError("Expected rows to merge. Received: files without any.")
    write_rows(
        arguments.output,
        merged.rows,
        form=form,
        columns=merged.columns,
        spreadsheet=arguments.spreadsheet,
    )
    for path, kept, other, file in merged.conflicts[:_SHOWN]:
        tell(f"{path}: score {kept:.6g} kept, {other:.6g} of {file} left out")
    if len(merged.conflicts) > _SHOWN:
        tell(f"... and {len(merged.conflicts) - _SHOWN} more")
    if len(merged.versions) > 1:
        tell(f"rows of several versions of kiqa: {', '.join(merged.versions)}")
    errors = sum(row["error"] is not None for row in merged.rows)
    sys.stdout.write(
        f"{printable(os.fspath(arguments.output))}: {len(merged.rows)} rows, {errors} of them "
        f"errors, of {len(arguments.paths)} inputs; {merged.repeated} repeated\n"
    )
    if merged.conflicts:
        tell(
            f"{len(merged.conflicts)} images have different scores of the same content, weights "
            "and stride; the later were kept"
        )
    return 1 if merged.conflicts else 0
