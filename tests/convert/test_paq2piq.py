"""Checkpoints of PaQ-2-PiQ give the scores and maps of an independent forward pass in NumPy."""

import io
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from functools import cache, cached_property
from types import ModuleType

import h5py
import numpy as np
import pytest

from kiqa.convert.paq2piq import convert_paq2piq, convert_resnet18
from kiqa.io.weights import find_companion, load_model, read_info
from kiqa.maps.paq2piq import RegionRater
from kiqa.models.resnet18 import build_resnet18
from kiqa.scoring import Scorer

pytestmark = pytest.mark.usefixtures("eager", "narrow")

FULL = (64, 128, 256, 512)
WIDTHS = (8, 16, 32, 64)  # in little, but for what has the names of torchvision
POOLED = 2 * WIDTHS[-1]
FIXED = [
    (0.316406, 0.417969, 0.71582, 0.773438),
    (0.68457, 0.429688, 0.984375, 0.695312),
    (0.061523, 0.33724, 0.260742, 0.514323),
]


def _norm(state, name, width, rng):
    state[f"{name}.weight"] = rng.uniform(0.5, 1.5, width)
    state[f"{name}.bias"] = rng.normal(0, 0.2, width)
    state[f"{name}.running_mean"] = rng.normal(0, 0.2, width)
    state[f"{name}.running_var"] = rng.uniform(0.5, 2, width)
    state[f"{name}.num_batches_tracked"] = np.array(7, np.int64)


