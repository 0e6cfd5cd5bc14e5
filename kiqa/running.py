"""What every command does before it begins (inputs, outputs, locks, signals) and at an error.

Public names: `claimed`, `failure`.
"""

import argparse
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kiqa.arguments import Output
from kiqa.interrupts import ending_signals
from kiqa.io.messages import shortened
from kiqa.io.outputs import (
    OutputError,
    check_folder,
    check_targets,
    command_run,
    declare_inputs,
    lock_output,
)
from kiqa.startup import ProcessError

_EXPECTED = (ValueError, OSError, MemoryError, ImportError, ProcessError)
_RIGHTS = (
    "the right to read or write",
    "Name another file or folder, or change the permissions of this one.",
)
_ROOM = ("to be able to write", "Name a folder on another disk, or make room.")
_REMEDIES = {
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: ("to be able to write", "Name a folder on another disk."),
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
}
_FOLDERS = (Output.FOLDER, Output.SHARED, Output.RUN)


@contextmanager
def claimed(arguments: argparse.Namespace) -> Iterator[None]:
    """Hold the outputs of a command for as long as the block runs.

    Files that the arguments name are inputs, but for those that
    `kiqa.arguments.add_output` has made outputs. What a command finds in
    folders it declares itself (`kiqa.io.outputs.declare_inputs`). SIGTERM and
    SIGHUP end the block as Ctrl-C does.

    Args:
        arguments: Parsed arguments.

    Raises:
        kiqa.io.outputs.OutputError: If an output is an input, another run is
            writing it, or a folder and a file are mistaken for each other.
    """
    kinds: dict[str, Output] = getattr(arguments, "outputs", {})
    outputs = {
        name: (kind, os.fspath(getattr(arguments, name)))
        for name, kind in kinds.items()
        if getattr(arguments, name, None) is not None
    }
    with ExitStack() as stack:
        stack.enter_context(ending_signals())
        stack.enter_context(command_run())
        inputs = [path for path in _named(arguments, leave_out=kinds) if os.path.isfile(path)]
        declare_inputs(inputs)
        check_targets(
            path
            for kind, path in outputs.values()
            if kind is Output.FILE or (kind is Output.ROWS and not os.path.isdir(path))
        )
        for kind, path in outputs.values():
            if kind in _FOLDERS:
                check_folder(path)
                _refuse_name_of_image(path)
            if kind is Output.RUN:
                _refuse_inside(path, inputs)
            if kind not in (Output.SHARED, Output.EITHER):
                stack.enter_context(lock_output(path))
        yield


def failure(error: Exception, *, program: str) -> str:
    """Return what a command says of an error that ends it.

    Args:
        error: Any; TensorFlow's own kinds have no base of their own.
        program: The module that the command is, such as ``kiqa.train_lite``.

    Returns:
        One line: the text of an error that tells the user what to do; of others the kind, too,
        and how to see where it comes from.

    Raises:
        Exception: The error itself, in Python's development mode.
    """
    if sys.flags.dev_mode:
        raise error
    text = shortened(_in_words(error))
    if not text or not isinstance(error, _EXPECTED):
        kind = ": ".join(filter(None, [type(error).__name__, text]))
        text = f"{kind} (python -X dev -m {program} shows where)"
    return f"error: {text}"


def _in_words(error):
    """The error, or what to do about a file that the system does not let be read or written."""
    place = isinstance(error, OSError) and (error.filename2 or error.filename)
    if not isinstance(place, str | bytes | os.PathLike) or error.errno not in _REMEDIES:
        return error
    place = os.fsdecode(place)
    folder, name = os.path.split(place)
    expected, remedy = _REMEDIES[error.errno]
    # Unfinished files are called so, which says nothing to the user.
    place = folder if name.startswith(".kiqa-") else place
    return f"Expected {expected} {place}. Received: {error.strerror}. {remedy}"


def _refuse_name_of_image(path):
    from kiqa.io.images.kinds import names_a_file

    if names_a_file(path):
        raise OutputError(
            f"Expected a folder to write to. Received: {path}, the name of an image. Name a "
            "folder, or make one of that name before."
        )


def _refuse_inside(folder, inputs):
    for path in inputs:
        parent = os.path.dirname(os.path.abspath(path))
        if os.path.isdir(folder) and os.path.samefile(parent, folder):
            raise OutputError(
                f"Expected inputs outside the working folder. Received: {path} in {folder}, which "
                "the run could replace. Copy it to another folder."
            )


def _named(arguments, *, leave_out) -> Iterator[str]:
    """All texts and paths among the arguments; of ``NAME=PATH`` the path as well.

    ``paths`` are left to `kiqa.cli.inputs.collect`, which knows what they mean.
    """
    waiting: list[object] = [
        value
        for name, value in vars(arguments).items()
        if name not in {"outputs", "paths", *leave_out}
    ]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, str | os.PathLike):
            text = os.fspath(value)
            yield from filter(None, (text, text.partition("=")[2]))
