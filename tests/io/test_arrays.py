"""NumPy's files from strangers."""

import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from kiqa.io.arrays import read_npy, read_npz


def _head(shape, dtype="<f4", order="False"):
    """Head of a .npy file that states any shape."""
    text = f"{{'descr': '{dtype}', 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def _zip(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back(tmp_path, save):
    """Numbers, text, empty arrays, other orders and scalars, in NumPy's two forms."""
    arrays = {
        "a": np.arange(6, dtype=">i2").reshape(2, 3),
        "b": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "text": np.array(["one", "zwölf"]),
        "none": np.zeros((0, 3)),
        "one": np.array(3.5),
        "nothing": np.array(""),
        "yes": np.array([True, False]),
    }
    save(tmp_path / "a.npz", **arrays)
    found = read_npz(tmp_path / "a.npz")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].shape == array.shape
    assert list(read_npz(tmp_path / "a.npz", ["one", "gone"])) == ["one"]
    np.save(tmp_path / "a.npy", arrays["b"])
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy"), arrays["b"])


@pytest.mark.parametrize(
    "content",
    [
        _head((2**40,)) + bytes(16),
        _head((2**40, 0)) + bytes(16),
        _head((-1, 4)) + bytes(16),
        _head((4,)) + bytes(20),
        _head((10**12,), "<U0"),
        _head((4,), "|O") + bytes(32),
        _head((2**62, 2**62, 2**62)),
        b"\x93NUMPY\x09\x00" + bytes(80),
        b"no array",
        b"",
    ],
    ids=[
        "large",
        "none",
        "negative",
        "long",
        "empty text",
        "objects",
        "huge",
        "version",
        "text",
        "empty",
    ],  # fmt: skip
)
def test_heads_that_do_not_fit_are_refused(tmp_path, content):
    """Before memory is taken, alone and in an archive."""
    tracemalloc.start()
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"an array of numbers in .*a\.npy"):
        read_npy(tmp_path / "a.npy")
    with pytest.raises(ValueError, match=r"plain arrays in .*a\.npz"):
        read_npz(_zip(tmp_path / "a.npz", {"a.npy": content}))
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_what_would_unpack_to_too_much_is_refused(tmp_path):
    """16 MiB in 16 kB, when 1 MiB is allowed, and one member stated a thousand times."""
    bomb = _zip(tmp_path / "a.npz", {"a.npy": _head((1 << 22,)) + bytes(16 << 20)})
    assert bomb.stat().st_size < 20_000
    with pytest.raises(ValueError, match=r"at most 1048576 bytes of content.*max_bytes"):
        read_npz(bomb, max_bytes=1 << 20)
    assert read_npz(bomb)["a"].nbytes == 16 << 20
    stored = _zip(tmp_path / "b.npz", {"a.npy": _head((256,)) + bytes(1024)}, zipfile.ZIP_STORED)
    content = stored.read_bytes()
    at = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = content[at:end]
    many = content[:at] + entry * 100
    many += struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 100, 100, len(entry) * 100, at, 0)
    stored.write_bytes(many)
    with pytest.raises(ValueError, match="members of .* bytes in a file of"):
        read_npz(stored)


def test_members_that_state_a_wrong_size_are_refused(tmp_path):
    """What is read is counted: neither more nor less than stated is taken."""
    path = _zip(tmp_path / "a.npz", {"a.npy": _head((256,)) + bytes(1024)})
    content = path.read_bytes()
    at = content.index(b"PK\x01\x02") + 24
    (size,) = struct.unpack_from("<L", content, at)
    for stated in (size - 4, size + 4, 0, 2**31):
        path.write_bytes(content[:at] + struct.pack("<L", stated) + content[at + 4 :])
        with pytest.raises(ValueError, match=r"a\.npz"):
            read_npz(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(tmp_path, method):
    """Whose unpackers take what memory the file states."""
    path = _zip(tmp_path / "a.npz", {"a.npy": _head((4,)) + bytes(16)}, method)
    with pytest.raises(ValueError, match="not stored or deflated"):
        read_npz(path)


def test_sparse_files_and_pickles_are_refused(tmp_path):
    """By their size and first bytes; objects are never unpickled."""
    with open(tmp_path / "a.npz", "wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(5 << 30)
    with pytest.raises(ValueError, match="5368709120 bytes"):
        read_npz(tmp_path / "a.npz")
    content = io.BytesIO()
    np.save(content, np.array([{}], object), allow_pickle=True)
    (tmp_path / "a.npy").write_bytes(content.getvalue())
    with pytest.raises(ValueError, match="neither numbers nor text"):
        read_npy(tmp_path / "a.npy")
