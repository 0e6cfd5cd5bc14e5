"""Options of one shape that many commands have: a path, a text, a whole number, a part.

A training's parser suppresses defaults, so that only what was given overrides
a preset. The options here are always there: they are ``None``, or their
default, which the help then names.

Public names: `add_path`, `add_text`, `add_number`, `part_of`.
"""

import argparse
import re
from pathlib import Path


def add_path(
    group: argparse._ActionsContainer, name: str, metavar: str, text: str, *, required: bool = False
) -> None:
    """Add an option that names a file or folder.

    Args:
        group: Parser or group to add to.
        name: The option, such as ``"--pairs"``.
        metavar: What the help calls the value.
        text: What the help says of it, less the default.
        required: Whether it must be given.
    """
    group.add_argument(name, type=Path, default=None, metavar=metavar, required=required, help=text)


def add_text(
    group: argparse._ActionsContainer,
    name: str,
    metavar: str,
    text: str,
    *,
    default: str | None = None,
) -> None:
    """Add an option with a text, such as a name; the arguments are those of `add_path`."""
    group.add_argument(name, default=default, metavar=metavar, help=_told(text, default))


def add_number(
    group: argparse._ActionsContainer, name: str, text: str, *, default: int | None = None
) -> None:
    """Add an option with a whole number; the arguments are those of `add_path`."""
    group.add_argument(name, type=int, default=default, metavar="N", help=_told(text, default))


def part_of(text: str) -> tuple[int, int]:
    """Read ``i/n``, the i-th of n parts, as the ``type`` of an option.

    Args:
        text: Such as ``"2/4"``.

    Returns:
        i and n, 1 <= i <= n.

    Raises:
        argparse.ArgumentTypeError: If it is no such text.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", text, re.ASCII)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"expected i/n with 1 <= i <= n, got {text!r}")
    return int(match[1]), int(match[2])


def _told(text, default):
    return text if default is None else f"{text} (default: %(default)s)"
