"""Hashing and decoding one source for a row of results; runs in threads.

Errors become text here: one line that names the file.
"""

import hashlib
import os
import time
from collections.abc import Container
from typing import Any

from kiqa.defects.reasons import REASON_KEYS, reasons
from kiqa.io.images import MAX_BYTES, Source, load_image
from kiqa.io.images.sources import check_size, read_file
from kiqa.io.memory import MemoryLimitError
from kiqa.io.messages import name_file
from kiqa.io.remote import is_url


def content_hash(path: str | os.PathLike, *, max_bytes: int = MAX_BYTES) -> str:
    """Return the SHA-256 of a regular file's bytes, as hexadecimal text.

    Args:
        path: The file.
        max_bytes: Most bytes.

    Raises:
        OSError: If the path cannot be read or is no regular file.
        ValueError: If the file is larger than any image that is loaded.
    """
    if os.path.isdir(path):
        os.listdir(path)  # a folder that may not be read says so
        raise IsADirectoryError(f"{path} is a folder. Expected an image file.")
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError(f"{path} is no regular file (a pipe, socket or device).")
    with open(path, "rb") as file:
        if check_size(path, max_bytes) == 0:  # some of the kernel's files can be read for ever
            return hashlib.sha256().hexdigest()
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: Exception) -> str:
    """Short text of an operating system's error, without its number."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _hashed(path, max_bytes):
    """The hash of a file's bytes, and what to load it from: of a URL what was read, once."""
    if not is_url(path):
        return content_hash(path, max_bytes=max_bytes), path
    data = read_file(path, max_bytes)
    return hashlib.sha256(data).hexdigest(), data


def decode(
    source: Source,
    final: Container = (),
    scored: Container = (),
    *,
    reference: str | os.PathLike | None = None,
    max_bytes: int = MAX_BYTES,
) -> dict:
    """Hash and decode one source; runs in a thread and raises nothing.

    Args:
        source: What to read.
        final: ``(path, sha256, reference's sha256)`` of rows that stay as
            they are; the last is ``None`` without a reference.
        scored: ``(sha256, reference's sha256)`` that have a score already.
        reference: The image to compare it with.
        max_bytes: As for `kiqa.load_image`.

    Returns:
        ``path``, ``seconds``, and ``sha256``, ``image`` or ``error``; with a
        reference also ``reference``, ``reference_sha256`` and
        ``reference_image``.
    """
    start = time.perf_counter()
    named = source if isinstance(source, str | os.PathLike) else None
    at = None if named is None else os.fspath(named)
    origin, other = source, b""  # where the images are loaded from
    item: dict[str, Any] = {"path": at, "error": None}
    if reference is not None:
        item |= {"reference": os.fspath(reference), "reference_sha256": None}
    try:
        if named is not None:
            item["sha256"], origin = _hashed(named, max_bytes)
        if reference is not None:
            at = item["reference"]
            item["reference_sha256"], other = _hashed(reference, max_bytes)
        content = item.get("sha256"), item.get("reference_sha256")
        if (item["path"], *content) not in final and content not in scored:
            at = item["path"]
            item["image"] = load_image(origin, max_bytes=max_bytes)
            if reference is not None:
                at = item["reference"]
                item["reference_image"] = load_image(other, max_bytes=max_bytes)
    except (OSError, MemoryError) as error:
        item |= {"sha256": None, "error": name_file(_reason(error), at)}
    except MemoryLimitError as error:
        item["error"] = name_file(error, at)
        if max_bytes != MAX_BYTES:  # another time there may be more
            item["sha256"] = None
    except Exception as error:  # a decoder's own exception is a verdict too
        item["error"] = name_file(error, at)
        if isinstance(source, bytes):
            item["sha256"] = hashlib.sha256(source).hexdigest()
    if item["error"] is not None:
        item.pop("image", None)
        if at != item["path"]:
            item["error"] = name_file(f"reference: {item['error']}", item["path"])
    item["seconds"] = time.perf_counter() - start
    return item


def with_reasons(item: dict) -> dict:
    """Add the columns `kiqa.defects.reasons.REASON_KEYS`; runs in a thread.

    Args:
        item: Of `decode`.

    Returns:
        The item with them: of its image, or empty where it has an error. One
        that was not decoded, since its content is known, stays as it is.
    """
    image = item.get("image")
    if image is None and item["error"] is None:
        return item
    start = time.perf_counter()
    found = dict.fromkeys(REASON_KEYS) if image is None else reasons(image).as_row()
    return {**item, **found, "seconds": item["seconds"] + time.perf_counter() - start}