@pytest.fixture(scope="module")
def narrow():
    """Bodies are built in little."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kiqa.models.resnet18._WIDTHS", WIDTHS)
        yield


def _random_body(rng, prefix, names, widths=WIDTHS):
    """ResNet-18's tensors with PyTorch's shapes; ``names`` are those of its parts."""
    state = OrderedDict()

    def conv(name, out, into, side):
        deviation = np.float32(np.sqrt(2 / (into * side * side)))
        drawn = rng.standard_normal((out, into, side, side), np.float32)
        state[f"{name}.weight"] = deviation * drawn

    into = widths[0]
    conv(f"{prefix}{names[0]}", into, 3, 7)
    _norm(state, f"{prefix}{names[1]}", into, rng)
    for stage, width in enumerate(widths):
        for block in range(2):
            name = f"{prefix}{names[2 + stage]}.{block}"
            conv(f"{name}.conv1", width, into, 3)
            _norm(state, f"{name}.bn1", width, rng)
            conv(f"{name}.conv2", width, width, 3)
            _norm(state, f"{name}.bn2", width, rng)
            if stage and not block:
                conv(f"{name}.downsample.0", width, into, 1)
                _norm(state, f"{name}.downsample.1", width, rng)
            into = width
    return state


def _random_head(rng, prefix, numbers, width):
    state = OrderedDict()
    _norm(state, f"{prefix}.{numbers[0]}", width, rng)
    state[f"{prefix}.{numbers[1]}.weight"] = rng.normal(0, 1 / np.sqrt(width), (512, width))
    state[f"{prefix}.{numbers[1]}.bias"] = rng.normal(0, 0.1, 512)
    _norm(state, f"{prefix}.{numbers[2]}", 512, rng)
    state[f"{prefix}.{numbers[3]}.weight"] = rng.normal(0, 0.5, (1, 512))
    state[f"{prefix}.{numbers[3]}.bias"] = np.array([60.0])
    return state


CHILDREN = ("0", "1", "4", "5", "6", "7")
HEAD, FEEDBACK = (2, 4, 6, 8), (0, 2, 4, 6)


def _checkpoint(kind, seed=0, body="body.", head="head"):
    rng = np.random.default_rng(seed)
    state = _random_body(rng, body, CHILDREN)
    if kind == "fm":
        state |= _random_head(rng, "patch_head", HEAD, POOLED)
        state |= _random_head(rng, "image_head", FEEDBACK, POOLED + 4)
    else:
        state |= _random_head(rng, head, HEAD, POOLED)
    return {
        name: value if value.dtype == np.int64 else value.astype(np.float32)
        for name, value in state.items()
    }


# The forward pass, written from the papers and torchvision's definitions, channels first.


def _convolved(x, kernel, stride):
    """Convolution with ``side // 2`` zeros on each border, as a product of matrices."""
    side = kernel.shape[-1]
    margin = side // 2
    x = np.pad(x, ((0, 0), (margin, margin), (margin, margin)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(1, 2))
    return np.tensordot(kernel, windows[:, ::stride, ::stride], ((1, 2, 3), (0, 3, 4)))


def _normalised(x, state, name):
    gamma, beta, mean, variance = (
        state[f"{name}.{part}"].astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(variance + 1e-5)
    shape = (-1,) + (1,) * (x.ndim - 1)
    return x * scale.reshape(shape) + (beta - mean * scale).reshape(shape)


def _features(state, pixels):
    x = pixels.astype(np.float64).transpose(2, 0, 1) / 255
    x = np.maximum(_normalised(_convolved(x, state["body.0.weight"], 2), state, "body.1"), 0)
    x = np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2]
    x = windows.max(axis=(3, 4))
    for stage in range(4):
        for block in range(2):
            name = f"body.{4 + stage}.{block}"
            stride = 2 if stage and not block else 1
            y = _convolved(x, state[f"{name}.conv1.weight"], stride)
            y = np.maximum(_normalised(y, state, f"{name}.bn1"), 0)
            y = _normalised(_convolved(y, state[f"{name}.conv2.weight"], 1), state, f"{name}.bn2")
            if stride == 2:
                x = _convolved(x, state[f"{name}.downsample.0.weight"], 2)
                x = _normalised(x, state, f"{name}.downsample.1")
            x = np.maximum(x + y, 0)
    return x


def _pooled(features, roi):
    """RoIPool to 2x2, then the four cells' maximum and mean."""
    rows, columns = features.shape[1:]
    x1, y1, x2, y2 = (int(np.floor(np.float32(edge) / 32 + 0.5)) for edge in roi)
    cells = np.zeros((len(features), 2, 2))
    for i in range(2):
        for j in range(2):
            height, width = y2 - y1 + 1, x2 - x1 + 1
            top, bottom = y1 + i * height // 2, min(y1 + -(-(i + 1) * height // 2), rows)
            left, right = x1 + j * width // 2, min(x1 + -(-(j + 1) * width // 2), columns)
            if top < bottom and left < right:
                cells[:, i, j] = features[:, top:bottom, left:right].max(axis=(1, 2))
    return _joined(cells)


def _joined(cells):
    return np.concatenate([cells.max(axis=(1, 2)), cells.mean(axis=(1, 2))])


def _rated(state, name, numbers, x):
    """The scores of pooled features, shape (n,) or, of many rectangles, (n, rectangles)."""
    x = _normalised(x, state, f"{name}.{numbers[0]}")
    x = (state[f"{name}.{numbers[1]}.weight"] @ x).T + state[f"{name}.{numbers[1]}.bias"]
    x = _normalised(np.maximum(x.T, 0), state, f"{name}.{numbers[2]}")
    return (state[f"{name}.{numbers[3]}.weight"] @ x + state[f"{name}.{numbers[3]}.bias"])[0]


def _blocks(height, width, rows, columns):
    y, x = np.linspace(0, height, rows + 1), np.linspace(0, width, columns + 1)
    return [(x[j], y[i], x[j + 1], y[i + 1]) for i in range(rows) for j in range(columns)]


@pytest.fixture(scope="module")
def picture(photo):
    """A part of an image whose sides are no multiples of 32."""
    return np.ascontiguousarray(photo[60:160, 100:231])


class _Converted:
    """A checkpoint of one kind, converted; its networks are loaded once, when asked for."""

    def __init__(self, kind, folder):
        self.kind, self.state = kind, _checkpoint(kind)
        options = {"kind": "bm"} if kind == "bm" else {}
        self.path = convert_paq2piq(_written(folder, self.state), folder / "p2p.h5", **options)
        self.scorer = Scorer(self.path)

    @cached_property
    def body(self):
        return load_model(self.path)


@pytest.fixture(scope="module")
def convert(tmp_path_factory, narrow):
    """The function ``convert(kind)``; each kind is converted once."""
    return cache(lambda kind: _Converted(kind, tmp_path_factory.mktemp(kind)))


@pytest.fixture(scope="module")
def features(convert, picture):
    """The image's by the original; all kinds have the same body."""
    return _features(convert("rm").state, picture)


@pytest.fixture(params=["rm", "bm", "fm"])
def converted(request, convert):
    return convert(request.param)


@pytest.mark.slow
@pytest.mark.parity
def test_scores_are_those_of_the_original(converted, features, picture):
    """The whole image to 1e-3 on the scale 0..100, through state dict, files and scorer."""
    kind, state = converted.kind, converted.state
    height, width = picture.shape[:2]
    whole = _pooled(features, (0, 0, width, height))
    if kind == "bm":
        expected = _rated(state, "head", HEAD, _joined(features))
    elif kind == "rm":
        expected = _rated(state, "head", HEAD, whole)
    else:
        rois = np.array(FIXED) * [width, height, width, height]
        scores = [_rated(state, "patch_head", HEAD, _pooled(features, roi)) for roi in rois]
        scores = [_rated(state, "patch_head", HEAD, whole), *scores]
        expected = _rated(state, "image_head", FEEDBACK, np.concatenate([whole, scores]))
    assert abs(expected - 60) > 0.5  # not the last bias alone
    assert converted.scorer.score(picture) == pytest.approx(expected, abs=1e-3)
    info = read_info(converted.path)
    assert (info.name, info.scale, info.higher_is_better) == ("p2p", "0..100", True)
    assert info.details.mode == f"paq2piq-{kind}"
    assert info.details.origin.name == "checkpoint.npz"


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.parametrize("grid", [(20, 20), (32, 32)], ids=str)
def test_maps_are_those_of_the_original(converted, features, picture, grid):
    """Each block to 1e-3; P2P-FM's by its first head; P2P-BM has none."""
    if converted.kind == "bm":
        with pytest.raises(ValueError, match="whole images only"):
            converted.scorer.having(grid=grid).map(picture)
        return
    head = "patch_head" if converted.kind == "fm" else "head"
    blocks = _blocks(*picture.shape[:2], *grid)
    pooled = np.stack([_pooled(features, roi) for roi in blocks], axis=1)
    expected = _rated(converted.state, head, HEAD, pooled)
    assert np.std(expected) > 0.5
    found = converted.scorer.having(grid=grid).map(picture).values
    np.testing.assert_allclose(found.reshape(-1), expected, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parity
def test_features_are_those_of_the_original(converted, features, picture):
    """The body alone, relative to the largest feature."""
    found = np.asarray(converted.body(picture[None].astype(np.float32)))[0]
    np.testing.assert_allclose(found, features.transpose(1, 2, 0), atol=1e-5 * features.max())


@pytest.fixture(scope="module")
def bodies(narrow):
    """Builds one body for all checkpoints that are refused, which is not filled."""
    return cache(build_resnet18)


@pytest.fixture
def state(convert):
    """P2P-RM's tensors."""
    return convert("rm").state


def _check_tensors(path, expected):
    """Body and head hold the tensors of another pair of files."""
    for one, other in ((path, expected), (_head(path), _head(expected))):
        with h5py.File(one) as found, h5py.File(other) as file:
            names = [n for n, item in _items(file) if isinstance(item, h5py.Dataset)]
            assert len(names) > 10
            assert [n for n in names if not np.array_equal(found[n], file[n])] == []


def _head(path):
    return find_companion(read_info(path), "head").path


def _items(file):
    found = []
    file.visititems(lambda name, item: found.append((name, item)))
    return found


def _written(folder, tensors, name="checkpoint.npz"):
    np.savez(folder / name, **tensors)
    return folder / name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "mode"),
    [({"body": "cnn"}, "paq2piq-rm"), ({"body": "0", "head": "1"}, "paq2piq-bm")],
    ids=["cnn", "fastai"],
)
def test_other_names_of_the_same_tensors(tmp_path, convert, state, names, mode):
    """Old files say cnn for body; a sequence of body and head is P2P-BM."""
    renamed = {}
    for name, value in state.items():
        first, _, rest = name.partition(".")
        renamed[f"{names.get(first, first)}.{rest}"] = value
    path = convert_paq2piq(_written(tmp_path, renamed), tmp_path / "o.h5")
    assert read_info(path).details.mode == mode
    _check_tensors(path, convert("rm").path)


