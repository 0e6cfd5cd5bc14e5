"""Writing a study's page: one HTML file with text, images and script.

Images are written one by one, so memory does not grow with the study. They
lie in the page as base64 text and become images when they are needed. The
start and the end follow the light or dark setting of the system; the working
screen is always a neutral mid gray with dark bars.

Public names: :class:`StudyPage`, :class:`Task`, :func:`write_page`,
:func:`check_name`, :func:`with_fitting_names`.
"""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from pathlib import Path
from typing import TypeVar

from kiqa.io.assets import asset, filled, page_head
from kiqa.io.files import replacing
from kiqa.studies.embedding import EmbeddedImage

Item = TypeVar("Item")
_asset = partial(asset, "kiqa.studies")
_filled = partial(filled, "kiqa.studies")


@dataclass(frozen=True)
class Task:
    """What one experiment adds to the page that all of them share.

    Its HTML, CSS and JavaScript are files of ``kiqa/studies/assets``:
    ``<assets>_instructions.html`` for the start screen,
    ``<assets>_work.html`` for the working screen, ``<assets>.css`` and
    ``<assets>.js``. The script defines ``task``::

        columns   header of the CSV
        unit      what is counted, one and many: ["image", "images"]
        exact     whether images are shown pixel by pixel
        setup()   called once, with the page complete
        show(index, item, answer, fresh)   shows an item; fresh() tells whether it still matters
        key(event)          a key on the working screen
        complete(answer)    whether an answer is one
        rows(item, answer, who)   rows of the CSV

    Attributes:
        kind: Short name; the saved files' names begin with it.
        title: Heading of the start screen.
        assets: Beginning of the names of its files.
        values: What stands for the ``$names`` in its HTML files.
    """

    kind: str
    title: str
    assets: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyPage:
    """A page that was written.

    Attributes:
        path: The file.
        study: Identity: a hash of images and settings. Answers that a
            browser keeps belong to it.
        items: Number of images, patches or showings in the page; a survey is
            none of them.
        size: Bytes of the file.
    """

    path: Path
    study: str
    items: int
    size: int


def write_page(
    path: str | os.PathLike,
    task: Task,
    items: Iterable[tuple[Mapping, Sequence[EmbeddedImage]]],
    *,
    settings: Mapping | None = None,
    note: str = "",
) -> StudyPage:
    """Write a page, whole or not at all.

    Args:
        path: Target file.
        task: The experiment.
        items: What is asked about, each with the images it needs; plain
            data with at least a ``name``.
        settings: Further plain data for the script.
        note: Text for the start screen, such as whom to give the answers.

    Raises:
        ValueError: If there are no items, or a name cannot go into a CSV.
        OSError: If the file cannot be written.
    """
    digest = hashlib.sha256()
    found, shown = [], 0
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(
            _filled(
                "page_head.html",
                head=page_head(
                    escape(task.title), _asset("page.css") + _asset(f"{task.assets}.css")
                ),
                title=escape(task.title),
                kind=task.kind,
                instructions=_filled(f"{task.assets}_instructions.html", **task.values),
                note=f'<p class="note">{escape(note)}</p>' if note.strip() else "",
                work=_filled(f"{task.assets}_work.html", **task.values),
            )
        )
        for item, images in items:
            check_name(item["name"])
            for number, image in enumerate(images):
                digest.update(image.data)
                file.write(
                    f'<script type="text/plain" id="p{len(found)}-{number}" '
                    f'data-mime="{image.mime}">'
                    f"{base64.b64encode(image.data).decode('ascii')}</script>\n"
                )
            found.append(dict(item))
            shown += bool(images)
        if not found:
            raise ValueError("Expected at least one image for the page, received none.")
        content = {"kind": task.kind, "items": found, **(settings or {})}
        digest.update(json.dumps(content, sort_keys=True).encode())
        content["id"] = digest.hexdigest()[:12]
        # No "<" is left, so nothing in a name can end the script element.
        text = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
        files = {"task": task.assets, "store": "store", "page": "page"}
        scripts = {part: _asset(f"{name}.js") for part, name in files.items()}
        file.write(_filled("page_foot.html", content=text, **scripts))
    return StudyPage(Path(path), content["id"], shown, os.path.getsize(path))


def with_fitting_names(
    items: Iterable[Item],
    report: Callable[[str], object] | None,
    *,
    name: Callable[[Item], str],
) -> list[Item]:
    """Leave out what has a name that would not come back from a CSV as it is.

    Args:
        items: Images, in any form.
        report: Told of each that is left out; ``None`` raises.
        name: From an item to its name.

    Returns:
        The others.

    Raises:
        ValueError: As `check_name`, without ``report``.
    """
    fitting = []
    for item in items:
        try:
            check_name(name(item))
        except ValueError as error:
            if report is None:
                raise
            report(f"an image is left out: {error}")
        else:
            fitting.append(item)
    return fitting


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
