"""File names that programs stumble over, as far as this file system takes them."""

import os
from pathlib import Path

NAMES = (
    "Ba$$in.png",
    "a$x\\frac$.png",
    "$\\sqrt{$.png",
    "caf\udce9.png",  # a byte that is no UTF-8
    f"{'n' * 248}.png",
    f"{'ü' * 124}.png",
    "写真.png",
    "emoji \U0001f3d4.png",
    "red \x1b[31m.png",
    "two\nlines.png",
    "carriage\rreturn.png",
    "tab\tand  blanks .png",
    "=1+1.png",
    "-rf.png",
    "@sum.png",
    '"quoted", and.png',
    "<script>alert(1)</script>.png".replace("/", "\u2215"),
    "&amp;.png",
    "{name}%s%(x)d.png",
    "\u202egnp.exe.png",
    "#1?.png",
    "NUL.png",
)


def furnish_names(folder: Path, content: bytes) -> list[str]:
    """Write a file of the content under each name; those that could be made."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name in NAMES:
        try:
            (folder / name).write_bytes(content)
        except (OSError, ValueError):
            continue
        made.append(name)
    return sorted(made, key=os.fsencode)