class _Tensor:
    def __init__(self, array, key, package):
        self.array, self.key, self.package = array, key, package

    def __reduce__(self):
        steps = [stride // self.array.itemsize for stride in self.array.strides]
        return self.package._utils._rebuild_tensor_v2, (
            _Storage(self), 0, self.array.shape, tuple(steps), False, OrderedDict(),
        )  # fmt: skip


class _Storage:
    def __init__(self, tensor):
        self.tensor = tensor


class _Pickler(pickle.Pickler):
    def persistent_id(self, thing):
        if not isinstance(thing, _Storage):
            return None
        tensor = thing.tensor
        kind = (
            tensor.package.LongStorage
            if tensor.array.dtype == np.int64
            else tensor.package.FloatStorage
        )
        return ("storage", kind, tensor.key, "cuda:0", tensor.array.size)


@pytest.fixture
def torch_names(monkeypatch):
    """A package of the names that a pickle of tensors holds."""
    package, utils = ModuleType("torch"), ModuleType("torch._utils")

    def _rebuild_tensor_v2(*_):
        raise AssertionError("for its name only")

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = (
        "torch._utils",
        "_rebuild_tensor_v2",
    )
    utils._rebuild_tensor_v2, package._utils = _rebuild_tensor_v2, utils
    for name in ("FloatStorage", "LongStorage"):
        setattr(package, name, type(name, (), {"__module__": "torch"}))
    monkeypatch.setitem(sys.modules, "torch", package)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return package


def _memory(array):
    """The bytes as they lie, whatever the order of the axes."""
    order = np.argsort([-stride for stride in array.strides], kind="stable")
    return array.transpose(order).tobytes()


def _write_zip(path, content, tensors):
    stream = io.BytesIO()
    _Pickler(stream, protocol=2).dump(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", stream.getvalue())
        for tensor in tensors:
            archive.writestr(f"archive/data/{tensor.key}", _memory(tensor.array))


def _write_stream(path, content, tensors):
    with open(path, "wb") as file:
        for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(value, file, protocol=2)
        _Pickler(file, protocol=2).dump(content)
        pickle.dump([tensor.key for tensor in tensors], file, protocol=2)
        for tensor in tensors:
            file.write(struct.pack("<q", tensor.array.size) + _memory(tensor.array))


@pytest.mark.slow
@pytest.mark.parametrize("write", [_write_zip, _write_stream], ids=["zip", "stream"])
def test_published_form_model_and_optimiser_in_one_pickle(
    tmp_path, convert, state, torch_names, write
):
    """As fastai saves: the network under model, beside the optimiser with NumPy's numbers.

    fastai 1 keeps the learning rates of its layer groups as numpy.float64. One kernel is stored
    with its axes in another order, as PyTorch's channels_last does.
    """
    kernel = state["body.0.weight"]
    turned = np.ascontiguousarray(kernel.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    tensors = {
        name: _Tensor(turned if value is kernel else value, str(i), torch_names)
        for i, (name, value) in enumerate(state.items())
    }
    moment = _Tensor(np.ones(3, np.float32), "moment", torch_names)
    rates = [{"lr": np.float64(3e-4)}, {"lr": np.float32(3e-3)}]
    content = {
        "model": OrderedDict(tensors),
        "opt": {"state": {0: {"step": 9, "exp_avg": moment}}, "param_groups": rates},
    }
    path = tmp_path / "RoIPoolModel-fit.10.bs.120.pth"
    write(path, content, [*tensors.values(), moment])
    assert b"multiarray" in path.read_bytes()
    _check_tensors(convert_paq2piq(path, tmp_path / "pth.h5"), convert("rm").path)


@pytest.mark.slow
def test_a_number_in_place_of_a_tensor_is_refused(tmp_path, state, torch_names):
    """What is passed over beside the network is no part of one."""
    tensors = {
        name: _Tensor(value, str(i), torch_names) for i, (name, value) in enumerate(state.items())
    }
    path = tmp_path / "a.pth"
    content = OrderedDict(tensors) | {"head.8.bias": np.float64(1)}
    _write_zip(path, content, list(tensors.values()))
    with pytest.raises(ValueError, match="tensors only.*head.8.bias"):
        convert_paq2piq(path, tmp_path / "a.h5")


@pytest.mark.slow
def test_names_of_the_lightning_module(tmp_path, convert, state):
    """Its network is an attribute, model."""
    named = {f"model.{name}": value for name, value in state.items()}
    path = convert_paq2piq(_written(tmp_path, named), tmp_path / "one.h5")
    _check_tensors(path, convert("rm").path)


def _without(state, name):
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: _without(s, "body.5.0.conv1.weight"), "missing: body.5.0.conv1.weight"),
        (lambda s: _without(s, "head.6.running_var"), "missing: head.6.running_var"),
        (lambda s: s | {"body.8.weight": s["head.8.bias"]}, "extra: body.8.weight"),
        (lambda s: s | {"head.8.weight": np.ones((5, 512), "f4")}, r"\(5, 512\), not \(1, 512\)"),
        (lambda s: s | {"head.4.bias": np.full(512, np.nan, "f4")}, "not finite.*head.4.bias"),
        (lambda s: {"features.0.weight": np.ones((4, 3), "f4")}, "another network"),
        (lambda s: {f"net_{k}": v for k, v in s.items()}, "another network"),
        (lambda s: s | {"patch_head.2.weight": s["head.2.weight"]}, "missing: image_head"),
    ],
)
def test_incomplete_and_foreign_checkpoints_are_refused(
    tmp_path, state, change, said, monkeypatch, bodies
):
    """What is missing, extra or wrong is named, and nothing is written."""
    monkeypatch.setattr("kiqa.models.resnet18.build_resnet18", bodies)
    source = _written(tmp_path, change(dict(state)))
    with pytest.raises(ValueError, match=said):
        convert_paq2piq(source, tmp_path / "o.h5")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.npz"]


