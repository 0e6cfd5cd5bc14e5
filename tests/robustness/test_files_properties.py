"""What holds for every damage of maps, streams, checkpoints and models, tried by hypothesis."""

import io
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiqa.io.map_files import QualityMap
from kiqa.io.state_dicts import read_state_dict
from kiqa.io.weights import Details, WeightsError, export_h5, load_model
from kiqa.varjpeg import Settings, StreamError, coded, coded_jpeg, decode, prepare

SETTINGS = settings(
    deadline=None, derandomize=True, max_examples=100, suppress_health_check=list(HealthCheck)
)
DAMAGE = st.lists(
    st.tuples(st.sampled_from(["set", "cut", "drop", "double"]), st.integers(0, 1 << 20),
              st.integers(0, 255)),
    min_size=1, max_size=4,
)  # fmt: skip


def damaged(data, damage):
    """Bytes changed, left out, doubled; the end cut."""
    data = bytearray(data)
    for kind, place, value in damage:
        at = place % max(len(data), 1)
        if kind == "set" and data:
            data[at] = value
        elif kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[at : at + value]
        else:
            data[at:at] = data[at : at + value]
    return bytes(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the damaged files are."""
    return tmp_path_factory.mktemp("damaged")


@SETTINGS
@given(
    values=st.lists(st.lists(st.floats(width=32), min_size=2, max_size=2), max_size=3),
    stride=st.integers(-(2**40), 2**40) | st.floats() | st.none(),
    offset=st.floats() | st.complex_numbers(),
    sides=st.lists(st.integers(-5, 2**20), max_size=3),
)
def test_a_map_is_possible_or_refused(folder, values, stride, offset, sides):
    """And one that is possible is written, read and drawn."""
    array = np.array(values, np.float32)
    try:
        made = QualityMap(array, stride, offset, tuple(sides))
    except ValueError as error:
        assert str(error).startswith("Expected a map")
        return
    read = QualityMap.load(made.save(folder / "whole.npz"))
    np.testing.assert_array_equal(read.values, array)
    assert (read.stride, read.offset, read.image_size) == (stride, offset, tuple(sides))
    if np.prod(sides) < 1e6:
        assert made.pad_to_image().shape == made.to_image_size().shape == tuple(sides)


@SETTINGS
@given(DAMAGE)
def test_a_damaged_map_is_read_or_refused(folder, damage):
    """By one line that names it."""
    path = folder / "map.npz"
    whole = QualityMap(np.eye(5, 7, dtype=np.float32), 4, 31.5, (80, 88)).save(path)
    path.write_bytes(damaged(whole.read_bytes(), damage))
    try:
        assert QualityMap.load(path).values.ndim == 2
    except ValueError as error:
        assert "map.npz" in str(error) and "\n" not in str(error) and len(str(error)) < 2500


def _streams():
    rows, columns = np.mgrid[:24, :40]
    pixels = np.stack([rows * 9, columns * 6, rows + columns], -1).astype(np.uint8)
    made = prepare(pixels, np.linspace(0, 1, 960).reshape(24, 40), settings=Settings())
    return [coded(made, 40).data, coded_jpeg(made, 60).data]


STREAMS = _streams()


@settings(SETTINGS, max_examples=200)
@given(st.sampled_from(STREAMS), DAMAGE)
def test_a_damaged_stream_is_decoded_or_refused(data, damage):
    """By StreamError and nothing else."""
    try:
        assert decode(damaged(data, damage)).dtype == np.uint8
    except StreamError as error:
        assert "xpected" in str(error)


def _checkpoints():
    """A state dict in PyTorch's two forms."""
    reference = (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
        b"K\x06%stQ"
    )
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(%sK\x00K\x02K\x03\x86K\x03K\x01\x86\x89}tR"
    state = b"\x80\x02}X\x01\x00\x00\x00a%ss."
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", state % (tensor % (reference % b"")))
        archive.writestr("archive/data/0", bytes(24))
    head = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
    head += b"\x80\x02}X\r\x00\x00\x00little_endian\x88s."
    keys = b"\x80\x02]X\x01\x00\x00\x000a." + (6).to_bytes(8, "little") + bytes(24)
    return [packed.getvalue(), head + state % (tensor % (reference % b"N")) + keys]


CHECKPOINTS = _checkpoints()


@SETTINGS
@given(st.sampled_from(CHECKPOINTS), DAMAGE)
def test_a_damaged_checkpoint_is_read_or_refused(folder, data, damage):
    """Of both forms; what is read are arrays of numbers."""
    path = folder / "w.pth"
    path.write_bytes(damaged(data, damage))
    try:
        found = read_state_dict(path)
    except ValueError as error:
        assert "w.pth" in str(error) and "\n" not in str(error) and len(str(error)) < 2500
        return
    assert all(isinstance(array, np.ndarray) for array in found.values())


def test_whole_checkpoints_are_read(folder):
    """Those that are damaged above."""
    for data in CHECKPOINTS:
        (folder / "w.pth").write_bytes(data)
        assert read_state_dict(folder / "w.pth")["a"].shape == (2, 3)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    """Bytes of a model file, an input, and what the network makes of it."""
    x = keras.Input((6,), name="features")
    y = keras.layers.Dense(3, activation="relu", name="hidden")(x)
    model = keras.Model(x, keras.layers.Dense(1, name="score")(y), name="net")
    path = tmp_path_factory.mktemp("model") / "net.h5"
    export_h5(model, path, Details("net", "1", "0..1", True))
    probe = np.random.default_rng(0).uniform(0, 1, (2, 6)).astype("f4")
    return path.read_bytes(), probe, np.asarray(model(probe))


@pytest.mark.slow
@settings(SETTINGS, max_examples=40)
@given(place=st.integers(0, 1 << 20), bit=st.integers(0, 7))
def test_one_changed_bit_never_makes_another_network(folder, model_file, place, bit):
    """It is found, or it is where nothing is read and changes no score."""
    data, probe, expected = model_file
    changed = bytearray(data)
    changed[place % len(data)] ^= 1 << bit
    path = folder / "net.h5"
    path.write_bytes(changed)
    try:
        model = load_model(path)
    except WeightsError as error:
        assert "net.h5" in str(error) and "\n" not in str(error) and len(str(error)) < 2500
        return
    np.testing.assert_array_equal(np.asarray(model(probe)), expected)
