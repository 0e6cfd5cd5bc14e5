"""``kiqa ladder``: images at many bitrates, for a study of just noticeable differences."""

import argparse
import sys
from pathlib import Path

from kiqa.cli.coding import add_coding, importance_of, settings_of
from kiqa.cli.inputs import add_paths, collect, distinguish, whole_number
from kiqa.cli.targets import report
from kiqa.constants import DEFAULT_MAPPER, VARJPEG


def add_parser(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add the command to the subparsers."""
    parser = commands.add_parser(
        "ladder",
        help="compress images at many bitrates, for a study",
        description="Compress each image at equally spaced bitrates by VarJPEG, and at every "
        "quality by plain JPEG with the same entropy coding. versions.csv in the folder lists "
        "the files; kiqa study jnd makes a page of them.",
        epilog="Repeat an interrupted command: images that are done are left. An image that "
        "cannot be coded is reported; the exit status is then 1.",
    )
    add_paths(parser, model=DEFAULT_MAPPER)
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="the ladder")
    parser.add_argument(
        "--versions",
        type=whole_number,
        default=VARJPEG.versions,
        metavar="N",
        help="versions of an image by VarJPEG (default: %(default)s)",
    )
    add_coding(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Write the ladders, and return the exit status."""
    inputs = {item.name: item for item in distinguish(collect(arguments.paths))}
    settings = settings_of(arguments)
    importance = importance_of(arguments)

    from kiqa.varjpeg.ladder import write_ladder

    errors = 0
    ladders = write_ladder(
        [(name, item.path) for name, item in inputs.items()],
        arguments.output,
        settings=settings,
        n=arguments.versions,
        importance=importance,
    )
    for name, result in ladders:
        if isinstance(result, Exception):
            errors += report(inputs[name], result)
            continue
        done = f"{result} versions" if result else "already there"
        sys.stdout.write(f"{done}  {arguments.output / name}\n")
        sys.stdout.flush()
    if errors:
        sys.stderr.write(f"kiqa: {errors} of {len(inputs)} images have no ladder\n")
    return 1 if errors else 0