def test_a_kind_that_the_tensors_are_not_is_refused(tmp_path, state):
    """P2P-FM's head is another graph; P2P-BM and P2P-RM can share their tensors."""
    with pytest.raises(ValueError, match="Expected a P2P-FM.*P2P-RM"):
        convert_paq2piq(_written(tmp_path, state), tmp_path / "o.h5", kind="fm")
    with pytest.raises(ValueError, match="bm, rm, fm.*'rn'"):
        convert_paq2piq(tmp_path / "checkpoint.npz", tmp_path / "o.h5", kind="rn")
    with pytest.raises(FileNotFoundError, match="gone"):
        convert_paq2piq(tmp_path / "gone.pth", tmp_path / "o.h5")


@pytest.mark.slow
@pytest.mark.parity
def test_torchvisions_resnet18(tmp_path, picture, monkeypatch):
    """The body, of full width, under torchvision's names; its class head is left out."""
    monkeypatch.setattr("kiqa.models.resnet18._WIDTHS", FULL)
    rng = np.random.default_rng(9)
    names = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")
    state = {k: v.astype(np.float32) for k, v in _random_body(rng, "", names, FULL).items()}
    head = {"fc.weight": np.ones((1000, 512), "f4"), "fc.bias": np.ones(1000, "f4")}
    path = convert_resnet18(_written(tmp_path, state | head), tmp_path / "resnet18.h5")
    parts = dict(zip(names, CHILDREN, strict=True))
    ours = {f"body.{parts[k.split('.')[0]]}.{k.partition('.')[2]}": v for k, v in state.items()}
    found = np.asarray(load_model(path)(picture[None].astype(np.float32)))[0]
    expected = _features(ours, picture).transpose(1, 2, 0)
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.max())
    assert read_info(path).details.mode == "resnet18-body"
    with pytest.raises(ValueError, match="missing: bn1.bias"):
        convert_resnet18(_written(tmp_path, _checkpoint("rm")), tmp_path / "o.h5")


@pytest.mark.slow
def test_arbitrary_rectangles_of_a_converted_network(converted, features, picture):
    """Rectangles with edges between pixels, overlapping, in one call."""
    kind, state, info = converted.kind, converted.state, read_info(converted.path)
    head = load_model(find_companion(info, "head").path)
    rater = RegionRater(converted.body, head, kind=kind, info=info)
    rois = np.array([[0, 0, 131, 100], [3.5, 7.25, 60, 48], [16, 16, 48, 48], [100, 90, 131, 100]])
    if kind == "bm":
        with pytest.raises(ValueError, match="whole images only"):
            rater.rate(picture, rois)
        return
    head = "patch_head" if kind == "fm" else "head"
    expected = [_rated(state, head, HEAD, _pooled(features, roi)) for roi in rois]
    np.testing.assert_allclose(rater.rate(picture, rois), expected, atol=1e-3)
