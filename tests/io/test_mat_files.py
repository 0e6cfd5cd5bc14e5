"""Matlab's files: read as SciPy does, but for what would cost more than it may."""

import struct
import zlib

import numpy as np
import pytest
from scipy.io import savemat

from kiqa.io.mat_files import read_mat


@pytest.mark.parametrize("compressed", [False, True])
def test_variables_are_scipys(tmp_path, compressed):
    """All, or those asked for."""
    values = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([["x"], ["yz"]], object)}
    savemat(tmp_path / "v.mat", values, do_compression=compressed)
    found = read_mat(tmp_path / "v.mat")
    np.testing.assert_array_equal(found["a"], values["a"])
    assert [str(cell[0]) for cell in found["b"].ravel()] == ["x", "yz"]
    assert "b" not in read_mat(tmp_path / "v.mat", ["a"])


def test_what_unpacks_to_too_much_is_refused(tmp_path):
    """A small file of zeros, and one that only says that it has many."""
    savemat(tmp_path / "v.mat", {"a": np.zeros((400, 1000))}, do_compression=True)
    assert (tmp_path / "v.mat").stat().st_size < 10_000
    with pytest.raises(ValueError, match="at most 1000000 bytes of variables"):
        read_mat(tmp_path / "v.mat", max_bytes=1_000_000)
    whole = (tmp_path / "v.mat").read_bytes()
    packed = zlib.compress(bytes(5_000_000))
    (tmp_path / "w.mat").write_bytes(whole[:128] + struct.pack("<II", 15, len(packed)) + packed)
    with pytest.raises(ValueError, match="at most 1000000 bytes of variables"):
        read_mat(tmp_path / "w.mat", max_bytes=1_000_000)


@pytest.mark.parametrize("cut", [0, 3, 100, 130, 150, -20])
def test_damaged_files_are_one_kind_of_error(tmp_path, cut):
    """Wherever they are cut, and text that is none."""
    savemat(tmp_path / "v.mat", {"a": np.arange(100.0)}, do_compression=True)
    data = (tmp_path / "v.mat").read_bytes()
    (tmp_path / "v.mat").write_bytes(data[:cut])
    with pytest.raises(ValueError, match="^(MatReadError|IndexError|OSError): "):
        read_mat(tmp_path / "v.mat", ["a"])
    (tmp_path / "v.mat").write_text("no matrix " * 100)
    with pytest.raises(ValueError, match="Error: |Unknown mat file type"):
        read_mat(tmp_path / "v.mat")
