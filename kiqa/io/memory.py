"""A bound on memory: what is free, what may be taken, and a refusal by name.

Whoever is about to allocate in proportion to an image estimates first and
asks `check_memory`. The bound is that of the innermost `limited_memory`, half
of what is free outside of any.

Public names: `MemoryLimitError`, `check_memory`, `free_memory`,
`limited_memory`, `memory_limit`, `parse_size`.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import psutil

_SHARE = 2  # the default bound is this part of what is free
_UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_CGROUP = Path("/sys/fs/cgroup")
_FILES = (  # limit, use, and reclaimable use in a file of "name value" lines
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat",
     "total_inactive_file"),
)  # fmt: skip

_limit: ContextVar[int | None] = ContextVar("kiqa_memory_limit", default=None)


class MemoryLimitError(ValueError):
    """Something that would take more memory than it may; says how much of both."""


def free_memory() -> int:
    """Return how many bytes this process can still take.

    Returns:
        The least of what the machine has available, what the control groups
        of a container leave (Linux), and what the process's own limit of
        address space leaves.
    """
    return max(0, min([psutil.virtual_memory().available, *_cgroup_rest(), *_own_rest()]))


def _cgroup_rest():
    for limit, used, statistics, reclaimable in _FILES:
        try:
            most = int((_CGROUP / limit).read_text())
            now = int((_CGROUP / used).read_text())
            lines = (_CGROUP / statistics).read_text().splitlines()
            pages = next(int(line.split()[1]) for line in lines if line.split()[0] == reclaimable)
        except (OSError, ValueError, StopIteration, IndexError):  # no such group, or "max"
            continue
        yield most - now + pages


def _own_rest():
    if sys.platform == "win32":
        return
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most != resource.RLIM_INFINITY:
        yield most - psutil.Process(os.getpid()).memory_info().vms


def memory_limit() -> int:
    """Return the bytes that one image may take here: as given, or half of what is free."""
    given = _limit.get()
    return free_memory() // _SHARE if given is None else given


@contextmanager
def limited_memory(max_memory: int | None) -> Iterator[None]:
    """Let what runs in the block take so much memory for one image.

    Args:
        max_memory: Bytes; ``None`` changes nothing.
    """
    if max_memory is None:
        yield
        return
    token = _limit.set(max_memory)
    try:
        yield
    finally:
        _limit.reset(token)


def check_memory(needed: int, what: str) -> None:
    """Refuse what would take more memory than it may.

    Args:
        needed: Bytes, estimated.
        what: What takes them, such as ``"6000x4000 pixels with paq2piq_rm"``.

    Raises:
        MemoryLimitError: If ``needed`` is more than `memory_limit`.
    """
    if needed < 64 << 20 and _limit.get() is None:  # not worth looking up what is free
        return
    most = memory_limit()
    if needed > most:
        source = "the bound given" if _limit.get() is not None else "half of what is free"
        raise MemoryLimitError(
            f"Expected an image that takes at most {most >> 20} MiB, {source}. Received: {what}, "
            f"which takes about {needed >> 20} MiB. Make the image smaller, or raise --memory "
            "(max_memory in Python)."
        )


def parse_size(text: str) -> int:
    """Read a number of bytes, such as ``2G``, ``512M`` or ``1.5GiB``; K, M, G are powers of 1024.

    Args:
        text: The size.

    Returns:
        Bytes, at least 1.

    Raises:
        ValueError: If it is no size.

    Examples:
        >>> parse_size("512M") == 512 * 1024**2
        True
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.I | re.ASCII)
    size = int(float(found[1]) * 1024 ** _UNITS[found[2].upper()]) if found else 0
    if size < 1:
        raise ValueError(f"Expected a size such as 512M or 2G. Received: {text!r}.")
    return size
