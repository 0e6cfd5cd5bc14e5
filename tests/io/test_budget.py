"""What a file may cost, before it is read."""

import os
from pathlib import Path

import pytest

from kiqa.io.budget import Bounded, BudgetError, check_declared, check_file


def test_first_bytes_of_a_regular_file(tmp_path):
    """As many as are asked for, or there."""
    (tmp_path / "a").write_bytes(b"0123456789")
    assert check_file(tmp_path / "a", first=4) == b"0123"
    (tmp_path / "b").write_bytes(b"")
    assert check_file(tmp_path / "b") == b""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
def test_files_of_the_kernel_are_empty(tmp_path):
    """Whose size is 0, though reading some never ends."""
    (tmp_path / "link").symlink_to("/proc/self/maps")
    assert check_file(tmp_path / "link") == b""


def test_other_kinds_and_sizes_are_refused(tmp_path):
    """A pipe, a folder, a device, nothing, and five gigabytes of nothing."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(BudgetError, match="a regular file"):
            check_file(path)
    with pytest.raises(FileNotFoundError, match="gone"):
        check_file(tmp_path / "gone")
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(BudgetError, match=r"sparse, 5368709120 bytes.*max_bytes"):
        check_file(tmp_path / "sparse")
    assert check_file(tmp_path / "sparse", max_bytes=6 << 30) == bytes(16)


def test_declared_sizes_have_a_limit_that_an_argument_raises():
    """For whatever a file says of itself."""
    check_declared(1 << 31, "tensors", max_bytes=1 << 32)
    with pytest.raises(BudgetError, match="of tensors. Received: 2147483648"):
        check_declared(1 << 31, "tensors")


def test_no_single_read_is_large(tmp_path):
    """A length from the file is what Python would allocate; what is not there is not asked for."""
    with open(tmp_path / "sparse", "wb") as file:
        file.write(b"line\n")
        file.truncate(64 << 20)
    with open(tmp_path / "sparse", "rb") as file:
        bounded = Bounded(file)
        assert bounded.readline() == b"line\n"
        assert len(bounded.read(1 << 20)) == 1 << 20
        for count in (1 << 40, -1):
            with pytest.raises(BudgetError, match="at once"):
                bounded.read(count)
        bounded.seek(-3, os.SEEK_END)
        assert bounded.read(1 << 40) == bytes(3)
