"""The file of a page of maps: it grows by one image at a time, and is continued after a kill.

Until it is complete the page is ``NAME.html.part`` beside its target, which a
browser shows as far as it goes. A killed run leaves it there.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from kiqa.cli.html import parts
from kiqa.io.files import growing
from kiqa.io.outputs import OutputError

_BEGIN = re.compile(rb'<article data-score="[^"]*" data-key="([^"]*)">\n')
_END = b"</article>\n"


class Page:
    """A page that is being written; called with an image's part it adds it.

    Attributes:
        heading: What `kiqa.cli.html.parts.card` needs to know of it.
        keys: Of the images that are on it.
    """

    def __init__(self, file: BinaryIO, heading: parts.Heading, keys: set[str]) -> None:
        self._file, self.heading, self.keys = file, heading, keys

    def __call__(self, card: str, key: str = "") -> None:
        """Add an image.

        Args:
            card: Of `kiqa.cli.html.parts.card`.
            key: The same as the card's.

        Raises:
            OSError: If it cannot be written; the page is then as before.
        """
        before = self._file.tell()
        try:
            self._file.write(card.encode("utf-8"))
            self._file.flush()
        except OSError:
            self._file.seek(before)
            self._file.truncate()
            raise
        self.keys.add(key)


@contextmanager
def page(
    path: str | os.PathLike,
    *,
    model: str,
    scale: str,
    higher_is_better: bool,
    stride: int,
    resume: bool = False,
) -> Iterator[Page]:
    """Write a page; the block adds one image at a time.

    Args:
        path: Target file, replaced when the block ends well. After Ctrl-C,
            SIGTERM and SIGHUP it holds the images added until then. After a
            kill or an error, such as a full disk, ``path + ".part"`` does.
        model: Name of the model, for the heading.
        scale: Text such as ``"0..1"``; its ends are the ends of the colours.
        higher_is_better: Direction of the values.
        stride: Pixels between cells; 0 for grids of blocks.
        resume: Begin with the images of the unfinished page, or else of the
            finished one, if there is any.

    Yields:
        The `Page`.

    Raises:
        kiqa.io.outputs.OutputError: If it cannot be resumed, because it is of
            another model or kind.
    """
    heading = parts.Heading(model, scale, higher_is_better, stride)
    beginning = parts.head(heading).encode("utf-8")
    with growing(path) as part, open(part, "r+b") as file:
        keys: set[str] = set()
        if resume:
            keys = _continued(file, Path(path), beginning)
        if not keys:
            file.seek(0)
            file.write(beginning)
        file.truncate()
        file.flush()
        interrupted = None
        try:
            yield Page(file, heading, keys)
        except KeyboardInterrupt as interrupt:
            interrupted = interrupt
        except BaseException:
            if not keys:  # nothing that a resumed run could begin with
                file.truncate(0)
            raise
        file.write(parts.foot().encode("utf-8"))
    if interrupted is not None:
        raise interrupted


def _continued(file, finished, beginning) -> set[str]:
    """Leave the file where the last whole image ends; the keys of the images before."""
    begun = file.seek(0, os.SEEK_END)
    if not begun:
        if not finished.is_file():
            return set()
        with open(finished, "rb") as source:
            shutil.copyfileobj(source, file)
    file.seek(0)
    if file.read(len(beginning)) != beginning:
        if not begun:  # no more than the finished page
            file.truncate(0)
        raise OutputError(
            f"Expected a page of the same model, stride and version of kiqa to resume. Received: "
            f"{finished}. Name another page, or leave out --resume."
        )
    keys, end, key = set(), file.tell(), None
    for line in file:
        if key is None:
            match = _BEGIN.fullmatch(line)
            if match is None:
                break
            key = match[1].decode("ascii", "replace")
        elif line == _END:
            keys.add(key)
            key, end = None, file.tell()
    file.seek(end)
    return keys
