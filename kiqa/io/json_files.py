"""JSON that lies in files: of runs, folders of made images, ladders, boxes, manifests.

Python's reader raises another error for each fault, `RecursionError` among
them, and names no file. Here there is one.

Public names: `parse_json`, `read_json`, `read_json_list`.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiqa.io.budget import check_file

_LARGEST = 64 << 20  # bytes; the largest that kiqa writes lists the images of a data set


def parse_json(text: str | bytes, *, pairs: Callable[[list], Any] | None = None) -> Any:
    """Parse JSON, however it is nested.

    Args:
        text: The JSON.
        pairs: As ``object_pairs_hook`` of `json.loads`.

    Raises:
        ValueError: If it is none.
    """
    try:
        return json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json(path: str | os.PathLike) -> dict:
    """Read a JSON file that holds an object.

    Args:
        path: The file, of at most 64 MiB.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such file; the message names it.
    """
    return _read(path, dict, "an object")


def read_json_list(path: str | os.PathLike) -> list:
    """Read a JSON file that holds a list.

    Args:
        path: The file, of at most 64 MiB.

    Raises:
        FileNotFoundError: As `read_json`.
        ValueError: As `read_json`.
    """
    return _read(path, list, "a list")


def _read(path, kind, described):
    path = Path(path)
    check_file(path, max_bytes=_LARGEST)
    try:
        content = parse_json(path.read_bytes())
        if not isinstance(content, kind):
            raise ValueError(f"it holds a {type(content).__name__}")
    except ValueError as error:
        raise ValueError(
            f"Expected a JSON file with {described}. Received: {path} ({error}). It is damaged: "
            "remove it, or use another folder."
        ) from error
    return content
