"""Settings, images and stand-ins that several parts of the tests use."""

import os

# Before anything imports TensorFlow or matplotlib.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")
# glibc keeps what is freed, 256 MB, and asks for no page again: a quarter of the system's time. It
# reads this when a process starts, as those of pytest-xdist and the commands that tests run.
os.environ.setdefault("MALLOC_TOP_PAD_", str(256 << 20))
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(1 << 30))
if "PYTEST_XDIST_WORKER" in os.environ:  # a processor each; more threads wait for each other
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # NumPy's products and scikit-learn's

import gc  # noqa: E402
import io  # noqa: E402
import pickle  # noqa: E402
import random  # noqa: E402
import signal  # noqa: E402
import struct  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import zipfile  # noqa: E402
import zlib  # noqa: E402
from collections import OrderedDict  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from dataclasses import replace  # noqa: E402
from functools import cache, partial  # noqa: E402
from io import BytesIO  # noqa: E402
from pathlib import Path  # noqa: E402
from types import ModuleType  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pytest  # noqa: E402
from PIL import Image  # noqa: E402

from kiqa.io.map_files import QualityMap  # noqa: E402
from kiqa.io.weights import Details, WeightsInfo  # noqa: E402

from .browser import chromium, new_browser, running  # noqa: E402, F401


def pytest_xdist_auto_num_workers(config):
    """Processes of ``-n auto``: none beside its own for named files, which need not start twice."""
    return 0 if any(".py" in name for name in config.args) else min(4, os.cpu_count())


def pytest_configure():
    """Signals end a process as they do in a terminal, though nohup or a shell's & ignores them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_finish():
    """Nothing that is loaded by now is garbage: tracing a network need not walk through it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_collection_modifyitems(items):
    """A page in a browser takes its time: these tests are slow ones."""
    for item in items:
        if running.__name__ in item.fixturenames:
            item.add_marker("slow")


def pytest_runtest_setup(item):
    """Keras draws what has no seed by Python's generator: the same in every run of a test."""
    random.seed(item.nodeid)


@pytest.fixture(scope="session")
def photo():
    """An image bundled with scikit-image, read-only uint8 (300, 451, 3)."""
    from skimage import data

    pixels = data.chelsea()
    pixels.flags.writeable = False
    return pixels


@pytest.fixture(scope="session")
def write_files():
    """The function ``write_files(root, contents) -> root``: a file for each name."""

    def write(root, contents):
        for name, content in contents.items():
            path = root / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        return root

    return write


@pytest.fixture(scope="session")
def awkward_folder(tmp_path_factory, photo, write_files):
    """A folder with usable but unusual images in ``good``, damaged files in ``bad``.

    All good ones but ``one_pixel.png`` are made of ``photo[100:197, 100:183]``.
    """
    crop = photo[100:197, 100:183]
    return write_files(tmp_path_factory.mktemp("awkward"), _good_files(crop) | _bad_files(crop))


@pytest.fixture(scope="session")
def encode():
    """The function ``encode(pixels or Pillow image, format, **options) -> bytes``."""
    return _encode


@pytest.fixture(scope="session")
def png_bytes():
    """The function ``png_bytes(pixels, color_type, *, extra=b"") -> bytes`` (16 bits too)."""
    return _png_bytes


@pytest.fixture(scope="session")
def biq2021_tree():
    """The function ``biq2021_tree(root, images, sets, *, mos, name) -> root``."""

    def make(root, images, sets, *, mos=None, name="ss01 ({}).jpg"):
        """Write images as BIQ2021 is published, and their split.

        Args:
            root: Folder to make.
            images: ``uint8`` arrays.
            sets: Of each image the part of ``split.csv``.
            mos: Scores, 0..1; falling evenly from 1 without them.
            name: Of an image, from its number.
        """
        (root / "Images").mkdir(parents=True)
        names = [name.format(index) for index in range(len(images))]
        mos = [1 - index / len(images) for index in range(len(images))] if mos is None else mos
        for file, image in zip(names, images, strict=True):
            Image.fromarray(image).save(root / "Images" / file)
        scores = pd.DataFrame({"Image Name": names, "MOS": mos})
        scores.to_csv(root / "Train (Images and MOS).csv", index=False)
        pd.DataFrame({"image_name": names, "set": sets}).to_csv(root / "split.csv", index=False)
        return root

    return make


@pytest.fixture(scope="session")
def blurrier():
    """The function ``blurrier(images, *, step) -> list``: each is blurrier than the one before."""

    def make(images, *, step=1.0):
        from kiqa.data.distortions import distort

        rng = np.random.default_rng(0)
        return [
            distort(image, "gaussian_blur", 0.3 + step * index, rng=rng)
            for index, image in enumerate(images)
        ]

    return make


