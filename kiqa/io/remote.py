"""Files elsewhere by their URL, through fsspec: the extra ``kiqa[remote]``.

``https://`` and ``http://``, buckets (``s3://`` with s3fs, ``gs://`` with
gcsfs), archives (``zip://photos.zip``, or ``zip://a.png::photos.zip`` for one
file of it) and whatever else fsspec knows. A file is read when its turn comes,
whole, into memory; nothing is kept on the disk. Reading is tried again some
times, unless the answer is final: no such file, or no right to it. After Ctrl-C
or SIGTERM nothing is waited for.

Public names: `is_url`, `listed`, `read_url`.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, TypeVar

from kiqa.interrupts import interrupted
from kiqa.io.messages import shortened

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_WAITS = (0.5, 2.0, 5.0)  # seconds before a file is tried again
_CONNECT = 5.0  # seconds that a web server has to be connected to
_SILENCE = 20.0  # seconds without a byte of a web server's after which a try has failed
_LOOK = 0.5  # seconds after which Ctrl-C is looked for
_AGAIN = (408, 429)  # answers of 400..499 that are not final
_REFUSED = (401, 403)
_ARCHIVES = ("zip", "tar", "libarchive")
_REASON = 300  # characters of other libraries' reasons
_EXTRAS = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs"}
_Result = TypeVar("_Result")


def is_url(path: object) -> bool:
    """Say whether a path is a URL, such as ``s3://bucket/folder``.

    Examples:
        >>> is_url("https://host/a.png"), is_url("C:/a.png"), is_url("photos/a.png")
        (True, False, False)
    """
    return isinstance(path, str) and _URL.match(path) is not None


def listed(url: str, is_image: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """List the files that a URL means.

    Args:
        url: Of a file, of a folder with all below, or with ``*``.
        is_image: Says by its name whether a URL without a listing is a file.

    Yields:
        URL and name of each file, relative to the folder, with ``/``; sorted.
        A folder below that cannot be listed comes last, in place of its
        files; its URL and its name end in ``/``, and `read_url` says why.

    Raises:
        FileNotFoundError: If there is nothing.
        PermissionError: If it may not be read.
        OSError: If it cannot be listed.
        ImportError: If what fsspec needs for it is not installed.
    """
    whole = _whole(url)
    first, mark, rest = whole.partition("::")

    def find():
        system, root = _opened(whole)
        if "*" in root and not _is_web(first):
            found, root = system.glob(root), root.partition("*")[0].rpartition("/")[0]
            base = first.partition("*")[0].rpartition("/")[0] + "/"
            if root and not found:
                system.ls(root)  # one that may not be read says so
        elif is_image(first.partition("?")[0]) or not _is_folder(system, root):
            return [(whole, first.partition("?")[0].rstrip("/").rpartition("/")[2])]
        else:
            found, base = _below(system, root), first if first.endswith("/") else f"{first}/"
        start = root.rstrip("/") + "/" if root.strip("/") else ""
        names = [path.removeprefix(start).lstrip("/") for path in found]
        return [(base + name + mark + rest, name) for name in names]

    yield from _tried(url, find)


def _is_folder(system, root):
    """Whether it has files below; unlike fsspec's ``isdir`` this says what it cannot find out."""
    return bool(system.ls(root)) if _is_web(root) else system.info(root)["type"] == "directory"


def _below(system, root):
    """The files below a folder, sorted, then the folders that cannot be listed, with ``/``."""
    from fsspec.asyn import AsyncFileSystem
    from fsspec.spec import AbstractFileSystem

    kind = type(system)
    if issubclass(kind, AsyncFileSystem):
        walks = kind._find is AsyncFileSystem._find
    else:
        walks = kind.find is AbstractFileSystem.find
    if not walks:  # a bucket's or an archive's listing is one, and has markers of folders
        return sorted(path for path in system.find(root) if not path.endswith("/"))
    # fsspec's own walk leaves out what it cannot list.
    files, unlisted, seen = [], [], {root.rstrip("/")}
    listings = [system.ls(root, detail=True)]
    while listings:
        for entry in listings.pop():
            name = entry["name"]
            if entry["type"] != "directory":
                files.append(name)
            elif (folder := name.rstrip("/")) not in seen:
                seen.add(folder)
                try:
                    listings.append(_tried(name, partial(system.ls, name, detail=True)))
                except OSError:
                    unlisted.append(f"{folder}/")
    return [*sorted(files), *sorted(unlisted)]


