"""What ``kiqa report`` and ``kiqa pick`` take: images, or rows of ``kiqa score``.

Public names: `add_collection`, `add_best`, `collected`, `with_percent`.
"""

import argparse
import os
from collections.abc import Iterable, Sequence
from typing import Any

from kiqa.arguments import add_flag
from kiqa.cli.inputs import Input, add_memory, add_paths, collect, distinguish
from kiqa.io.outputs import declare_inputs

_BEST = "--best"


def add_collection(parser: argparse.ArgumentParser) -> None:
    """Add PATH, --model, --memory and --spreadsheet to a command."""
    add_paths(parser, more="; or the rows that kiqa score --output wrote")
    add_memory(parser)
    add_flag(parser, "--spreadsheet", "the rows are CSV that was written with --spreadsheet")


def add_best(parser: argparse.ArgumentParser, text: str, *, required: bool = False) -> None:
    """Add --best to a command; `with_percent` lets it take ``20 %``."""
    parser.add_argument(_BEST, type=_best, metavar="N|N%", required=required, help=text)


def _best(text: str) -> Any:
    from kiqa.reporting.choosing import parse_best

    try:
        return parse_best(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def with_percent(argv: Sequence[str]) -> list[str]:
    """Return arguments with ``--best 20 %`` as ``--best 20%``, so that a PATH may stand behind.

    Args:
        argv: Of any command.
    """
    joined: list[str] = []
    for argument in argv:
        of_best = joined[-2:-1] == [_BEST] or joined[-1:] and joined[-1].startswith(f"{_BEST}=")
        if argument == "%" and of_best:
            joined[-1] += argument
        else:
            joined.append(argument)
    return joined


def collected(
    arguments: argparse.Namespace, *, leave_out: Iterable[str | os.PathLike | None] = ()
) -> tuple[list[Input], dict[str, dict[str, Any]]]:
    """List the images that the arguments mean.

    Args:
        arguments: Parsed arguments, with those of `add_collection`.
        leave_out: As for `kiqa.cli.inputs.collect`.

    Returns:
        The images, each with a name of its own, and the rows that are known
        of them, by path.

    Raises:
        FileNotFoundError: As `kiqa.cli.inputs.collect`.
        ValueError: If a file of rows holds something else.
    """
    from kiqa.io.images.kinds import no_image
    from kiqa.reporting.scored import read_scores
    from kiqa.scoring.row_files import holds_rows

    if len(arguments.paths) == 1 and holds_rows(arguments.paths[0]):
        declare_inputs(arguments.paths)
        rows = read_scores(arguments.paths[0], spreadsheet=arguments.spreadsheet)
        declare_inputs(rows)
        return [Input(path, path) for path in rows], rows
    own = [path for path in leave_out if path and (os.path.isdir(path) or no_image(path))]
    return distinguish(collect(arguments.paths, leave_out=own)), {}
