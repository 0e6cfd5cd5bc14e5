"""What ``kiqa report`` and ``kiqa pick`` take: images, or rows of ``kiqa score``.

Public names: `add_collection`, `add_best`, `collected`.
"""

import argparse
import os
from collections.abc import Iterable
from typing import Any

from kiqa.arguments import add_flag
from kiqa.cli.inputs import Input, add_memory, add_paths, collect, distinguish
from kiqa.io.outputs import declare_inputs


def add_collection(parser: argparse.ArgumentParser) -> None:
    """Add PATH, --model, --memory and --spreadsheet to a command."""
    add_paths(parser, more="; or the rows that kiqa score --output wrote")
    add_memory(parser)
    add_flag(parser, "--spreadsheet", "the rows are CSV that was written with --spreadsheet")


def add_best(parser: argparse.ArgumentParser, text: str, *, required: bool = False) -> None:
    """Add --best to a command."""
    parser.add_argument(
        "--best", nargs="+", action=_Best, metavar=("N", "%"), required=required, help=text
    )


class _Best(argparse.Action):
    """Reads ``20``, ``20%`` and ``20 %``."""

    def __call__(self, parser, namespace, values, option_string=None):
        from kiqa.reporting.choosing import parse_best

        try:
            setattr(namespace, self.dest, parse_best(" ".join(map(str, values or []))))
        except ValueError as error:
            parser.error(f"argument --best: {error}")


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
