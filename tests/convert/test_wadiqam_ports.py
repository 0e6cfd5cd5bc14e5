"""State dicts of the PyTorch ports, and files that are none."""

import io
import json
import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from types import ModuleType

import h5py
import numpy as np
import pytest

from kiqa.convert.wadiqam_ports import convert_lidq92, convert_pyiqa
from kiqa.io.state_dicts import read_state_dict
from kiqa.io.weights import read_info
from kiqa.scoring import Scorer

LIDQ92 = {
    "fr": {"fc1": "fc1_q", "fc2": "fc2_q", "fc1_a": "fc1_w", "fc2_a": "fc2_w"},
    "nr": {"fc1": "fc1q_nr", "fc2": "fc2q_nr", "fc1_a": "fc1w_nr", "fc2_a": "fc2w_nr"},
}
PYIQA = dict(
    zip(
        [f"conv{i}" for i in range(1, 11)],
        [f"features.{i}" for i in (0, 2, 5, 7, 10, 12, 15, 17, 20, 22)],
        strict=True,
    )
) | {"fc1": "fc_q.0", "fc2": "fc_q.3", "fc1_a": "fc_w.0", "fc2_a": "fc_w.3"}


def _state(layers, names):
    """A state dict with a port's names."""
    state = OrderedDict()
    for name, (kernel, bias) in layers.items():
        state[f"{names.get(name, name)}.weight"] = kernel
        state[f"{names.get(name, name)}.bias"] = bias
    return state


@pytest.fixture
def torch_like(monkeypatch):
    """Stand-ins for the names that a PyTorch pickle holds, and a pickler that uses them."""
    package, utils = ModuleType("torch"), ModuleType("torch._utils")

    def _rebuild_tensor_v2(*_):
        raise AssertionError("for its name only")

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    package._utils = utils
    package.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})
    monkeypatch.setitem(sys.modules, "torch", package)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return package


