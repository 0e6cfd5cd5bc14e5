"""Text that leaves kiqa: names as a terminal, a CSV file and a spreadsheet take them.

A file's name may hold anything but a slash: escape sequences that repaint a
terminal, line breaks that fake a row, bytes that are no UTF-8, and the
beginning of a formula.

Public names: `printable`, `escaped`, `unescaped`, `for_spreadsheet`,
`from_spreadsheet`.
"""

import re
import unicodedata

# Also C1 (0x80..), marks that turn the direction of writing, and line separators.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn")
_JOINERS = "\u200c\u200d"  # parts of words, and of emoji
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(\\|ud[89a-f][0-9a-f]{2})")
_LOOKS_ESCAPED = re.compile(r"\\ud[89a-f][0-9a-f]{2}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str) -> str:
    """Return a text with everything that does not show written out, such as ``\\x1b``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(letter) for letter in text)


def _shown(letter):
    if letter in _JOINERS or unicodedata.category(letter) not in _UNSEEN:
        return letter
    if 0xDC80 <= ord(letter) <= 0xDCFF:  # a byte that is no UTF-8
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def escaped(text: str) -> str:
    """Return a text that UTF-8 can hold: a byte that is none becomes ``\\udce9``.

    Where that is needed, or where the text looks as if it had been done,
    backslashes are doubled, so that `unescaped` gives it back. Other texts
    stay as they are.
    """
    if not (_SURROGATE.search(text) or _LOOKS_ESCAPED.search(text)):
        return text
    doubled = text.replace("\\", "\\\\")
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", doubled)


def unescaped(text: str) -> str:
    """Return what `escaped` made a text of."""
    if "\\" not in text or not _LOOKS_ESCAPED.search(text):
        return text
    return _ESCAPED.sub(
        lambda found: "\\" if found[1] == "\\" else chr(int(found[1][1:], 16)), text
    )


def for_spreadsheet(text: str) -> str:
    """Return a cell that no spreadsheet runs: an apostrophe before ``= + - @`` and blanks."""
    return f"'{text}" if text.startswith((*_FORMULA, "'")) else text


def from_spreadsheet(text: str) -> str:
    """Return what `for_spreadsheet` made a cell of."""
    return text[1:] if text.startswith("'") else text
