"""One word for one thing, in what users read: *image*, not picture, photo or photograph."""

import re
from pathlib import Path

import pytest

from .test_documentation import PARSERS

ROOT = Path(__file__).parents[1]
OTHER = re.compile(r"\b(photo(graph)?s?|pictures?)\b", re.IGNORECASE)
# Where the other word is meant: what a photograph is as against a drawing, and a paper's title.
MEANT = (
    "no photograph",
    "no photographs",
    "trained on photographs",
    "from patches to pictures",
    "of picture quality",
    "photograph of 32 pixels",
    "photograph of 16 pixels",
    "| photograph  ",
    "| photograph,",
    "next photograph",
)
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "weights" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


def _others(text: str) -> list[str]:
    """Other words for an image in prose: code, links' targets and file names do not count."""
    text = re.sub(r"^```.*?^```$|^    \S.*$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`]*`|\]\([^)]*\)", "", text)
    text = " ".join(text.lower().replace("*", "").split(" "))
    text = re.sub(r"\n *", " ", text)
    for words in MEANT:
        text = text.replace(words, "")
    return [match[0] for match in OTHER.finditer(text)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_documents_say_image(path: Path) -> None:
    """Outside of code and of what is meant."""
    assert _others(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_helps_say_image(parser) -> None:
    """Descriptions, options and what is said of them."""
    assert _others(parser.format_help().replace("\n   ", " ")) == []


def test_other_words_are_seen() -> None:
    """In prose, not in code or a link's target."""
    assert _others("A photo.\n\n    kiqa score photos\n\n`photo.jpg` [x](photos.md)") == ["photo"]
    assert _others("images that are no photographs; two Pictures") == ["pictures"]