class _Tensor:
    """Pickles as a tensor does."""

    def __init__(self, array, key, package, legacy):
        self.array, self.key, self.package, self.legacy = array, key, package, legacy

    def __reduce__(self):
        steps = [stride // self.array.itemsize for stride in self.array.strides]
        arguments = (self, 0, self.array.shape, tuple(steps), False, OrderedDict())
        return self.package._utils._rebuild_tensor_v2, arguments


class _Pickler(pickle.Pickler):
    def __init__(self, stream):
        super().__init__(stream, protocol=2)
        self.open = set()

    def persistent_id(self, thing):
        if isinstance(thing, _Tensor) and id(thing) in self.open:
            last = (None,) if thing.legacy else ()
            storage = thing.package.FloatStorage
            return ("storage", storage, thing.key, "cpu", thing.array.size, *last)
        if isinstance(thing, _Tensor):
            self.open.add(id(thing))
        return None


def _save(path, state, package, *, legacy=False, wrap=None):
    """Write a file as torch.save does, in the zip form or the one before it."""
    tensors = {n: _Tensor(a, str(i), package, legacy) for i, (n, a) in enumerate(state.items())}
    saved = OrderedDict(tensors)
    stream = io.BytesIO()
    if legacy:
        for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(header, stream, protocol=2)
    _Pickler(stream).dump({wrap: saved} if wrap else saved)
    if legacy:
        pickle.dump([tensor.key for tensor in tensors.values()], stream, protocol=2)
        for tensor in tensors.values():
            stream.write(np.int64(tensor.array.size).tobytes() + tensor.array.tobytes())
        path.write_bytes(stream.getvalue())
        return path
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", stream.getvalue())
        for tensor in tensors.values():
            archive.writestr(f"archive/data/{tensor.key}", tensor.array.tobytes())
    return path


@pytest.mark.parametrize("mode", ["nr", "fr"])
def test_lidq92_scores_are_those_of_its_forward_pass(tmp_path, pair, twin, mode, torch_like):
    """Pixels of 0..1, and no patch that ends at the border: 3x2 of 100x96 pixels."""
    layers = twin.random_tensors(mode)
    path = tmp_path / f"WaDIQaM-{mode.upper()}-KADID-10K"
    _save(path, _state(layers, LIDQ92[mode]), torch_like, legacy=True)
    output = convert_lidq92(path, tmp_path / "o.h5", lower_is_better=mode == "nr")
    images = pair if mode == "fr" else pair[:1]
    patches = [twin.blocks(image, skip_last=True) / 255 for image in images]
    assert len(patches[0]) == 6
    *_, score = twin.original(layers, *patches, weighted=True)
    scorer = Scorer(output)
    reference = {"reference": pair[1]} if mode == "fr" else {}
    assert scorer.score(pair[0], **reference) == pytest.approx(score, rel=1e-4)
    quality_map = scorer.map(pair[0], **reference)
    assert (quality_map.values.shape, quality_map.image_size) == ((3, 2), (100, 96))
    info = read_info(output)
    assert (info.scale, info.higher_is_better) == ("0..1", mode == "fr")
    assert info.details["pooling"] == "weighted"
    assert "none that ends at the border" in info.details["patch_grid"]
    with pytest.raises(ValueError, match="at least 33x33.*32x40"):
        scorer.score(
            pair[0][:40, :32], **{key: image[:40, :32] for key, image in reference.items()}
        )


def test_pyiqa_scores_are_those_of_its_forward_pass(tmp_path, pair, twin, torch_like):
    """Features in its own order, its own addend, under the key params."""
    layers = twin.random_tensors("fr")
    path = _save(tmp_path / "w.pth", _state(layers, PYIQA), torch_like, wrap="params")
    output = convert_pyiqa(path, tmp_path / "o.h5")
    patches = [twin.blocks(image, skip_last=True) / 255 for image in pair]
    *_, score = twin.original(layers, *patches, weighted=True, order="difference last", least=1e-8)
    other = twin.original(layers, *patches, weighted=True, least=1e-8)[2]
    assert abs(score - other) > 0.01 * abs(score)
    assert Scorer(output).score(pair[0], reference=pair[1]) == pytest.approx(score, rel=1e-4)
    info = read_info(output)
    assert (info.scale, info.higher_is_better) == ("unknown", True)
    with h5py.File(output) as file:
        config = json.loads(file.attrs["model_config"])["config"]
    (weight,) = [layer for layer in config["layers"] if layer["config"]["name"] == "weight"]
    assert weight["config"]["offset"] == 1e-8


@pytest.mark.parametrize("form", ["npz", "zip", "stream", "module.", "state_dict"])
def test_a_state_dict_is_read_in_every_form(tmp_path, torch_like, form):
    """NumPy's, both of PyTorch's, of parallel models, and below a key."""
    state = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "a.bias": np.ones(2, "f4")}
    path = tmp_path / "file"
    if form == "npz":
        path = tmp_path / "file.npz"
        np.savez(path, **state)
    elif form == "module.":
        _save(path, {f"module.{name}": array for name, array in state.items()}, torch_like)
    else:
        wrap = form if form == "state_dict" else None
        _save(path, state, torch_like, legacy=form == "stream", wrap=wrap)
    found = read_state_dict(path)
    assert list(found) == list(state)
    for name, array in state.items():
        np.testing.assert_array_equal(found[name], array)


class _Code:
    def __reduce__(self):
        return os.mkdir, (os.environ["KIQA_TEST_TARGET"],)


@pytest.mark.parametrize("form", ["pickle", "zip", "nested"])
def test_code_in_a_pickle_is_refused(tmp_path, monkeypatch, form):
    """It is named and never run."""
    target = tmp_path / "made"
    monkeypatch.setenv("KIQA_TEST_TARGET", str(target))
    path = tmp_path / "WaDIQaM.pth"
    content = pickle.dumps({"params": {"x": _Code()}} if form == "nested" else _Code(), protocol=2)
    path.write_bytes(content)
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
    with pytest.raises(ValueError, match=r"WaDIQaM\.pth.*mkdir.*could run code"):
        convert_lidq92(path, tmp_path / "o.h5")
    assert not target.exists()


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
def test_a_file_that_is_cut_off_is_refused(tmp_path, torch_like, legacy):
    """Missing bytes are never read as zeros."""
    state = {"a": np.ones(100, np.float32)}
    path = _save(tmp_path / "w.pth", state, torch_like, legacy=legacy)
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


def test_a_wrong_port_lists_its_tensors(tmp_path, twin):
    """Names of the other port are missing here and extra there."""
    path = tmp_path / "WaDIQaM.npz"
    np.savez(path, **_state(twin.random_tensors("nr"), PYIQA))
    with pytest.raises(ValueError, match=r"missing: conv1\.bias.*extra: fc_q\.0\.bias"):
        convert_lidq92(path, tmp_path / "o.h5")
