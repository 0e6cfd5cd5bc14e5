"""``kiqa score``: one number for each image."""

import argparse
import sys
from contextlib import closing

from kiqa.arguments import Output, add_flag, add_number, add_output, part_of
from kiqa.cli.engines import add_engine, engine_options
from kiqa.cli.inputs import (
    add_memory,
    add_paths,
    add_reference,
    add_spreadsheet,
    collect,
)
from kiqa.cli.targets import row_form, status
from kiqa.io.outputs import check_targets
from kiqa.startup import load_quietly

_CATEGORY_KEYS = ("normalised", "category")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_paths(parser)
    parser.add_argument(
        "--format",
        choices=("table", "jsonl", "csv", "parquet"),
        help="form of the rows (default: table; with --output by its suffix .jsonl, .csv or "
        ".parquet); parquet needs kiqa[parquet]",
    )
    rows = "append each row to FILE, of Parquet to a folder of parts, instead of standard output"
    add_output(parser, "--output", Output.ROWS, "FILE|DIR", rows)
    add_flag(
        parser,
        "--resume",
        "continue the --output (not of a table): finished images are not scored again",
    )
    parser.add_argument(
        "--shard",
        type=part_of,
        metavar="i/n",
        default=(1, 1),
        help="score the i-th of n parts, 1 <= i <= n (by the hash of the file's name relative to "
        "PATH, so all parts together are everything); give each shard its own --output",
    )
    parser.add_argument(
        "--on-error",
        choices=("record", "stop"),
        default="record",
        help="a bad file is a row with an error, or ends the run (default: %(default)s)",
    )
    add_spreadsheet(parser)
    add_number(
        parser,
        "--stride",
        "pixels between the map's cells (default: 8; the aggregator has its own)",
        low=1,
    )
    add_reference(parser)
    add_memory(parser)
    add_engine(parser)
    add_flag(
        parser,
        "--reasons",
        "also say why an image is bad: sharpness, noise, over- and underexposure, contrast, "
        "compression, resolution, and the sharpest and the softest place",
    )
    add_flag(
        parser,
        "--categories",
        "for models of the scale 0..100: add the normalised score and the label (Bad to "
        "Excellent) of PaQ-2-PiQ's authors; both fit their network's scores",
    )


def run(arguments: argparse.Namespace) -> int:
    """Score, and return the exit status."""
    if arguments.resume and not arguments.output:
        raise ValueError("Expected --output FILE with --resume: rows on stdout cannot be resumed.")
    form = row_form(
        arguments.output,
        form=arguments.format,
        default="jsonl" if arguments.resume else "table",
    )
    from kiqa.io.rows.files import check_content

    if form == "parquet" and not arguments.output:
        raise ValueError("Expected --output DIR with --format parquet.")
    if arguments.output and form != "parquet":
        check_targets([arguments.output])
        check_content(arguments.output, form=form, resume=arguments.resume)
    inputs = collect(arguments.paths, leave_out=[arguments.output])

    from kiqa.io.rows.forms import format_header, format_row
    from kiqa.scoring import Scorer, in_shard, row_columns, score_paths
    from kiqa.scoring.pairs import reference_for

    inputs = [item for item in inputs if in_shard(item.name, arguments.shard)]
    paths = [item.path for item in inputs]
    references = None
    if arguments.reference is not None:
        references = [reference_for(item.name, arguments.reference) for item in inputs]
    engine = engine_options(arguments)
    scorer = load_quietly(
        Scorer(arguments.model, stride=arguments.stride, max_memory=arguments.memory)
    )
    if arguments.categories and scorer.info.scale != "0..100":
        raise ValueError(
            f"Expected a model of the scale 0..100 with --categories. Received: {scorer.info.name} "
            f"of the scale {scorer.info.scale}. Leave --categories out."
        )
    if arguments.categories and arguments.output:
        raise ValueError(
            "Expected --categories without --output: rows of a file can be resumed without it. "
            "Send standard output to a file, or use kiqa.evaluation.study.categories on the scores."
        )
    rows = score_paths(
        paths,
        scorer,
        output=arguments.output,
        output_format=form,
        resume=arguments.resume,
        on_error=arguments.on_error,
        references=references,
        spreadsheet=arguments.spreadsheet,
        reasons=arguments.reasons,
        **engine,
    )
    columns = row_columns(references=references is not None, reasons=arguments.reasons)
    if arguments.categories:
        columns = (*columns, *_CATEGORY_KEYS)
        rows = _labelled(rows)
    if not arguments.output:
        _emit(format_header(form, columns))
    done = errors = 0
    try:
        for row in _progress(rows, len(paths), to_terminal=not arguments.output):
            if not arguments.output:
                line = format_row(row, form, columns, spreadsheet=arguments.spreadsheet)
                if form == "table" and row.get("category"):
                    line = f"{line.rstrip()}  {row['category']} ({row['normalised']:.1f})\n"
                _emit(line)
            done += 1
            errors += row["error"] is not None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_how_to_go_on(done, len(paths), arguments.output, form)) from None
    finally:
        rows.close()
    return status(errors, f"{errors} of {done} files could not be scored")


def _labelled(rows):
    """The rows, with normalised score and label where there is a score."""
    from kiqa.evaluation.study.categories import category, normalise_scores

    with closing(rows):
        for row in rows:
            more = dict.fromkeys(_CATEGORY_KEYS)
            if row["score"] is not None:
                normalised = float(normalise_scores(row["score"]))
                more = dict(zip(_CATEGORY_KEYS, (normalised, category(normalised)), strict=True))
            yield row | more


def _emit(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _progress(rows, total: int, *, to_terminal: bool):
    """The rows, with a bar on stderr unless the rows themselves show there."""
    from tqdm import tqdm

    hidden = not sys.stderr.isatty() or (to_terminal and sys.stdout.isatty())
    return tqdm(rows, total=total, unit="image", disable=hidden, file=sys.stderr)


def _how_to_go_on(done: int, total: int, output: str | None, form: str) -> str:
    state = f"{done} of {total} images are finished"
    if not output:
        return f"{state}; with --output FILE --format jsonl a run can be continued by --resume."
    if form == "table":
        return f"{state} and in {output}; a table cannot be resumed, use --format jsonl."
    return f"{state} and in {output}; add --resume to continue."
