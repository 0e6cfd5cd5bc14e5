"""Writing a study's page: one HTML file with text, pictures and script.

Pictures are written one by one, so memory does not grow with the study. They
lie in the page as base64 text and become pictures when they are needed.

Public names: :class:`StudyPage`, :class:`Task`, :func:`write_page`,
:func:`check_name`.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from kiqa import __version__
from kiqa.io.files import replacing
from kiqa.studies.embedding import Picture
from kiqa.studies.page_script import SCRIPT
from kiqa.studies.page_style import STYLE
from kiqa.studies.page_text import CLOSE, CONTENT, CONTENT_SECURITY, HEAD


@dataclass(frozen=True)
class Task:
    """What one experiment adds to the page that all of them share.

    Attributes:
        kind: Short name; the saved files' names begin with it.
        title: Heading of the start screen.
        instructions: HTML of the start screen.
        work: HTML of the working screen.
        style: CSS.
        script: JavaScript that defines ``task``.
    """

    kind: str
    title: str
    instructions: str
    work: str
    style: str
    script: str


@dataclass(frozen=True)
class StudyPage:
    """A page that was written.

    Attributes:
        path: The file.
        study: Identity: a hash of pictures and settings. Answers that a
            browser keeps belong to it.
        items: Number of images or patches in the page.
        size: Bytes of the file.
    """

    path: Path
    study: str
    items: int
    size: int


def write_page(
    path: str | os.PathLike,
    task: Task,
    items: Iterable[tuple[Mapping, Sequence[Picture]]],
    *,
    settings: Mapping | None = None,
    note: str = "",
) -> StudyPage:
    """Write a page, whole or not at all.

    Args:
        path: Target file.
        task: The experiment.
        items: What is asked about, each with the pictures it needs; plain
            data with at least a ``name``.
        settings: Further plain data for the script.
        note: Text for the start screen, such as whom to give the answers.

    Raises:
        ValueError: If there are no items, or a name cannot go into a CSV.
        OSError: If the file cannot be written.
    """
    digest = hashlib.sha256()
    found = []
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(
            HEAD.format(
                policy=CONTENT_SECURITY,
                title=escape(task.title),
                style=STYLE + task.style,
                kind=task.kind,
                instructions=task.instructions,
                note=f'<p class="note">{escape(note)}</p>' if note.strip() else "",
                work=task.work,
                version=escape(__version__),
            )
        )
        for item, pictures in items:
            check_name(item["name"])
            for number, picture in enumerate(pictures):
                digest.update(picture.data)
                file.write(
                    f'<script type="text/plain" id="p{len(found)}-{number}" '
                    f'data-mime="{picture.mime}">'
                    f"{base64.b64encode(picture.data).decode('ascii')}</script>\n"
                )
            found.append(dict(item))
        if not found:
            raise ValueError("Expected at least one image for the page, received none.")
        content = {"kind": task.kind, "items": found, **(settings or {})}
        digest.update(json.dumps(content, sort_keys=True).encode())
        content["id"] = digest.hexdigest()[:12]
        # No "<" is left, so nothing in a name can end the script element.
        text = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
        file.write(CONTENT.format(content=text))
        file.write(CLOSE.format(script=task.script + SCRIPT))
    return StudyPage(Path(path), content["id"], len(found), os.path.getsize(path))


def check_name(name: str) -> None:
    """Refuse a file name that would not come back from a CSV as it is.

    Raises:
        ValueError: If the name begins or ends with a blank, or is no Unicode
            text.
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        name_shown = name.encode("utf-8", "backslashreplace").decode()
        raise ValueError(
            f"Expected file names in UTF-8, received {name_shown}. Rename the file."
        ) from None
    if not name or name != name.strip():
        raise ValueError(
            f"Expected file names without blanks at their ends, received {name!r}. Rename the file."
        )
