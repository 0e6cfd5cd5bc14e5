"""Files appear whole or not at all."""

import os

import pytest

from kiqa.io.files import replacing, sha256_of, write_atomically


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
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask
