"""Names as they are drawn: no name is mathematics, and no letter is missing.

Public names: :func:`literal`.
"""

from functools import lru_cache

from matplotlib import font_manager, rcParams

from kiqa.io.text import printable

_MISSING = "\N{REPLACEMENT CHARACTER}"


def literal(text: str) -> str:
    """Return a text, such as a file's name, for matplotlib to draw as it is.

    Args:
        text: Anything. matplotlib would read what stands between two dollar
            signs as mathematics, and warn of letters that the font lacks.

    Returns:
        The text with dollar signs escaped, with what does not show written
        out, and with a replacement for letters that no font of
        ``rcParams["font.family"]`` has.
    """
    known = _letters(tuple(rcParams["font.family"]))
    shown = (letter if ord(letter) in known else _MISSING for letter in printable(text))
    return "".join(shown).replace("$", r"\$")


@lru_cache(maxsize=8)
def _letters(families):
    """Codes of the letters that the fonts have."""
    codes = {ord(" ")}
    for family in families:
        properties = font_manager.FontProperties(family=[family])
        codes |= font_manager.get_font(font_manager.findfont(properties)).get_charmap().keys()
    return codes