@pytest.fixture(scope="session")
def shipped_scorer(built_once):
    """The function ``shipped_scorer(name) -> Scorer``; each network is loaded once for all."""
    from kiqa.scoring import Scorer

    @cache
    def load(name):
        scorer = Scorer(name)
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr("kiqa.io.weights.h5._built", built_once)
            assert scorer.info
        return scorer

    return load


@pytest.fixture(scope="session")
def built_once():
    """What `load_model` builds of a shipped file, which is the same network for all who ask."""
    from kiqa.io.weights import h5

    build, weights = h5._built, Path(__file__).parents[1] / "weights"
    keep = cache(build)

    def built(path, max_bytes):
        return (keep if path.parent == weights else build)(path, max_bytes)

    return built


@pytest.fixture
def shipped_once(monkeypatch, built_once):
    """Shipped networks are loaded once for all tests that ask for this, which change none."""
    monkeypatch.setattr("kiqa.io.weights.h5._built", built_once)


@pytest.fixture
def eager():
    """Networks run operation by operation: for one step on a few numbers, a graph costs more.

    The graphs of trainings are tested where the trainings are.
    """
    with _eagerly():
        yield


@pytest.fixture(scope="session")
def eagerly():
    """The context manager ``eagerly()``: what `eager` does, for fixtures of any scope."""
    return _eagerly


@contextmanager
def _eagerly():
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture
def unpainted(monkeypatch):
    """Figures are put together but not painted: the file of each is an image of one pixel.

    For whoever tests what stands beside the figures.
    """
    pixel = _encode(Image.new("RGB", (1, 1)), "PNG")
    monkeypatch.setattr("kiqa.plotting.figures.figure_bytes", lambda figure, **options: pixel)


@pytest.fixture(scope="session")
def small_body():
    """The function ``small_body(*, seed) -> keras.Model``: PaQ-2-PiQ's body in little.

    Two convolutions with ResNet-18's stride, features and name, and its joint where maps take it
    apart, for whoever tests what is done with a body.
    """

    def build(*, seed=None):
        import keras

        inputs = keras.Input((None, None, 3), name="picture")
        x = keras.layers.Rescaling(1 / 255, name="rescaling")(inputs)
        for index, (filters, side, last) in enumerate(
            [(16, 8, "layer2.1.relu2"), (512, 4, "layer4.1.relu2")], start=1
        ):
            x = keras.layers.Conv2D(
                filters, side, side, "same", use_bias=False, name=f"conv{index}",
                kernel_initializer=keras.initializers.HeNormal(seed),
            )(x)  # fmt: skip
            x = keras.layers.BatchNormalization(name=f"bn{index}")(x)
            x = keras.layers.ReLU(name=last)(x)
        return keras.Model(inputs, x, name="resnet18")

    return build


@pytest.fixture(scope="module")
def small_wadiqam():
    """The shallow WaDIQaM in little, of two narrow convolutions, for what is done with it."""
    from kiqa.models import wadiqam

    little = replace(wadiqam.WADIQAM, shallow_widths=((8,), (8,)), shallow_units=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wadiqam, "WADIQAM", little)
        yield


@pytest.fixture(scope="module")
def small_lite():
    """The smallest variant of lite has one block a stage and half the filters; those of the maps.

    For whoever tests what is done with it.
    """
    from kiqa.models.efficientnet_lite import VARIANTS

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(VARIANTS, "lite0", (0.5, 0.25))
        yield 8, 16, 24, 56


@pytest.fixture(scope="session")
def feature_body(tmp_path_factory):
    """The file of an EfficientNet-Lite in little: one convolution with its head's name and width.

    For whoever tests what is done with its features.
    """
    import keras

    from kiqa.io.weights import Details, export_h5

    inputs = keras.Input((None, None, 3), name="image")
    x = keras.layers.Rescaling(1 / 128, -127 / 128, name="rescaling")(inputs)
    start = keras.initializers.HeNormal(seed=3)
    x = keras.layers.Conv2D(1280, 8, 32, kernel_initializer=start, name="head_conv")(x)
    x = keras.layers.ReLU(max_value=6.0, name="head_relu6")(x)
    details = Details("little", "1", "features", True, mode="efficientnet-lite", trained_on=())
    model = keras.Model(inputs, x, name="little")
    return export_h5(model, tmp_path_factory.mktemp("body") / "little.h5", details)


