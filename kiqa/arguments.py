"""Options of one shape that many commands have: a path, a text, a number, a flag, a part.

A training's parser suppresses defaults, so that only what was given overrides
a preset. The options here are always there: they are ``None``, or their
default, which the help then names.

Public names: `add_path`, `add_text`, `add_number`, `add_flag`, `add_exclude`, `add_include`,
`INCLUDE_OPTION`, `whole_number`, `part_of`, `grid_of`, `Output`, `add_output`.
"""

import argparse
import enum
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kiqa.io.remote import is_url

INCLUDE_OPTION = "--include-trained"


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
    group: argparse._ActionsContainer,
    name: str,
    text: str,
    *,
    default: int | None = None,
    low: int | None = None,
    metavar: str = "N",
) -> None:
    """Add an option with a whole number; the first arguments are those of `add_path`.

    Args:
        default: Value without the option.
        low: Least value; others are usage errors. ``None`` takes any number.
        metavar: What the help calls the number.
    """
    kind = int if low is None else partial(whole_number, low=low)
    group.add_argument(name, type=kind, default=default, metavar=metavar, help=_told(text, default))


def add_flag(group: argparse._ActionsContainer, name: str, text: str) -> None:
    """Add an option without a value; the arguments are those of `add_path`."""
    group.add_argument(name, action="store_true", help=text)


def add_exclude(group: argparse._ActionsContainer) -> None:
    """Add ``--exclude``, which may be given several times: images that must not be used."""
    group.add_argument(
        "--exclude", action="append", default=None, metavar="FILE|NAME",
        help="leave out the images of KonPatch's .npz, those that a .csv names as image_name, or "
        "those that a model was trained on; may be given several times",
    )  # fmt: skip


def add_include(group: argparse._ActionsContainer) -> None:
    """Add ``--include-trained``, for whatever evaluates a model."""
    text = "also take images that a model was trained on, which are left out otherwise"
    add_flag(group, INCLUDE_OPTION, text)


def whole_number(text: str, *, low: int = 1) -> int:
    """Read a whole number, as the ``type`` of an option.

    Args:
        text: Such as ``"4"``.
        low: Least value, at least 0.

    Returns:
        The number.

    Raises:
        argparse.ArgumentTypeError: If it is no such number.
    """
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or int(text) < low:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least {low}, got {text!r}")
    return int(text)


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


def grid_of(text: str) -> tuple[int, int]:
    """Read ``ROWSxCOLUMNS``, as the ``type`` of an option.

    Args:
        text: Such as ``"20x20"``.

    Returns:
        Rows and columns, each at least 1.

    Raises:
        argparse.ArgumentTypeError: If it is no such text.
    """
    match = re.fullmatch(r"(\d{1,9})x(\d{1,9})", text, re.ASCII)
    if match is None or min(grid := (int(match[1]), int(match[2]))) < 1:
        raise argparse.ArgumentTypeError(f"expected ROWSxCOLUMNS such as 20x20, got {text!r}")
    return grid


def _told(text, default):
    return text if default is None else f"{text} (default: %(default)s)"


class Output(enum.Enum):
    """What an option names that a command writes."""

    FILE = "a file"
    FOLDER = "a folder with one writer at a time"
    SHARED = "a folder that several runs may write to at once"
    EITHER = "a folder, or a file for one input"
    ROWS = "a file, or a folder of its parts"
    RUN = "the working folder of a run, in which no input lies"


def add_output(
    group: argparse._ActionsContainer, name: str, kind: Output, metavar: str, text: str,
    **options: Any,
) -> None:  # fmt: skip
    """Add an option that names what is written, on this machine; a URL is a usage error.

    `kiqa.running.claimed` checks and locks it before the command begins.

    Args:
        group: Parser or group to add to.
        name: The option, such as ``"--output"``.
        kind: What it names.
        metavar: What the help calls the value.
        text: What the help says of it.
        **options: As of `argparse`, such as ``required`` and ``type``.
    """
    to_path = partial(_local, kind=options.pop("type", str))
    action = group.add_argument(name, metavar=metavar, help=text, type=to_path, **options)
    group.set_defaults(outputs={**(group.get_default("outputs") or {}), action.dest: kind})


def _local(text: str, *, kind: Callable[[str], Any]) -> Any:
    if is_url(text):
        raise argparse.ArgumentTypeError(
            f"expected a file or folder of this machine, got {text!r}; write there, and copy it "
            "to its place afterwards"
        )
    return kind(text)
