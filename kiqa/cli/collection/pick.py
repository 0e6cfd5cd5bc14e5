"""``kiqa pick``: the best images of a collection, copied, listed, or rated in sidecars."""

import argparse
import os
import sys

from kiqa.arguments import Output, add_flag, add_output
from kiqa.cli.collection.options import add_best, add_collection, collected
from kiqa.cli.collection.report import progress
from kiqa.cli.inputs import Input, distinguish
from kiqa.cli.targets import report, status
from kiqa.io.files import is_of_the_disk, write_atomically
from kiqa.io.messages import tell
from kiqa.io.outputs import OutputError, check_targets
from kiqa.io.remote import is_url
from kiqa.io.text import printable
from kiqa.startup import load_quietly

_STARS = (1, 2, 3, 4, 5)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_collection(parser)
    add_best(parser, "how many: a number of images, or per cent such as 20%%", required=True)
    copies = "copy them there; files of the same name are kept apart"
    add_output(parser, "--copy", Output.FOLDER, "DIR", copies)
    add_output(parser, "--list", Output.FILE, "FILE", "write their paths, the best first")
    add_flag(
        parser,
        "--xmp",
        "rate them in XMP sidecars beside them; what is in a sidecar stays, also a rating",
    )
    parser.add_argument(
        "--stars", type=int, choices=_STARS, default=5, help="of --xmp (default: %(default)s)"
    )
    add_flag(
        parser,
        "--short-names",
        "new sidecars are called a.xmp, as Lightroom's, instead of a.jpg.xmp, as darktable's "
        "and digiKam's",
    )
    add_flag(
        parser, "--keep-alike", "of images that are alike, such as a burst, take more than the best"
    )


def run(arguments: argparse.Namespace) -> int:
    """Pick, and return the exit status."""
    from kiqa.reporting.entries import entries_of
    from kiqa.reporting.report import check_read, check_scorer, placed_by
    from kiqa.scoring import Scorer

    _check_copies(arguments)
    inputs, rows = collected(arguments, leave_out=[arguments.copy, arguments.list])
    check_targets(filter(None, [arguments.list]))
    if rows:  # named by their whole paths, which lead out of a folder
        inputs = distinguish([Input(each.path, os.path.basename(each.path)) for each in inputs])
    far = [each.path for each in inputs if is_url(each.path)]
    if far and (arguments.copy or arguments.xmp):
        raise ValueError(
            f"Expected images of this machine with --copy and --xmp. Received: {far[0]}. Use "
            "--list, or copy them here first."
        )
    scorer = load_quietly(Scorer(arguments.model, max_memory=arguments.memory))
    check_scorer(scorer, rows)
    pairs = [(item.path, item.name) for item in inputs]
    good, entries, unread = [], [], []
    found = entries_of(pairs, scorer, rows=rows, maps=False, side=None)
    for item, entry in zip(inputs, progress(found, len(inputs)), strict=True):
        if entry.row["error"] is not None:
            tell(entry.row["error"])
            unread.append(entry.row["error"])
            continue
        good.append(item)
        entries.append(entry)
    check_read(entries, unread)
    places = placed_by(scorer, entries, best=arguments.best, keep_alike=arguments.keep_alike)
    picked = [(good[at], entries[at]) for at in places.chosen]
    if arguments.list:
        from kiqa.reporting.picking import list_of

        write_atomically(arguments.list, list_of([item.path for item, _ in picked]))
    errors = len(unread)
    for item, entry in picked:
        try:
            done = _handled(item, arguments)
        except (OSError, ValueError) as error:
            if is_of_the_disk(error):
                raise
            errors += report(item, error)
            continue
        told = f"  ({', '.join(done)})" if done else ""
        sys.stdout.write(f"{entry.score:8.4f}  {printable(item.path)}{printable(told)}\n")
        sys.stdout.flush()
    return status(errors, f"{errors} of {len(inputs)} files could not be read, copied or rated")


def _handled(item, arguments) -> list[str]:
    """Copy and rate one image; what was done."""
    from kiqa.reporting.picking import copy_apart
    from kiqa.reporting.xmp import write_rating

    done = []
    if arguments.copy:
        copy = copy_apart(item.path, arguments.copy, item.name)
        done.append("there already" if copy is None else f"copied to {copy}")
    if arguments.xmp:
        written = write_rating(item.path, arguments.stars, short_names=arguments.short_names)
        done += [f"rated in {path}" for path in written] or ["has a rating"]
    return done


def _check_copies(arguments):
    """Refuse to copy images to where they are."""
    from kiqa.scoring.row_files import holds_rows

    if arguments.copy is None:
        return
    for path in filter(os.path.exists, arguments.paths):
        if holds_rows(path):
            continue
        folder = path if os.path.isdir(path) else os.path.dirname(os.path.abspath(path))
        if os.path.isdir(arguments.copy) and os.path.samefile(folder, arguments.copy):
            raise OutputError(
                f"Expected a folder for copies that replaces no input. Received: {arguments.copy}, "
                "in which the images are. Name another folder."
            )
