"""Files as a whole: their hash, and writing that never leaves half a file.

Everything that kiqa writes goes through here, but for rows that are appended
(`kiqa.io.rows`). A file that is there stays as it is until the new one is
complete; its permissions stay; of a link the target is written; devices and
pipes are written to and not replaced; inputs of the command are refused
(`kiqa.io.outputs`).
"""

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from kiqa.io.outputs.guard import OutputError, check_target
from kiqa.io.outputs.links import is_written_through, written_path
from kiqa.io.outputs.names import make_folder
from kiqa.io.outputs.temporaries import sweep, temporary_name

_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def sha256_of(path: Path) -> str:
    """Return the hexadecimal sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def contents_sha256(paths: Iterable[str | os.PathLike]) -> str:
    """Return one sha256 of the bytes of files, whatever they are called, in their order."""
    return hashlib.sha256("\n".join(sha256_of(Path(path)) for path in paths).encode()).hexdigest()


def write_all(file: FileIO, data: bytes) -> None:
    """Write bytes to an unbuffered file, which may take them in parts.

    Raises:
        OSError: If it does not take all; some may have been written.
    """
    while data:
        data = data[file.write(data) :]


def is_of_the_disk(error: BaseException) -> bool:
    """Say whether an error means that no other file can be written there either."""
    return isinstance(error, OSError) and error.errno in _OF_THE_DISK


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary name beside ``path`` and rename it on success.

    Args:
        path: Target file; its folder is made when missing. An existing file
            stays as it is until the new one is complete, which then has its
            permissions.

    Yields:
        The temporary path, of an empty file, with the suffix of ``path``. It
        is removed when the block raises, for example on a full disk. What it
        holds at the end is on the disk, and so is its name, when this returns.

    Raises:
        kiqa.io.outputs.OutputError: If the target is a folder, or an input of
            the command that is running.
    """

    def name(target):
        return Path(os.path.dirname(target), temporary_name(Path(path).suffix))

    with _unfinished(path, name, new=True) as temporary:
        yield temporary


@contextmanager
def growing(path: str | os.PathLike) -> Iterator[Path]:
    """Give ``path + ".part"``, which stays there after a kill, and rename it on success.

    Args:
        path: Target file, as for `replacing`.

    Yields:
        The path of the unfinished file: empty, or what a killed process has
        left. When the block raises it stays with what it holds; an empty one
        is removed.

    Raises:
        kiqa.io.outputs.OutputError: As `replacing`.
    """
    with _unfinished(path, lambda target: Path(f"{target}.part"), new=False) as part:
        yield part


@contextmanager
def _unfinished(path, name, *, new):
    """A file under a name made of the target's, put in the target's place on success.

    It is ``new``, or goes on with one that is there.
    """
    check_target(path)
    target = written_path(path)
    if is_written_through(target):
        with _written_through(target) as temporary:
            yield temporary
        return
    temporary = name(target)
    check_target(temporary)
    if os.path.lexists(temporary) and not stat.S_ISREG(os.lstat(temporary).st_mode):
        raise OutputError(
            f"Expected to write the unfinished file {temporary}. Received: a link, folder, pipe or "
            "device of that name. Remove it, or write to another file."
        )
    folder = os.path.dirname(target)
    made = make_folder(folder)
    sweep(folder)
    # Never more open to others than it will be, not even for a moment.
    mode = 0o600 if os.path.exists(target) else 0o666
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | (os.O_EXCL if new else 0), mode))
        yield temporary
        _put(temporary, target)
    except BaseException:
        if new or not (temporary.is_file() and os.path.getsize(temporary)):
            temporary.unlink(missing_ok=True)
        raise
    for changed in [folder, *map(os.path.dirname, made)]:
        _sync_folder(changed)


@contextmanager
def new_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary folder beside ``path`` and rename it on success.

    Args:
        path: Folder to make, which must not be there; those above it are made
            when missing.

    Yields:
        The temporary path, of an empty folder. It is removed when the block
        raises. At the end all its files are on the disk.

    Raises:
        kiqa.io.outputs.OutputError: If there is something at ``path``, also
            at the end of the block.
    """
    target = written_path(path)
    _refuse_existing(path, target)
    folder = os.path.dirname(target)
    made = make_folder(folder)
    sweep(folder)
    temporary = Path(folder, temporary_name(""))
    try:
        temporary.mkdir()
        yield temporary
        for place, _, names in os.walk(temporary):
            for name in names:
                _sync(os.path.join(place, name))
            _sync_folder(place)
        _refuse_existing(path, target)
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    for changed in [folder, *map(os.path.dirname, made)]:
        _sync_folder(changed)


def _refuse_existing(path, target):
    if os.path.lexists(target):
        raise OutputError(
            f"Expected a folder that is not there yet. Received: {path}, which exists. Name "
            "another one, or remove it."
        )


def _put(temporary, target):
    """Put a complete file in the place of another one."""
    _sync(temporary)
    former = _stat(target)
    if former is not None:
        _like(temporary, former)
    os.replace(temporary, target)


@contextmanager
def _written_through(target):
    """A temporary file elsewhere, copied into a device or pipe at the end."""
    with tempfile.TemporaryDirectory(prefix="kiqa-") as folder:
        temporary = Path(folder, f"output{Path(target).suffix}")
        temporary.touch()
        yield temporary
        with open(temporary, "rb") as source, open(target, "wb", buffering=0) as device:
            shutil.copyfileobj(source, device)


def _stat(path):
    try:
        return os.stat(path)
    except OSError:
        return None


def _like(temporary, former):
    """Give a complete file the owner and the permissions of the one that it will replace."""
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):  # the owner's name is for root to give
            os.chown(temporary, former.st_uid, former.st_gid)
    os.chmod(temporary, stat.S_IMODE(former.st_mode) & 0o777)


def _sync(path):
    """Have the disk hold a file."""
    # Reading is enough but on Windows: a copy of a protected image cannot be written.
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path):
    """Have the disk hold the names in a folder, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_atomically(path: str | os.PathLike, content: bytes) -> None:
    """Write a file under a temporary name, then rename it.

    Args:
        path: Target, as for `replacing`.
        content: The bytes.

    Raises:
        OSError: If writing fails; nothing is left behind.
    """
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(content)
