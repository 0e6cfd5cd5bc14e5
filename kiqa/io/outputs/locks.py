"""One writer at a time for one output.

The lock is the system's own (`filelock`), on a hidden file beside the output,
which goes when the lock is released. A killed process holds no lock, and its
hidden file is taken by the next one.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from kiqa.io.messages import tell
from kiqa.io.outputs.guard import OutputError, current_run
from kiqa.io.outputs.links import is_written_through, written_path
from kiqa.io.outputs.names import make_folder


@contextmanager
def lock_output(path: str | os.PathLike, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of an output, a file or a folder, for as long as the block runs.

    Within a command that holds the lock already this does nothing. Devices and
    pipes have none, nor have files in folders where nothing can be made.

    Args:
        path: The output; its parent folder is made, and removed again if the
            block leaves it empty.
        wait: Wait for another process that is writing it, and say so: of a
            folder that runs share, whose content is made once.

    Raises:
        OutputError: If another process, or another part of this one, is
            writing it.
        OSError: If its folder cannot be made.
    """
    target = written_path(path)
    run = current_run()
    if is_written_through(target) or (run is not None and target in run.locked):
        yield
        return
    from filelock import FileLock, Timeout  # a tenth of a second, which --help does without

    made = make_folder(os.path.dirname(target))
    lock = FileLock(_lock_file(target), blocking=False, mode=0o666)  # other users' too
    try:
        try:
            # A file system without locks, or a folder in which only the file may be written.
            with contextlib.suppress(NotImplementedError, PermissionError):
                lock.acquire()
        except Timeout:
            if not wait:
                raise OutputError(
                    f"Expected an output that nobody else is writing. Received: {path}, which "
                    "another run is writing at this moment. Wait for it, or name another output."
                ) from None
            tell(f"waiting for another run that is writing {path}")
            lock.acquire(blocking=True)
        if run is not None:
            run.locked.add(target)
        yield
    finally:
        if run is not None:
            run.locked.discard(target)
        if lock.is_locked:
            # Removed while it is held: who waits for it sees that, and makes a new one.
            with contextlib.suppress(OSError):
                os.unlink(lock.lock_file)
            lock.release()
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                os.rmdir(folder)  # only where it is empty


def _lock_file(target):
    """Beside the output; within a folder whose own parent cannot be written."""
    folder, name = os.path.split(target)
    if os.path.isdir(target) and not os.access(folder, os.W_OK):
        folder = target
    return os.path.join(folder, f".kiqa-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}.lock")