@pytest.fixture(scope="session")
def loaded_by_help():
    """The function ``loaded_by_help(module, *arguments) -> (set, text)``."""

    def ask(module, *arguments):
        """Ask for ``--help`` in a process of its own: the libraries loaded, and the text.

        The exit status must be 0, and nothing on standard error.
        """
        code = (
            f"import sys\nfrom {module} import main\n"
            f"try:\n    main({[*arguments, '--help']})\n"
            "except SystemExit as end:\n    assert not end.code\n"
            "print(end='\\f' + ' '.join(sys.modules))"
        )
        run = subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
        )
        assert (run.returncode, run.stderr) == (0, "")
        text, loaded = run.stdout.split("\f")
        return {name.partition(".")[0] for name in loaded.split()}, text

    return ask


def _encode(pixels, kind, **options):
    """Encode an array or a Pillow image in memory."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _png_chunk(kind, content):
    """Return one PNG chunk with its length and checksum."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _png_header(width, height, depth, color_type):
    """Return a PNG's signature and header chunk."""
    fields = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", fields)


def _png_bytes(pixels, color_type, *, extra=b""):
    """Write a PNG by hand: Pillow writes no 16-bit colour.

    Args:
        pixels: (H, W, C), uint8 or uint16.
        color_type: 0 gray, 2 RGB, 4 gray and alpha, 6 RGB and alpha.
        extra: Chunks between header and data.
    """
    height, width = pixels.shape[:2]
    big_endian = pixels.astype(">u2" if pixels.dtype == np.uint16 else "u1")
    rows = b"".join(b"\0" + row.tobytes() for row in big_endian)
    return (
        _png_header(width, height, 8 * pixels.dtype.itemsize, color_type)
        + extra
        + _png_chunk(b"IDAT", zlib.compress(rows))
        + _png_chunk(b"IEND", b"")
    )