def read_url(url: str, max_bytes: int) -> bytes:
    """Read a file whole.

    Args:
        url: Of the file.
        max_bytes: Most bytes; of a longer file one more is returned.

    Returns:
        The bytes.

    Raises:
        FileNotFoundError: If there is no such file.
        PermissionError: If it may not be read.
        IsADirectoryError: If it is a folder.
        OSError: If it cannot be read, after several tries.
        ImportError: If what fsspec needs for it is not installed.
    """

    def read():
        system, path = _opened(url)
        if url.partition("::")[0].endswith("/") and system.ls(path):
            raise IsADirectoryError
        # Without blocks a web server needs no ranges.
        options = {"block_size": 0} if _is_web(url) else {}
        with system.open(path, "rb", **options) as file:
            pieces, left = [], max_bytes + 1
            while left > 0 and (piece := file.read(left)):
                pieces.append(piece)
                left -= len(piece)
        return b"".join(pieces)

    return _tried(url, read)


def _whole(url):
    """``zip://photos.zip`` is all that the archive holds."""
    kind, _, path = url.partition("://")
    return url if "::" in url or kind.lower() not in _ARCHIVES else f"{kind}://::{path}"


def _is_web(url):
    return url.lower().startswith(("http://", "https://"))


def _opened(url) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise ImportError(
            f"Expected fsspec for {url}. Received: an installation without it. Install it: "
            "pip install 'kiqa[remote]'."
        ) from error
    return url_to_fs(url, **_patience(url))


def _patience(url):
    """Options of web storage beside those of fsspec's settings; silence must not last."""
    kinds = [kind for kind in ("http", "https") if f"{kind}://" in url]
    try:
        from aiohttp import ClientTimeout
    except ImportError:  # fsspec says what to install where it is needed
        return {}
    from fsspec.config import conf

    options = {"timeout": ClientTimeout(sock_connect=_CONNECT, sock_read=_SILENCE)}
    for kind in ("http", "https"):
        options |= conf.get(kind, {}).get("client_kwargs", {})
    return {kind: {"client_kwargs": options} for kind in kinds}


def _tried(url: str, function: Callable[[], _Result]) -> _Result:
    """The function's result; its errors name the URL."""
    waits = iter(_WAITS)
    while True:
        try:
            return _unless_interrupted(function)
        except ImportError as error:
            packages = [_EXTRAS[kind] for kind in _EXTRAS if f"{kind}://" in url.lower()]
            remedy = f"; install it: pip install {packages[0]}" if packages else ""
            raise ImportError(f"{url}: {_reason(error)}{remedy}") from error
        except Exception as error:  # every kind of storage has its own
            cause = _cause(error)
            status = _status(cause)
            if isinstance(cause, FileNotFoundError):
                raise FileNotFoundError(
                    f"{url}: expected a file or folder, found nothing"
                ) from error
            if isinstance(cause, IsADirectoryError):
                raise IsADirectoryError(
                    f"{url}: expected a file, received a folder; name it among the paths, or run "
                    "again if it could not be listed before"
                ) from error
            if _is_refusal(cause, status):
                raise PermissionError(
                    f"{url}: expected the right to read it, received {_reason(cause)}; look at the "
                    "credentials of this account"
                ) from error
            final = 400 <= status < 500 and status not in _AGAIN
            final = final or isinstance(cause, ValueError) or interrupted()
            pause = None if final else next(waits, None)
            if pause is None:
                raise OSError(f"{url}: {_reason(cause)}") from error
            time.sleep(pause)


def _unless_interrupted(function):
    """The function's result, waited for in a thread that need not end before the process does."""
    answer: Future = Future()

    def work():
        try:
            answer.set_result(function())
        except BaseException as error:  # raised below
            answer.set_exception(error)

    threading.Thread(target=work, daemon=True, name="kiqa-remote").start()
    while not wait([answer], timeout=_LOOK).done:
        if interrupted():
            raise OSError("interrupted")
    return answer.result()


def _cause(error):
    """What has failed; fsspec's web storage calls a file missing then, whatever it was."""
    cause = error.__cause__
    behind = isinstance(error, FileNotFoundError) and type(cause).__module__.startswith("aiohttp.")
    return cause if behind and _status(cause) != 404 else error


def _status(error):
    """The status of HTTP that an error has, or 0."""
    found = (getattr(error, name, None) for name in ("status", "status_code", "code"))
    return next((value for value in found if isinstance(value, int)), 0)


def _is_refusal(error, status):
    return (
        isinstance(error, PermissionError)
        or status in _REFUSED
        or "Credentials" in type(error).__name__  # botocore's and Google's, where none are set
        or (isinstance(error, OSError) and str(error).startswith("Forbidden"))  # gcsfs's
    )


def _reason(error):
    unsaid = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
    return shortened(error, _REASON) or unsaid
