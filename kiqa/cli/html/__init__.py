"""One self-contained HTML page of images under their quality maps."""

from kiqa.cli.html.page import Page, page
from kiqa.cli.html.parts import MAP_SIDE, PHOTO_SIDE, Heading

__all__ = ["MAP_SIDE", "PHOTO_SIDE", "Heading", "Page", "page"]
