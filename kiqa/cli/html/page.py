"""The file of a page of maps: it grows by one image at a time, and is continued after a kill.

Until it is complete the page is ``NAME.html.part`` beside its target, which a
browser shows as far as it goes. A killed run leaves it there.
"""

import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from kiqa.cli.html import parts
from kiqa.io.files import growing, replacing, write_all
from kiqa.io.outputs import OutputError

_BEGIN = re.compile(rb'<article data-score="[^"]*" data-name="([^"]*)" data-key="([^"]*)">\n')
_END = b"</article>\n"
_Cards = dict[bytes, tuple[str, int, int]]  # by the name's hash: key, and place in the file


class Page:
    """A page that is being written; called with an image's part it adds it.

    Attributes:
        heading: What `kiqa.cli.html.parts.card` needs to know of it.
    """

    def __init__(self, file: FileIO, heading: parts.Heading, cards: _Cards) -> None:
        self._file, self.heading, self._cards = file, heading, cards

    @property
    def keys(self) -> set[str]:
        """Of the images that are on it."""
        return {key for key, *_ in self._cards.values()}

    def __call__(self, card: str) -> None:
        """Add an image, in the place of the one of its name.

        Args:
            card: Of `kiqa.cli.html.parts.card`.

        Raises:
            OSError: If it cannot be written; the page is then as before.
        """
        before = self._file.tell()
        data = card.encode("utf-8")
        try:
            write_all(self._file, data)
        except OSError:
            self._file.seek(before)
            self._file.truncate()
            raise
        _enter(self._cards, data, before, self._file.tell())


@contextmanager
def page(
    path: str | os.PathLike, heading: parts.Heading, *, resume: bool = False
) -> Iterator[Page]:
    """Write a page; the block adds one image at a time.

    Args:
        path: Target file, replaced when the block ends well. After Ctrl-C,
            SIGTERM and SIGHUP it holds the images added until then. After a
            kill or an error, such as a full disk, ``path + ".part"`` does.
        heading: What holds for all its images.
        resume: Begin with the images of the unfinished page, or else of the
            finished one, if there is any.

    Yields:
        The `Page`.

    Raises:
        kiqa.io.outputs.OutputError: If it cannot be resumed, because it has
            another heading or is of another kind.
    """
    beginning = parts.head(heading).encode("utf-8")
    with growing(path) as part:
        cards: _Cards = {}
        end = 0
        if resume:
            cards, end = _continued(part, Path(path), beginning)
        # Unbuffered: what a full disk has not taken is not tried again when the file is closed.
        with open(part, "r+b", buffering=0) as file:
            file.seek(end)
            if not cards:
                write_all(file, beginning)
            file.truncate()
            interrupted = None
            try:
                yield Page(file, heading, cards)
            except KeyboardInterrupt as interrupt:
                interrupted = interrupt
            except BaseException:
                if not cards:  # nothing that a resumed run could begin with
                    file.truncate(0)
                raise
            end = file.tell()
            write_all(file, parts.foot().encode("utf-8"))
        places = [(begin, behind) for _, begin, behind in cards.values()]
        if len(beginning) + sum(behind - begin for begin, behind in places) < end:
            _keep_only(part, [(0, len(beginning)), *places, (end, os.path.getsize(part))])
    if interrupted is not None:
        raise interrupted


def _enter(cards: _Cards, data: bytes, begin: int, end: int) -> None:
    """Note a card by its first line; another one of its name is no longer of the page."""
    if match := _BEGIN.match(data):
        cards[match[1]] = match[2].decode("ascii", "replace"), begin, end


def _keep_only(part: Path, places: Collection[tuple[int, int]]) -> None:
    """Leave of a file what is at these places, in this order."""
    with replacing(part) as temporary, open(part, "rb") as old, open(temporary, "wb") as new:
        for begin, end in places:
            old.seek(begin)
            new.write(old.read(end - begin))


def _continued(part: Path, finished: Path, beginning: bytes) -> tuple[_Cards, int]:
    """The cards of an unfinished page, or else of the finished one; where they end."""
    begun = part.stat().st_size
    if not begun:
        if not finished.is_file():
            return {}, 0
        shutil.copyfile(finished, part)
    with open(part, "rb") as file:
        if file.read(len(beginning)) != beginning:
            if not begun:  # no more than the finished page
                os.truncate(part, 0)
            raise OutputError(
                f"Expected a page of the same model, stride, grid, scale and version of kiqa to "
                f"resume. Received: {finished}. Name another page, or leave out --resume."
            )
        cards: _Cards = {}
        end, first, at = file.tell(), b"", len(beginning)
        for line in file:
            at += len(line)
            if not first:
                if _BEGIN.fullmatch(line) is None:
                    break
                first = line
            elif line == _END:
                _enter(cards, first, end, at)
                end, first = at, b""
    return cards, end if cards else 0
