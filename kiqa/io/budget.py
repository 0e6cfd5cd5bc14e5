"""What a file may cost, checked before it is read.

Sizes that a file states are an attacker's. Whoever reads a file that is no
image asks here first: is it a regular file, how large is it, how does it
begin; and, of a zip archive, what would its members unpack to. Readers of
images have their own limits (`kiqa.io.images.cost`), because pixels cost
otherwise.

Public names: `MAX_BYTES`, `check_file`, `Bounded`, `check_declared`.
"""

import os
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 1 << 30  # of a file, and of what it unpacks to, unless an argument says more
_LARGEST_READ = 32 << 20  # at once, where a length comes from the file


class BudgetError(ValueError):
    """A file that would cost more than is allowed; the message says what and the remedy."""


def check_file(path: str | os.PathLike, *, max_bytes: int = MAX_BYTES, first: int = 16) -> bytes:
    """Look at a file before it is read.

    Args:
        path: The file.
        max_bytes: Most bytes that it may have.
        first: How many bytes are wanted.

    Returns:
        Its first bytes; none of an empty file, and of those of the kernel,
        whose size is 0.

    Raises:
        FileNotFoundError: There is no such file.
        BudgetError: It is no regular file, or too large.
        OSError: It cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"Expected a file. Received: {path}, which is not there.")
    if not path.is_file():
        raise BudgetError(
            f"Expected a regular file. Received: {path}, a folder, pipe or device. Copy its "
            "content into a file."
        )
    size = path.stat().st_size
    if size > max_bytes:
        raise BudgetError(
            f"Expected a file of at most {max_bytes} bytes. Received: {path}, {size} bytes. Raise "
            "max_bytes in Python if the file can be trusted."
        )
    if size == 0:
        return b""
    with open(path, "rb") as file:
        return file.read(first)


def check_declared(declared: int, what: str, *, max_bytes: int = MAX_BYTES) -> None:
    """Refuse what a file says it unpacks to, before it is unpacked.

    Args:
        declared: Bytes.
        what: What it is, for the message.
        max_bytes: Most bytes.

    Raises:
        BudgetError: If it is more.
    """
    if declared > max_bytes:
        raise BudgetError(
            f"Expected at most {max_bytes} bytes of {what}. Received: {declared}. Raise max_bytes "
            "in Python if the file can be trusted."
        )


class Bounded:
    """An open file of which no single read takes more than 32 MiB.

    Readers of zip archives and pickles take lengths from the file; here they
    cannot make Python allocate gigabytes.

    Args:
        file: Open for reading in binary mode, can be positioned.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.close = file.close

    def read(self, count: int = -1) -> bytes:
        """Read as a file does.

        Raises:
            BudgetError: If the file holds that much and it is too much.
        """
        left = max(self._size - self._file.tell(), 0)
        count = left if count is None or count < 0 else min(count, left)
        if count > _LARGEST_READ:
            raise BudgetError(
                f"Expected at most {_LARGEST_READ} bytes at once. Received: a length of {count}."
            )
        return self._file.read(count)

    def readline(self) -> bytes:
        """Read a line of at most 64 KiB, as a file does."""
        return self._file.readline(1 << 16)