def _good_files(crop):
    image = Image.fromarray(crop)
    alpha = np.linspace(0, 255, crop.size // 3).astype(np.uint8).reshape(*crop.shape[:2], 1)
    deep, deep_alpha = crop * np.uint16(257), alpha * np.uint16(257)
    files = {
        "rgb.png": _encode(crop, "PNG"),
        "RGB_UPPER.JPG": _encode(crop, "JPEG", quality=90),
        "gray.png": _encode(image.convert("L"), "PNG"),
        "gray.jpg": _encode(image.convert("L"), "JPEG", quality=90),
        "one_bit.png": _encode(image.convert("1"), "PNG"),
        "la.png": _png_bytes(np.dstack([crop[..., :1], alpha]), 4),
        "rgba.png": _png_bytes(np.dstack([crop, alpha]), 6),
        "palette.png": _encode(image.quantize(32), "PNG"),
        "palette_transparent.png": _encode(image.quantize(32), "PNG", transparency=3),
        "cmyk.jpg": _encode(image.convert("CMYK"), "JPEG", quality=95, subsampling=0),
        "cmyk.tif": _encode(image.convert("CMYK"), "TIFF"),
        "gray16.png": _png_bytes(deep[..., :1], 0),
        "rgb16.png": _png_bytes(deep, 2),
        "la16.png": _png_bytes(np.dstack([deep[..., :1], deep_alpha]), 4),
        "rgba16.png": _png_bytes(np.dstack([deep, deep_alpha]), 6),
        "one_pixel.png": _encode(np.array([[[10, 20, 30]]], np.uint8), "PNG"),
        "animated.gif": _encode(
            image.quantize(32), "GIF", save_all=True, append_images=[Image.new("P", image.size)]
        ),
        "photo.webp": _encode(crop, "WEBP", lossless=True),
        "photo.bmp": _encode(crop, "BMP"),
    }
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        files[f"exif{orientation}.jpg"] = _encode(crop, "JPEG", quality=90, exif=exif)
        files[f"exif{orientation}.tif"] = _encode(crop, "TIFF", exif=exif)
        files[f"exif{orientation}.png"] = _encode(crop, "PNG", exif=exif)
    return {f"good/{name}": content for name, content in files.items()}


def _bad_files(crop):
    jpeg, png = _encode(crop, "JPEG", quality=90), _encode(crop, "PNG")
    damaged = bytearray(png)
    damaged[len(png) // 2] ^= 0xFF
    bomb = _png_header(60000, 60000, 8, 2) + _png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    files = {
        "truncated.jpg": jpeg[: len(jpeg) // 2],
        "truncated.png": png[: len(png) // 2],
        "truncated16.png": _png_bytes(crop * np.uint16(257), 2)[:-2000],
        "header_only.jpg": jpeg[:3],
        "damaged.png": bytes(damaged),
        "zero_bytes.jpg": b"",
        "text.jpg": b"This is no picture.\n",
        "bomb.png": bomb + _png_chunk(b"IEND", b""),
        "float.tif": _encode(Image.fromarray(crop[..., 0] / np.float32(255)), "TIFF"),
    }
    return {f"bad/{name}": content for name, content in files.items()}


class BrightnessMapper:
    """Stands for an engine of `kiqa.scoring`: the quality of a place is its mean gray value."""

    least_side = 64
    needs_reference = False
    beside = None
    map_sha256 = ""

    def __init__(self, stride: int) -> None:
        self.stride = self.map_stride = stride
        self.calls = 0

    def score(self, pixels: np.ndarray) -> float:
        """Mean of the map."""
        return self.map(pixels).mean()

    def map(self, pixels: np.ndarray) -> QualityMap:
        """Mean of each 64x64 window over 255; refuses what is smaller."""
        self.calls += 1
        if min(pixels.shape[:2]) < 64:
            raise ValueError(f"Expected at least 64x64 pixels. Received: {pixels.shape}.")
        windows = np.lib.stride_tricks.sliding_window_view(pixels.mean(axis=2), (64, 64))
        values = windows[:: self.stride, :: self.stride].mean(axis=(2, 3)) / 255
        size = pixels.shape[:2]
        return QualityMap(values.astype(np.float32), self.stride, 31.5, size, "stand-in", "0" * 64)

    def map_grid(self, pixels: np.ndarray, grid: tuple[int, int]) -> QualityMap:
        """The map, whatever the grid."""
        return self.map(pixels)


INFO = WeightsInfo(
    Path("-"), "0" * 64, Details("stand-in", "1", "0..1", higher_is_better=True, trained_on=())
)


@pytest.fixture
def stand_in(monkeypatch, put_stand_in):
    """Give every Scorer a `BrightnessMapper`; returns the list of those made."""
    return put_stand_in(monkeypatch)


@pytest.fixture(scope="session")
def put_stand_in():
    """The function ``put_stand_in(monkeypatch) -> list``: what `stand_in` does, for any scope."""
    from kiqa.scoring import Scorer

    def put(monkeypatch):
        made = []

        def load(self):
            if self._loaded is None:
                made.append(BrightnessMapper(self._stride or self._default_stride))
                self._loaded = INFO, made[-1]
            return self._loaded

        monkeypatch.setattr(Scorer, "_load", load)
        return made

    return put


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder ``photos`` in the working folder: three good images and four bad files."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "sub/a.png")):
        Image.new("RGB", (80 + number, 72), (60 * number + 51,) * 3).save(folder / name)
    Image.new("RGB", (63, 200), "white").save(folder / "small.png")
    (folder / "empty.jpg").touch()
    (folder / "notes.jpg").write_text("no image")
    (folder / "torn.png").write_bytes((folder / "a.png").read_bytes()[:60])
    return folder


@pytest.fixture
def all_half(monkeypatch):
    """A teacher that says 0.5 of every image."""
    from kiqa.training.runs.teaching import teacher as teacher_module

    class Half:
        def __init__(self, model, folder, *, test, report):
            pass

        def scores(self, paths):
            return np.full(len(paths), 0.5)

    monkeypatch.setattr(teacher_module, "Teacher", Half)


@pytest.fixture
def cuts(tmp_path, photo):
    """The function ``cuts(count, height, width, *, step) -> paths``: each is lower in the photo."""

    def cut(count, height, width, *, step):
        paths = [tmp_path / f"{number}.png" for number in range(count)]
        for number, path in enumerate(paths):
            top = step * number
            Image.fromarray(photo[top : top + height, :width]).save(path)
        return paths

    return cut


@pytest.fixture
def collection(tmp_path, monkeypatch, stand_in, photo):
    """A folder ``d``: two images that are alike, a dark one that is not, and a bad file."""
    monkeypatch.chdir(tmp_path)
    Path("d/sub").mkdir(parents=True)
    Image.fromarray(photo).save("d/a.png")
    Image.fromarray((photo * 0.7).astype(np.uint8)).save("d/sub/b.png")
    Image.fromarray((photo[::-1] * 0.2).astype(np.uint8)).save("d/c.png")
    Path("d/bad.jpg").write_bytes(b"no image")
    return tmp_path


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


def _save(package, path, state, *, legacy=False, wrap=None):
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


@pytest.fixture
def save_torch(torch_like):
    """The function ``save_torch(path, state, *, legacy=False, wrap=None)``: the path."""
    return partial(_save, torch_like)
