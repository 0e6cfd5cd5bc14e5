"""The file of a page."""

import re
from pathlib import Path

import pytest

from kiqa.reporting.choosing import Placed
from kiqa.reporting.content import page_content
from kiqa.reporting.entries import Entry
from kiqa.reporting.page import write_page
from kiqa.scoring import Scorer


def test_thumbnails_are_numbered_and_the_page_refers_to_nothing_outside(tmp_path):
    """Its policy forbids it, too."""
    with write_page(tmp_path / "p.html") as page:
        assert [page.add(b"one"), page.add(b"two")] == [0, 1]
        page.finish({"images": [], "note": "a\x1bb\u202e</script>"})
    text = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n")
    assert 'id="i1" data-mime="image/webp">dHdv</script>' in text
    assert "default-src 'none'" in text
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text)
    assert r"a\\x1bb\\u202e" in text and "\x1b" not in text and '</script>"' not in text


def test_a_page_appears_whole_or_not_at_all(tmp_path):
    """What was there stays."""
    path = tmp_path / "p.html"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), write_page(path) as page:
        page.add(b"one")
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    assert list(Path(tmp_path).iterdir()) == [path]


def test_numbers_that_are_none_of_json_are_refused(tmp_path):
    """A browser could not read the data."""
    with pytest.raises(ValueError), write_page(tmp_path / "p.html") as page:
        page.finish({"score": float("nan")})


@pytest.mark.slow
def test_a_browser_shows_a_page_of_very_many(tmp_path, stand_in, chromium):
    """Images, files that could not be read and images alike: more than a call takes arguments."""
    many = 140_000
    row = {"width": 9, "height": 9, "percentile": 50.0}
    entries = [Entry(f"{n}.png", row | {"score": n % 1000 / 1000}, b"") for n in range(many)]
    found = Placed([0] * many, {0}, [])
    errors = [(f"{n}.jpg", "no image") for n in range(many)]
    with write_page(tmp_path / "p.html") as page:
        numbers = [page.add(b"one")] * many
        page.finish(page_content(entries, numbers, errors, found, Scorer("stand-in")))
    tab = chromium.open(tmp_path / "p.html", ready="document.querySelectorAll('.card').length")
    assert tab.js("document.getElementById('distribution').children.length") == 30
    assert tab.js("document.getElementById('low').textContent") == "0.0000"
    assert tab.js("document.querySelectorAll('#errors tbody tr').length") == many
