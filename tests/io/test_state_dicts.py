"""Files of arrays from other frameworks, whole and damaged."""

import pickle
import zipfile

import numpy as np
import pytest

from kiqa.io.state_dicts import read_state_dict


@pytest.mark.parametrize("form", ["npz", "zip", "stream", "module.", "state_dict"])
def test_a_state_dict_is_read_in_every_form(tmp_path, form, save_torch):
    """NumPy's, both of PyTorch's, of parallel models, and below a key."""
    state = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "a.bias": np.ones(2, "f4")}
    path = tmp_path / "file"
    if form == "npz":
        path = tmp_path / "file.npz"
        np.savez(path, **state)
    elif form == "module.":
        save_torch(path, {f"module.{name}": array for name, array in state.items()})
    else:
        wrap = form if form == "state_dict" else None
        save_torch(path, state, legacy=form == "stream", wrap=wrap)
    found = read_state_dict(path)
    assert list(found) == list(state)
    for name, array in state.items():
        np.testing.assert_array_equal(found[name], array)


def test_arrays_with_objects_are_refused(tmp_path):
    """A .npz may hold pickles too."""
    np.savez(tmp_path / "a.npz", x=np.array([{}], object))
    with pytest.raises(ValueError, match=r"plain arrays in .*a\.npz"):
        read_state_dict(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04", pickle.dumps(3), b"\x80\x02."])
def test_damaged_files_are_named(tmp_path, content):
    """Whatever is wrong, the error is a ValueError with the file."""
    path = tmp_path / "w.pth"
    with pytest.raises(FileNotFoundError, match=r"w\.pth"):
        read_state_dict(path)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"w\.pth"):
        read_state_dict(path)


@pytest.mark.parametrize("legacy", [True, False])
def test_a_file_that_is_cut_off_is_refused(tmp_path, legacy, save_torch):
    """Missing bytes are never read as zeros."""
    state = {"a": np.ones(100, np.float32)}
    path = save_torch(tmp_path / "w.pth", state, legacy=legacy)
    if legacy:
        path.write_bytes(path.read_bytes()[:-8])
    else:
        with zipfile.ZipFile(path) as archive:
            content = archive.read("archive/data.pkl")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
            archive.writestr("archive/data/0", bytes(12))
    with pytest.raises(ValueError, match=r"w\.pth.*cut off"):
        read_state_dict(path)
