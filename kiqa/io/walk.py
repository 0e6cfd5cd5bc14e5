"""The files below a folder, however deep, of a URL, and those that a glob means."""

import fnmatch
import glob
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kiqa.io.remote import listed

Judge = Callable[[str], str | None]


@dataclass
class Walk:
    """A walk through folders.

    Attributes:
        judge: From a file's path to why it is skipped, or ``None``.
        skipped: How many files were skipped, by reason.
    """

    judge: Judge
    skipped: Counter = field(default_factory=Counter)

    def below(self, folder: str) -> Iterator[tuple[str, str]]:
        """List the files below a folder.

        Args:
            folder: Walked with all below and through links, each folder once.
                Hidden folders are skipped, and count as one file.

        Yields:
            Each file's path, and its name relative to the folder with ``/``;
            the files of a folder before those of the folders in it, sorted.
            A folder that cannot be listed comes last, in place of its files.
        """
        seen = set()
        unlisted = []
        waiting = [(folder, "")]
        while waiting:
            place, prefix = waiting.pop()
            try:
                found = os.stat(place)
                entries = _entries(place)
            except OSError:
                unlisted.append((place, prefix.rstrip("/")))
                continue
            if (found.st_dev, found.st_ino) in seen:
                continue
            seen.add((found.st_dev, found.st_ino))
            folders = []
            for name, is_folder in entries:
                path = os.path.join(place, name)
                if is_folder and name.startswith("."):
                    self.skipped["hidden"] += 1
                elif is_folder:
                    folders.append((path, f"{prefix}{name}/"))
                elif not self._skips(path, name):
                    yield path, f"{prefix}{name}"
            waiting += reversed(folders)
        yield from unlisted

    def elsewhere(self, url: str) -> Iterator[tuple[str, str]]:
        """List the files of a URL; of a folder what is called an image, since a look costs.

        Args:
            url: As for `kiqa.io.remote.listed`.

        Yields:
            Each file's URL, and its name relative to the folder. A folder
            that cannot be listed comes last, in place of its files.

        Raises:
            OSError: As `kiqa.io.remote.listed`.
            ImportError: As `kiqa.io.remote.listed`.
        """
        from kiqa.io.images.kinds import HIDDEN, is_called_image

        for path, name in listed(url, is_called_image):
            if any(part.startswith(".") for part in name.split("/")):
                self.skipped[HIDDEN] += 1
            elif name.endswith("/"):  # a folder that cannot be listed
                yield path, name.rstrip("/")
            elif path == url or is_called_image(name):
                yield path, name
            else:
                self.skipped[os.path.splitext(name)[1] or "without suffix"] += 1

    def _skips(self, path, name):
        if name.startswith(".kiqa-"):  # of a run that is going on, or was killed
            return True
        reason = self.judge(path)
        if reason is not None:
            self.skipped[reason] += 1
        return reason is not None

    def summary(self) -> str | None:
        """Say in a line how many files were skipped, or nothing if none were."""
        total = self.skipped.total()
        if not total:
            return None
        most_first = sorted(self.skipped.items(), key=lambda item: (-item[1], item[0]))
        parts = ", ".join(f"{count} {reason}" for reason, count in most_first)
        return f"{total} {'file' if total == 1 else 'files'} skipped: {parts}"


def matching(pattern: str) -> list[str]:
    """List what a glob means; ``**`` is any number of folders, also hundreds below each other.

    Args:
        pattern: As for `glob.glob`, which calls itself for each level and
            ends at some hundreds.

    Returns:
        Files and folders, sorted, each once. Hidden ones only match what
        begins with a dot, and ``**`` goes into each folder once.
    """
    drive, pattern = os.path.splitdrive(pattern)
    parts = [part for part in pattern.replace(os.altsep or os.sep, os.sep).split(os.sep) if part]
    if parts and parts[-1] == "**":
        parts.append("*")
    found = [drive + os.sep * pattern.startswith(os.sep)]
    for part in parts:
        if part == "**":
            found = [below for place in found for below in _folders_from(place)]
        elif glob.has_magic(part):
            found = [os.path.join(place, name) for place in found for name in _names(place, part)]
        else:
            found = [path for place in found if os.path.lexists(path := os.path.join(place, part))]
        found = list(dict.fromkeys(found))
    return sorted(path for path in found if os.path.isdir(path) or not pattern.endswith(os.sep))


def _names(place, part):
    try:
        names = os.listdir(place or os.curdir)
    except OSError:
        return []
    shown = [name for name in names if part.startswith(".") or not name.startswith(".")]
    return fnmatch.filter(shown, part)


def _folders_from(place):
    """A folder and all below it but for hidden ones, each once."""
    seen, waiting = set(), [place]
    while waiting:
        folder = waiting.pop()
        try:
            found = os.stat(folder or os.curdir)
            entries = _entries(folder or os.curdir)
        except OSError:
            continue
        if (found.st_dev, found.st_ino) in seen:
            continue
        seen.add((found.st_dev, found.st_ino))
        yield folder
        names = [name for name, is_folder in entries if is_folder and not name.startswith(".")]
        waiting += [os.path.join(folder, name) for name in names]


def _entries(place):
    with os.scandir(place) as entries:
        return sorted((entry.name, _is_folder(entry)) for entry in entries)


def _is_folder(entry):
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False
