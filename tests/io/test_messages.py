"""What is said of other people's files: one line, of bounded length."""

import pytest

from kiqa.io.messages import LONGEST, name_file, named_only, shortened, tell


def test_short_texts_stay():
    """As long as they are one line."""
    assert shortened("a.h5: Expected one, ü.") == "a.h5: Expected one, ü."
    assert shortened(ValueError("two\n  lines\t here ")) == "two lines here"


def test_long_texts_are_cut_in_the_middle():
    """Beginning and end say most; how much is missing is said."""
    whole = "begin " + "x" * 50_000_000 + " end"
    text = shortened(whole)
    assert len(text) <= LONGEST
    assert text.startswith("begin x") and text.endswith("x end")
    assert "characters ...]" in text


@pytest.mark.parametrize("sign", ["\x1b[31m", "\x00", "\u202e", "\ud800", "\x85", "\x7f"])
def test_nothing_drives_a_terminal(sign):
    """Escape sequences, text directions and halves of characters are replaced."""
    text = shortened(f"a{sign}b")
    assert text.isprintable() and text.startswith("a") and text.endswith("b")
    text.encode("utf-8")


def test_tracebacks_and_dumps_of_other_libraries_go():
    """What went wrong stays."""
    keras = (
        "<class 'Dense'> could not be deserialized.\n\nconfig={'a': 1}.\n\nException encountered: "
        "bad units\n\nFull object config: {'b': 2}"
    )
    assert shortened(keras) == "bad units"
    other = 'no memory\nTraceback (most recent call last):\n  File "a.py", line 1'
    assert shortened(other) == "no memory"


@pytest.mark.parametrize("name", ["a.png", "two\nlines.png"])
def test_results_name_no_folder(name):
    """Of an error only the image's name is kept; no error stays none."""
    path = f"/of/mine/{name}"
    said = name_file(ValueError("Expected another image."), path)
    assert named_only(said, path, name) == f"{shortened(name)}: Expected another image."
    assert named_only(None, path, name) is None


def test_messages_are_lines(capsys, monkeypatch):
    """Without a standard error nothing happens."""
    tell(ValueError("two\nlines \x1b[2J"))
    tell("other", name="tool")
    assert capsys.readouterr().err == "kiqa: two lines \\x1b[2J\ntool: other\n"
    monkeypatch.setattr("sys.stderr", None)
    tell("nobody hears")
