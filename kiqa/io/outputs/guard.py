"""No output replaces an input.

A command says what it reads (`declare_inputs`) and asks, before it writes the
first byte, whether it may write its targets (`check_targets`). Every writer of
`kiqa.io.files` asks again for its own file.
"""

import os
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kiqa.io.outputs.links import is_written_through, written_path
from kiqa.io.outputs.names import check_folder, nearest_folder


class OutputError(ValueError):
    """A target that must not be written; the message says why, and what to do."""


@dataclass
class Run:
    """What one run of a command reads, and what it has locked.

    Attributes:
        inputs: Paths of the files.
        locked: `written_path` of the outputs.
    """

    inputs: list[str] = field(default_factory=list)
    locked: set[str] = field(default_factory=set)
    _known: set[tuple[int, int]] = field(default_factory=set)
    _asked: int = 0

    def reads(self, found: os.stat_result) -> bool:
        """Say whether a file is one of the inputs, whatever it is called."""
        for path in self.inputs[self._asked :]:
            identity = _identity(path)
            if identity is not None:
                self._known.add(identity)
        self._asked = len(self.inputs)
        return (found.st_dev, found.st_ino) in self._known


_runs: list[Run] = []


@contextmanager
def command_run() -> Iterator[Run]:
    """Begin a run of a command; within it inputs are remembered."""
    _runs.append(Run())
    try:
        yield _runs[-1]
    finally:
        _runs.pop()


def current_run() -> Run | None:
    """Return the run of the command that is running, or ``None``."""
    return _runs[-1] if _runs else None


def declare_inputs(paths: Iterable[str | os.PathLike]) -> None:
    """Say which files the command that is running reads; without one this does nothing."""
    if _runs:
        _runs[-1].inputs += [os.fspath(path) for path in paths]


def check_targets(
    targets: Iterable[str | os.PathLike], *, inputs: Iterable[str | os.PathLike] = ()
) -> None:
    """Refuse to write files that are read, that are one, or that are folders.

    Files are the same if the system says so, whatever they are called: links,
    ``..`` and other spellings make no difference, nor does the case of letters
    where the file system does not tell it.

    Args:
        targets: Files to be written.
        inputs: Files that are read, beside those of `declare_inputs`.

    Raises:
        OutputError: If a target is an input or a folder, or two are the same.
        NotADirectoryError: If the folder of one is a file.
    """
    own = Run([*(current_run() or Run()).inputs, *(os.fspath(path) for path in inputs)])
    seen: dict[tuple[str, str], str | os.PathLike] = {}
    folders: set[str] = set()
    for path in targets:
        check_target(path, run=own)
        place = written_path(path)
        if is_written_through(place):
            continue
        folder = os.path.dirname(place)
        if folder not in folders:
            check_folder(folder)
            folders.add(folder)
        key = _key(place)
        if key in seen:
            raise OutputError(
                f"Expected outputs that are different files. Received: {seen[key]} and {path}, "
                "which are one. Write them to different folders, or rename an input."
            )
        seen[key] = path


def check_target(path: str | os.PathLike, *, run: Run | None = None) -> None:
    """Refuse to write one file that is an input or a folder; arguments as `check_targets`.

    Args:
        path: The file to be written.
        run: Whose inputs; ``None`` takes those of the command that is running.
    """
    run = run or current_run()
    try:
        found = os.stat(path)
    except OSError:  # not there: no input is lost
        return
    if os.path.isdir(path):
        raise OutputError(
            f"Expected a file to write. Received: {path}, a folder. Name a file in it."
        )
    if run is not None and not is_written_through(written_path(path)) and run.reads(found):
        raise OutputError(
            f"Expected an output that replaces no input. Received: {path}, which this command "
            "reads. Write to another file or folder."
        )


def _identity(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_ino else None


_folding: dict[str, bool] = {}


def _key(place):
    """What two paths of `written_path` have in common if they mean one file."""
    folder, name = os.path.split(place)
    if folder not in _folding:
        _folding[folder] = folds_case(folder)
    if _folding[folder]:
        folder, name = (unicodedata.normalize("NFC", text).casefold() for text in (folder, name))
    return folder, name


def folds_case(folder: str) -> bool:
    """Say whether names in a folder, which need not be there, differ by more than their case."""
    place = nearest_folder(folder)
    while os.path.dirname(place) != place:
        above, name = os.path.split(place)
        if name.swapcase() != name:
            try:
                return os.path.samefile(place, os.path.join(above, name.swapcase()))
            except OSError:
                return False
        place = above
    return os.name == "nt"
