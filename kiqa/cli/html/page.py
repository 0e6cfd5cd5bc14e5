"""The file of a page of maps: it grows by one image at a time, and is continued after a kill.

Until it is complete the page is ``NAME.html.part`` beside its target, which a
browser shows as far as it goes. A killed run leaves it there.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from kiqa.cli.html import parts
from kiqa.io.files import growing, write_all
from kiqa.io.outputs import OutputError

_BEGIN = re.compile(rb'<article data-score="[^"]*" data-key="([^"]*)">\n')
_END = b"</article>\n"


class Page:
    """A page that is being written; called with an image's part it adds it.

    Attributes:
        heading: What `kiqa.cli.html.parts.card` needs to know of it.
        keys: Of the images that are on it.
    """

    def __init__(self, file: FileIO, heading: parts.Heading, keys: set[str]) -> None:
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
            write_all(self._file, card.encode("utf-8"))
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
    with growing(path) as part:
        keys, end = set(), 0
        if resume:
            keys, end = _continued(part, Path(path), beginning)
        # Unbuffered: what a full disk has not taken is not tried again when the file is closed.
        with open(part, "r+b", buffering=0) as file:
            file.seek(end)
            if not keys:
                write_all(file, beginning)
            file.truncate()
            interrupted = None
            try:
                yield Page(file, heading, keys)
            except KeyboardInterrupt as interrupt:
                interrupted = interrupt
            except BaseException:
                if not keys:  # nothing that a resumed run could begin with
                    file.truncate(0)
                raise
            write_all(file, parts.foot().encode("utf-8"))
    if interrupted is not None:
        raise interrupted


def _continued(part, finished, beginning) -> tuple[set[str], int]:
    """The keys of the images on an unfinished page, or else on the finished one; where they end."""
    begun = part.stat().st_size
    if not begun:
        if not finished.is_file():
            return set(), 0
        shutil.copyfile(finished, part)
    with open(part, "rb") as file:
        if file.read(len(beginning)) != beginning:
            if not begun:  # no more than the finished page
                os.truncate(part, 0)
            raise OutputError(
                f"Expected a page of the same model, stride and version of kiqa to resume. "
                f"Received: {finished}. Name another page, or leave out --resume."
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
    return keys, end if keys else 0
