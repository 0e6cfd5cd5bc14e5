"""Files of arrays from other frameworks, whole and damaged."""

import pickle
import zipfile

import numpy as np
import pytest

from kiqa.io.state_dicts import check_tensors, read_state_dict, without_prefix


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


def _state():
    rng = np.random.default_rng(1)
    names = ("conv1.weight", "conv1.bias", "fc.weight")
    return {name: rng.normal(0, 1, (3, 2)).astype("f4") for name in names}


@pytest.mark.parametrize(
    "prefix",
    ["", "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.module.", "model.", "net.",
     "params/", "model.net.backbone.", "module.model._orig_mod."],
)  # fmt: skip
def test_any_common_prefix_goes(tmp_path, prefix):
    """Of parallel, compiled and averaged models, and of training frameworks; counters too."""
    state = {prefix + name: value for name, value in _state().items()}
    state |= {"n_averaged": np.array(3), f"{prefix}bn1.num_batches_tracked": np.array(7)}
    np.savez(tmp_path / "a.npz", **state)
    found = without_prefix(read_state_dict(tmp_path / "a.npz"), ["conv1.", "fc."])
    assert list(found) == list(_state())
    for name, value in _state().items():
        np.testing.assert_array_equal(found[name], value)


def test_what_is_no_common_prefix_stays():
    """Two copies of a network, a name within names, and names of another network."""
    one, other = _state(), {f"ema.{name}": value for name, value in _state().items()}
    assert set(without_prefix(one | other, ["conv1.", "fc."])) == {*one, *other}
    inner = {"layer1.0.conv1.weight": 1, "layer1.0.conv2.weight": 2, "layer2.0.conv2.weight": 3}
    assert without_prefix(inner, ["conv1.", "layer1.", "layer2."]) == inner
    assert without_prefix({"features.0.weight": 1}, ["0.0."]) == {"features.0.weight": 1}
    assert without_prefix({}, ["conv1."]) == {}


def test_counts_are_those_of_the_network():
    """How many of its tensors are there, how many are not its own."""
    found = {"a": np.ones(2, "f4"), "x": np.ones(2, "f4"), "y": np.ones(2, "f4")}
    with pytest.raises(ValueError) as caught:
        check_tensors(found, {"a": (2,), "b": (3,)}, "w.pth")
    said = str(caught.value)
    assert said.startswith("w.pth: Expected the 2 tensors of the network. Received: 1 of them, 2 ")
    assert "missing: b; extra: x, y." in said
    check_tensors({"a": np.ones(2, "f2"), "b": np.ones(3, "f8")}, {"a": (2,), "b": (3,)}, "w")
    for wrong in (np.full(2, 1e300), np.array([1, np.nan], "f2"), np.ones(2, "i4")):
        with pytest.raises(ValueError, match="not finite numbers: a"):
            check_tensors({"a": wrong}, {"a": (2,)}, "w")


@pytest.mark.parametrize("legacy", [True, False])
def test_half_and_double_and_brain(tmp_path, save_torch, torch_like, legacy):
    """All kinds of real numbers; those of 16 bits with the range of 32 become float32."""
    for kind, dtype in (("HalfStorage", "f2"), ("DoubleStorage", "f8"), ("BFloat16Storage", "u2")):
        torch_like.FloatStorage = type(kind, (), {"__module__": "torch"})
        setattr(torch_like, kind, torch_like.FloatStorage)
        numbers = np.array([0x3F80, 0xC020], "u2") if dtype == "u2" else np.array([1, -2.5], dtype)
        save_torch(tmp_path / "w.pth", {"a": numbers}, legacy=legacy)
        np.testing.assert_array_equal(read_state_dict(tmp_path / "w.pth")["a"], [1, -2.5])


def _pickled(content, **others):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
            for name, value in others.items():
                archive.writestr(f"archive/data/{name.strip('_')}", value)

    return write


_REFERENCE = (
    b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK%ctQ"
)
_BUILD = b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n(" + _REFERENCE


@pytest.mark.parametrize(
    ("shape", "strides", "good"),
    [
        (b"K\x04\x85", b"K\x01\x85", True),
        (b"K\x05\x85", b"K\x01\x85", False),
        (b"K\x04\x85", b"K\x00\x85", True),
        (b"J\xff\xff\xff\x7f\x85", b"K\x00\x85", False),  # two billion times one number
        (b"J\xff\xff\xff\xff\x85", b"K\x01\x85", False),
        (b"X\x01\x00\x00\x00a\x85", b"K\x01\x85", False),
        (b"N", b"K\x01\x85", False),
    ],
)
def test_a_tensor_lies_within_its_storage(tmp_path, shape, strides, good):
    """As many numbers at most as are there."""
    content = _BUILD % 4 + b"K\x00" + shape + strides + b"\x89}tRs."
    _pickled(content, _0=bytes(16))(tmp_path / "w.pth")
    if good:
        assert read_state_dict(tmp_path / "w.pth")["a"].shape == (4,)
    else:
        with pytest.raises(ValueError, match=r"w\.pth"):
            read_state_dict(tmp_path / "w.pth")


def _deflated(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/data/0", bytes(1 << 20))


def _sparse(path):
    with open(path, "wb") as file:
        file.write(b"\x80\x02")
        file.truncate(5 << 30)


def _long_name(path):
    _pickled(b"\x80\x02}X" + (5000).to_bytes(4, "little") + b"n" * 5000 + b"Ns.")(path)


def _length(path):
    path.write_bytes(b"\x80\x02X" + (2**32 - 1).to_bytes(4, "little") + b"n")


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (_deflated, "not stored"),
        (_sparse, "5368709120 bytes"),
        (_long_name, "at most 500 characters"),
        (_length, "damaged"),
        (_pickled(b"\x80\x02cx\n" + b"y" * 90_000 + b"\n)R."), "y" * 50),
    ],
)
def test_nothing_costs_more_than_it_is(tmp_path, write, said):
    """Deflated tensors, gigabytes of nothing, names and lengths without end: one short line."""
    write(tmp_path / "w.pth")
    with pytest.raises(ValueError, match=said) as caught:
        read_state_dict(tmp_path / "w.pth")
    assert "w.pth" in str(caught.value)
    assert len(str(caught.value)) < 2000 and "\n" not in str(caught.value)
