"""What is said of other people's files and errors: one line, of bounded length.

Every message that holds text from a file or from another library passes
through `shortened`, so that no file makes a message of megabytes, none brings
line breaks or control characters into a terminal, and no other library's
traceback reaches the user.

Public names: `LONGEST`, `shortened`, `name_file`, `named_only`, `tell`.
"""

import contextlib
import os
import sys

from kiqa.io.text import printable

LONGEST = 2000  # characters of a message
_READ = 64 * LONGEST  # characters of a text that are looked at
# What other libraries put before their explanation, and after it.
_BEFORE = ("Exception encountered: ",)
_AFTER = (
    "Traceback (most recent call last)",
    "Stack trace:",
    "Full object config:",
    "Arguments received by",
    "Detected at node",
)


def shortened(about: object, longest: int = LONGEST) -> str:
    """Return a text, or an error's message, as one line of bounded length.

    Args:
        about: Text or exception.
        longest: Most characters.

    Returns:
        The text without line breaks, what does not show written out
        (`kiqa.io.text.printable`), without other
        libraries' traceback and dumps of their arguments; what is left out
        in the middle of a long text is counted.
    """
    text = str(about)
    whole = len(text)
    if whole > _READ:
        text = f"{text[: _READ // 2]}{text[-_READ // 2 :]}"
    for mark in _BEFORE:
        text = text.rpartition(mark)[2] or text
    for mark in _AFTER:
        text = text.partition(mark)[0] or text
    text = printable(" ".join(text.split()))
    if len(text) > longest:
        left = f" [... {max(whole, len(text)) - longest} characters ...] "
        half = (longest - len(left)) // 2
        text = text[:half] + left + text[-half:]
    return text


def name_file(error: Exception | str, path: str | os.PathLike | None) -> str:
    """Return the error's text on one line, with the file in front if not in it."""
    text = shortened(error) or type(error).__name__
    return text if path is None or os.fspath(path) in text else f"{path}: {text}"


def named_only(text: str | None, path: str | os.PathLike, name: str) -> str | None:
    """Return an error's text for results, which name files and no folder of a machine.

    Args:
        text: The error, perhaps with the file in it; None stays.
        path: The file as it was read.
        name: Its name in the results.

    Returns:
        The text with the name in place of the path.
    """
    for place in (os.fspath(path), shortened(os.fspath(path))):
        text = text and text.replace(place, shortened(name))
    return text


def tell(message: object, *, name: str = "kiqa") -> None:
    """Write one line to standard error, if there is one."""
    with contextlib.suppress(OSError, AttributeError):
        sys.stderr.write(f"{name}: {shortened(message)}\n")
