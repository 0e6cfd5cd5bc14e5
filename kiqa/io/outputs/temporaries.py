"""Names of unfinished files and folders, and what is left of them after a kill.

A temporary file, or folder, stands beside its target until it is complete, under a
name that says which process writes it: ``.kiqa-<machine>-<process>-<number>.tmp``
and the target's suffix. A killed process leaves it there. Who writes in that
folder next removes it.
"""

import contextlib
import os
import re
import shutil
import time
import uuid
import zlib
from pathlib import Path

_NAME = re.compile(r"\.kiqa-([0-9a-f]{8})-(\d+)-[0-9a-f]{32}\.tmp(\.[^/]*)?")
_OTHERS = 24 * 3600  # seconds after which one of another machine is taken for left

_swept: set[tuple[int, str]] = set()


def temporary_name(suffix: str) -> str:
    """Return a new name for an unfinished file, or with the suffix ``""`` a folder."""
    suffix = suffix if len(suffix) <= 16 else ""
    return f".kiqa-{_machine()}-{os.getpid()}-{uuid.uuid4().hex}.tmp{suffix}"


def sweep(folder: str) -> None:
    """Remove what killed processes left in a folder; once a process and folder.

    Removed are temporary files and folders of this machine whose process is gone,
    and of others if nobody has written to them for a day.
    """
    key = os.getpid(), os.path.abspath(folder)
    if key in _swept:
        return
    _swept.add(key)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _NAME.fullmatch(entry.name)
            if match and _is_left(entry, match[1], int(match[2])):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                    continue
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()


def _is_left(entry, machine, process):
    if machine == _machine() and hasattr(os, "kill") and os.name != "nt":
        return not _runs(process)
    with contextlib.suppress(OSError):
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > _OTHERS
    return False


def _runs(process):
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _machine():
    """Eight digits for this machine, or container."""
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    with contextlib.suppress(OSError):  # containers of one name have processes of their own
        name += os.readlink("/proc/self/ns/pid")
    return f"{zlib.crc32(name.encode(errors='replace')):08x}"
