"""``kiqa report``: one page that shows which images are good and bad, where, and why."""

import argparse
import sys
from collections.abc import Iterable

from kiqa.arguments import Output, add_flag, add_output
from kiqa.cli.collection.options import add_best, add_collection, collected
from kiqa.io.messages import tell
from kiqa.io.text import printable
from kiqa.startup import load_quietly


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_collection(parser)
    add_output(parser, "--output", Output.FILE, "FILE", "the page, .html", required=True)
    add_best(parser, "mark the best images: a number of them, or per cent such as 20%%; of images "
             "that are alike only the best")  # fmt: skip
    add_flag(
        parser, "--no-maps", "leave out the quality maps, which take about as long as the scores"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the page, and return the exit status."""
    from kiqa.io.outputs import check_targets
    from kiqa.reporting.report import write_report
    from kiqa.scoring import Scorer

    inputs, rows = collected(arguments, leave_out=[arguments.output])
    check_targets([arguments.output])
    scorer = load_quietly(Scorer(arguments.model, max_memory=arguments.memory))
    found = write_report(
        [(item.path, item.name) for item in inputs],
        arguments.output,
        scorer,
        rows=rows,
        best=arguments.best,
        maps=not arguments.no_maps,
        watch=lambda entries: progress(entries, len(inputs)),
    )
    for name, reason in found.errors:
        tell(reason if name in reason else f"{name}: {reason}")
    defects = ", ".join(f"{count} {name}" for name, count in sorted(found.defects.items()))
    sys.stdout.write(
        f"{printable(arguments.output)}: {found.images} image{'s' * (found.images != 1)}, "
        f"{found.groups} group{'s' * (found.groups != 1)} of images that are alike; "
        f"{defects or 'no defects'}\n"
    )
    if found.errors:
        tell(f"{len(found.errors)} of {len(inputs)} files could not be read")
    return 1 if found.errors else 0


def progress(entries: Iterable, total: int) -> Iterable:
    """Return the entries, with a bar on a terminal's standard error."""
    from tqdm import tqdm

    hidden = not sys.stderr.isatty()
    return tqdm(entries, total=total, unit="image", disable=hidden, file=sys.stderr)
