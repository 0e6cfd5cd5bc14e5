"""Files elsewhere by their URL, through fsspec: the extra ``kiqa[remote]``.

``https://`` and ``http://``, buckets (``s3://`` with s3fs, ``gs://`` with
gcsfs), archives (``zip://photos.zip``, or ``zip://a.png::photos.zip`` for one
file of it) and whatever else fsspec knows. A file is read when its turn comes,
whole, into memory; nothing is kept on the disk. Reading is tried again some
times, unless the answer is final: no such file, or no right to it.

Public names: `is_url`, `listed`, `read_url`.
"""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from kiqa.io.messages import shortened

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_WAITS = (0.5, 2.0, 5.0)  # seconds before a file is tried again
_AGAIN = (408, 429)  # answers of 400..499 that are not final
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
        elif is_image(first.partition("?")[0]) or not system.isdir(root):
            return [(whole, first.partition("?")[0].rstrip("/").rpartition("/")[2])]
        else:
            found, base = system.find(root), first if first.endswith("/") else f"{first}/"
        start = root.rstrip("/") + "/" if root.strip("/") else ""
        names = [path.removeprefix(start).lstrip("/") for path in sorted(found)]
        return [(base + name + mark + rest, name) for name in names]

    yield from _tried(url, find)


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
        OSError: If it cannot be read, after several tries.
        ImportError: If what fsspec needs for it is not installed.
    """

    def read():
        system, path = _opened(url)
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
    return url_to_fs(url)


def _tried(url: str, function: Callable[[], _Result]) -> _Result:
    """The function's result; its errors name the URL."""
    waits = iter(_WAITS)
    while True:
        try:
            return function()
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{url}: expected a file or folder, found nothing") from error
        except PermissionError as error:
            raise _without_rights(url, error) from error
        except ImportError as error:
            packages = [_EXTRAS[kind] for kind in _EXTRAS if f"{kind}://" in url.lower()]
            remedy = f"; install it: pip install {packages[0]}" if packages else ""
            raise ImportError(f"{url}: {_reason(error)}{remedy}") from error
        except Exception as error:  # every kind of storage has its own
            if "Credentials" in type(error).__name__:  # botocore's and Google's, where none are set
                raise _without_rights(url, error) from error
            status = getattr(error, "status", None)
            final = isinstance(status, int) and 400 <= status < 500 and status not in _AGAIN
            wait = None if final or isinstance(error, ValueError) else next(waits, None)
            if wait is None:
                raise OSError(f"{url}: {_reason(error)}") from error
            time.sleep(wait)


def _without_rights(url, error):
    return PermissionError(
        f"{url}: expected the right to read it, received {_reason(error)}; look at the credentials "
        "of this account"
    )


def _reason(error):
    return shortened(error, _REASON) or type(error).__name__
