"""Names as they leave kiqa."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiqa.io.messages import shortened
from kiqa.io.text import escaped, for_spreadsheet, from_spreadsheet, printable, unescaped

ANY = st.text(st.characters(codec=None) | st.sampled_from("\\ud'=+-@\udce9\r\n"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain.jpg", "plain.jpg"),
        ("Grüße 写真 \U0001f3d4.jpg", "Grüße 写真 \U0001f3d4.jpg"),
        ("a\x1b[31mb\x07", "a\\x1b[31mb\\x07"),
        ("two\nlines\r\t", "two\\nlines\\r\\t"),
        ("c1\x9b and \x7f", "c1\\x9b and \\x7f"),
        ("caf\udce9", "caf\\xe9"),
        ("\ud800", "\\ud800"),
        ("\u202egnp.exe\u2028", "\\u202egnp.exe\\u2028"),
        ("नर\u200dमदा", "नर\u200dमदा"),
    ],
)
def test_what_does_not_show_is_written_out(text, shown):
    """Letters of all scripts stay."""
    assert printable(text) == shown


@given(ANY)
def test_printable_text_is_harmless_and_utf8(text):
    """Whatever it was; a message is one line."""
    for shown in (printable(text), shortened(text)):
        shown.encode("utf-8")
        assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Zl", "Zp"}


@given(ANY)
def test_escaped_text_comes_back(text):
    """It is UTF-8, and most texts are as they were."""
    escaped(text).encode("utf-8")
    assert unescaped(escaped(text)) == text
    assert from_spreadsheet(for_spreadsheet(text)) == text
    if text.isascii() and "\\ud" not in text:
        assert escaped(text) == text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'"])
def test_formulas_are_texts_in_a_spreadsheet(start):
    """Others are left alone."""
    assert for_spreadsheet(f"{start}1+1") == f"'{start}1+1"
    assert for_spreadsheet(f"a{start}1") == f"a{start}1"
