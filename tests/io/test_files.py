"""Files appear whole or not at all."""

import errno
import os
import threading

import pytest

from kiqa.io.files import (
    contents_sha256,
    growing,
    is_of_the_disk,
    new_folder,
    replacing,
    sha256_of,
    write_atomically,
)
from kiqa.io.outputs import OutputError

posix = pytest.mark.skipif(os.name != "posix", reason="links, modes and pipes of POSIX")


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()])
def test_failed_write_keeps_the_old_file(tmp_path, error):
    """A full disk or Ctrl-C half-way leaves the old file and no other."""
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_written_file_is_readable_and_hashed(tmp_path):
    """Content, a new folder, ordinary permissions, and the known sha256 of abc."""
    path = tmp_path / "new" / "a.bin"
    write_atomically(path, b"abc")
    assert path.read_bytes() == b"abc"
    assert sha256_of(path).startswith("ba7816bf8f01cfea414140de5dae2223")
    write_atomically(other := path.with_name("b.bin"), b"abd")
    both = contents_sha256([path, other])
    assert contents_sha256([other, path]) != both != contents_sha256([path])
    other.rename(renamed := path.with_name("c.bin"))
    assert contents_sha256([path, renamed]) == both
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755])
def test_permissions_stay(tmp_path, mode):
    """Those of the file that is replaced, and never more on the way there."""
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(mode)
    with replacing(path) as temporary:
        assert temporary.stat().st_mode & 0o077 == 0
        temporary.write_text("new")
    assert path.read_text() == "new" and path.stat().st_mode & 0o777 == mode


@posix
def test_links_lead_to_what_is_written(tmp_path):
    """Also where the target is not there yet; the link stays one."""
    (tmp_path / "d").mkdir()
    link = tmp_path / "link"
    link.symlink_to("d/real")
    for content in (b"one", b"two"):
        write_atomically(link, content)
        assert link.is_symlink() and (tmp_path / "d/real").read_bytes() == content
    assert os.listdir(tmp_path / "d") == ["real"]


@posix
def test_pipes_and_devices_are_written_to(tmp_path):
    """Nothing takes their place."""
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_atomically(tmp_path / "pipe", b"through")
    reader.join(timeout=20)
    assert read == [b"through"] and (tmp_path / "pipe").is_fifo()
    write_atomically("/dev/null", b"away")
    with growing("/dev/null") as part:
        part.write_bytes(b"away")
    assert not os.path.isfile("/dev/null")
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_folder_is_no_target(tmp_path):
    """It is named, and stays."""
    with pytest.raises(OutputError, match=f"{tmp_path.name}, a folder"):
        write_atomically(tmp_path, b"x")


def test_a_growing_file_goes_on_where_it_was_left(tmp_path):
    """A part that is there is kept; the target appears at the end, the part goes on an error."""
    path = tmp_path / "a.txt"
    (tmp_path / "a.txt.part").write_text("one ")
    with growing(path) as part:
        assert part.read_text() == "one "
        with part.open("a") as file:
            file.write("two")
        assert not path.exists()
    assert path.read_text() == "one two"
    path.chmod(0o600)
    with growing(path) as part:
        assert part.stat().st_mode & 0o077 == 0 or os.name != "posix"
        part.write_text("one two")
    with pytest.raises(ValueError, match="wrong"), growing(path) as part:
        raise ValueError("wrong")
    assert path.read_text() == "one two" and os.listdir(tmp_path) == ["a.txt"]
    with pytest.raises(ValueError, match="wrong"), growing(path) as part:
        part.write_text("one ")
        raise ValueError("wrong")
    assert path.read_text() == "one two" and part.read_text() == "one "


def test_errors_of_the_disk_are_told_from_those_of_a_name():
    """A name that is too long ends nothing."""
    assert is_of_the_disk(OSError(errno.ENOSPC, "full"))
    assert not is_of_the_disk(OSError(errno.ENAMETOOLONG, "long"))
    assert not is_of_the_disk(ValueError("x"))


def test_a_new_folder_appears_whole(tmp_path):
    """With all below it, and not before the block ends; folders above are made."""
    path = tmp_path / "above" / "new"
    with new_folder(path) as temporary:
        (temporary / "sub").mkdir()
        (temporary / "sub" / "a.txt").write_text("a")
        assert not path.exists()
    assert (path / "sub" / "a.txt").read_text() == "a"
    assert os.listdir(tmp_path / "above") == ["new"]


@pytest.mark.parametrize("kind", ["folder", "file", "while it is made"])
def test_a_new_folder_replaces_nothing(tmp_path, kind):
    """An empty folder, a file, and what another process makes meanwhile stay as they are."""
    path = tmp_path / "there"
    if kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.write_text("old")
    with pytest.raises(OutputError, match="there, which exists"), new_folder(path) as temporary:
        (temporary / "a.txt").touch()
        path.mkdir()
    assert os.listdir(tmp_path) == ["there"]
    assert path.read_text() == "old" if kind == "file" else os.listdir(path) == []


def test_a_failed_folder_leaves_nothing(tmp_path):
    """Ctrl-C half-way."""
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "new") as temporary:
        (temporary / "a.txt").write_text("half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


@posix
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_an_unfinished_file_is_a_regular_one(tmp_path, kind):
    """A pipe in its place would wait for ever, and a link lead to another file."""
    (tmp_path / "precious.txt").write_text("keep")
    part = tmp_path / "page.html.part"
    {
        "link": lambda: part.symlink_to("precious.txt"),
        "pipe": lambda: os.mkfifo(part),
        "folder": part.mkdir,
    }[kind]()
    with pytest.raises(OutputError, match=r"page\.html\.part"), growing(tmp_path / "page.html"):
        pass
    assert (tmp_path / "precious.txt").read_text() == "keep"
