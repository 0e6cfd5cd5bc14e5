"""The page of a report: one HTML file with thumbnails, values, style and script.

Thumbnails are written one by one, so memory does not grow with the collection;
they lie in the page as text and become images when they are seen. The page
needs no network, and its content security policy forbids any.

Public names: `PageWriter`, `write_page`.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from kiqa.io.assets import asset, filled, page_head
from kiqa.io.files import replacing
from kiqa.io.text import printable
from kiqa.plotting.colours import css_gradient, map_colours

_PACKAGE = "kiqa.reporting"


class PageWriter:
    """A page that is being written.

    Attributes:
        thumbnails: How many it holds.
    """

    def __init__(self, file: TextIO) -> None:
        self._file, self.thumbnails = file, 0

    def add(self, thumbnail: bytes) -> int:
        """Write a thumbnail, WebP, and return its number."""
        text = base64.b64encode(thumbnail).decode("ascii")
        self._file.write(
            f'<script type="text/plain" id="i{self.thumbnails}" data-mime="image/webp">'
            f"{text}</script>\n"
        )
        self.thumbnails += 1
        return self.thumbnails - 1

    def finish(self, content: Mapping[str, Any]) -> None:
        """Write what the script shows, and the script.

        Args:
            content: Plain data; texts may hold anything.
        """
        colours = {"colours": map_colours().tolist()}
        text = json.dumps(_shown({**content, **colours}), separators=(",", ":"), allow_nan=False)
        # No "<" is left, so nothing in a name can end the script element.
        self._file.write(
            filled(
                _PACKAGE,
                "report_foot.html",
                data=text.replace("<", "\\u003c"),
                script=asset(_PACKAGE, "report.js"),
            )
        )


@contextmanager
def write_page(path: str | os.PathLike) -> Iterator[PageWriter]:
    """Write a page, whole or not at all.

    Args:
        path: Target file, replaced when the block ends well.

    Yields:
        The `PageWriter`; the block adds thumbnails and then finishes it.

    Raises:
        OSError: If it cannot be written.
    """
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        style = filled(_PACKAGE, "report.css", gradient=css_gradient())
        file.write(
            filled(_PACKAGE, "report_head.html", head=page_head("Image report by kiqa", style))
        )
        yield PageWriter(file)


def _shown(value):
    """The same data with texts whose every letter shows."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: _shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return value
