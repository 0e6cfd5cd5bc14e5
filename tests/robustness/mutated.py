"""Images and model files that are damaged in many ways, each from a seed and its number.

`benchmarks/robustness.py` gives them to kiqa in processes of their own, and
`tests/test_robustness_benchmark.py` lets it. Streams of VarJPEG are in
`tests/varjpeg/mutations.py`.

Public names: `Images`, `Models`.
"""

import json
import tempfile
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

_NASTY_CLASSES = (
    *("Lambda", "layers.Lambda", "StringLookup", "TFSMLayer", "Functional", "Sequential", "GRU"),
    *("RandomFlip", "__lambda__", "function", "Dense", "Resizing", "UpSampling2D", "", None, 3),
)
_NASTY_VALUES = (
    *(None, True, -1, 0, 1, 2, 3.5, 1e308, 10**12, 2**70, "", "relu", "/etc/passwd", "/dev/zero"),
    *([], [[]], [3, 3], [10**9], {}, {"class_name": "Lambda", "config": {"function": "x"}}),
    {"class_name": "function", "module": "os", "config": "system", "registered_name": "system"},
)


def cut(rng, data):
    """End too early."""
    return data[: rng.integers(len(data))]


def flip(rng, data):
    """Turn one to eight bits."""
    changed = bytearray(data)
    for at in rng.integers(len(data), size=rng.integers(1, 9)):
        changed[at] ^= 1 << rng.integers(8)
    return bytes(changed)


def write_over(rng, data):
    """Put random bytes, or zeros, in the place of up to 64 others."""
    at, count = rng.integers(len(data)), rng.integers(1, 65)
    other = bytes(count) if rng.integers(2) else rng.bytes(count)
    return (data[:at] + other + data[at + count :])[: len(data)]


def insert(rng, data):
    """Put random bytes somewhere."""
    at = rng.integers(len(data) + 1)
    return data[:at] + rng.bytes(rng.integers(1, 40)) + data[at:]


def delete(rng, data):
    """Leave some bytes out."""
    at = rng.integers(len(data))
    return data[:at] + data[at + rng.integers(1, 40) :]


def head(rng, data):
    """Change a byte among the first 64, where sizes and kinds are."""
    at = rng.integers(min(64, len(data)))
    return data[:at] + rng.bytes(1) + data[at + 1 :]


_OF_BYTES = (cut, flip, write_over, insert, delete, head)


class Images:
    """Damaged images: of each number the kind of damage and the bytes.

    Args:
        seed: Of all of them.
    """

    def __init__(self, seed):
        self._seed = seed
        self.whole = list(_images())

    def __getitem__(self, number):
        rng = np.random.default_rng([self._seed, 1, number])
        name, data = self.whole[number % len(self.whole)]
        damage = _OF_BYTES[rng.integers(len(_OF_BYTES))]
        return f"{name} {damage.__name__}", damage(rng, data)


def _images():
    """Small images of the formats that kiqa reads."""
    coarse = np.random.default_rng(15).integers(0, 256, (5, 7, 4), dtype=np.uint8)
    rgba = Image.fromarray(coarse).resize((40, 28), Image.Resampling.BICUBIC)
    rgb = rgba.convert("RGB")
    deep = Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, image, kind, options in (
        ("png", rgb, "PNG", {}),
        ("png rgba", rgba, "PNG", {}),
        ("png palette", rgb.quantize(16), "PNG", {}),
        ("png 16", deep, "PNG", {}),
        ("jpeg", rgb, "JPEG", {"exif": exif}),
        ("jpeg progressive", rgb, "JPEG", {"progressive": True}),
        ("jpeg cmyk", rgb.convert("CMYK"), "JPEG", {}),
        ("webp", rgb, "WEBP", {}),
        ("gif", rgb.quantize(16), "GIF", {}),
        ("tiff", rgb, "TIFF", {"compression": "tiff_lzw"}),
        ("bmp", rgb, "BMP", {}),
        ("ppm", rgb, "PPM", {}),
        ("jpeg 2000", rgb, "JPEG2000", {}),
        ("avif", rgb, "AVIF", {"speed": 10}),
    ):
        stream = BytesIO()
        image.save(stream, kind, **options)
        yield name, stream.getvalue()


class Models:
    """Damaged model files: of each number the kind of damage and the bytes.

    Half of the files are kiqa's own, with a checksum, the others as Keras
    writes them.

    Args:
        seed: Of all of them.
    """

    def __init__(self, seed):
        self._seed = seed
        with tempfile.TemporaryDirectory(prefix="kiqa-") as folder:
            self.whole = list(_models(Path(folder)))

    def __getitem__(self, number):
        rng = np.random.default_rng([self._seed, 2, number])
        name, data = self.whole[number % len(self.whole)]
        if rng.integers(2):
            damage = _OF_BYTES[rng.integers(len(_OF_BYTES))]
            return f"{name} {damage.__name__}", damage(rng, data)
        damage = (_config, _tensors)[rng.integers(2)]
        return f"{name}{damage.__name__.replace('_', ' ')}", _inside(rng, data, damage)


def _models(folder):
    """Networks of all kinds of layers that kiqa's own are of, in both forms."""
    import keras
    from keras import layers

    from kiqa.io.weights import Details, export_h5

    x = keras.Input((16, 16, 3), name="image")
    y = layers.Rescaling(1 / 255, name="scale")(x)
    y = layers.Conv2D(4, 3, activation="relu", name="conv")(y)
    y = layers.MaxPooling2D(name="pool")(layers.BatchNormalization(name="norm")(y))
    y = layers.GlobalAveragePooling2D(name="mean")(layers.DepthwiseConv2D(3, name="depth")(y))
    convolutions = keras.Model(
        x, layers.Dense(1, activation="sigmoid", name="score")(y), name="one"
    )
    x = keras.Input((None, 4), name="features")
    y = layers.Bidirectional(layers.GRU(3, name="gru"), name="both")(
        layers.Masking(-1.0, name="mask")(x)
    )
    recurrent = keras.Model(x, layers.Dense(1, name="score")(y), name="two")
    rng = np.random.default_rng(16)
    for name, model in (("convolutions", convolutions), ("recurrent", recurrent)):
        for variable in model.weights:
            variable.assign(rng.uniform(0.1, 0.9, variable.shape))
        path = export_h5(model, folder / f"{name}.h5", Details(name, "1", "0..1", True))
        yield f"{name} of kiqa", path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's own .h5 writer
        convolutions.save(folder / "keras.h5")
    yield "convolutions of Keras", (folder / "keras.h5").read_bytes()


def _inside(rng, data, damage):
    """Open a file, change its content, and return its bytes."""
    import h5py

    stream = BytesIO(data)
    with h5py.File(stream, "r+") as file:
        damage(rng, file)
    return stream.getvalue()


def _config(rng, file):
    """Change values in the description of the network."""
    config = json.loads(file.attrs["model_config"])
    for _ in range(rng.integers(1, 4)):
        places = list(_places(config))
        holder, key = places[rng.integers(len(places))]
        nasty = _NASTY_CLASSES if key == "class_name" else _NASTY_VALUES
        if rng.integers(6) == 0:
            del holder[key]
        else:
            holder[key] = nasty[rng.integers(len(nasty))]
    file.attrs["model_config"] = json.dumps(config)


def _places(value):
    """Every dict or list in a value with each of its keys."""
    if isinstance(value, dict | list):
        for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from _places(item)


def _tensors(rng, file):
    """Change what is stored: values, shapes, names, links, kinds of numbers."""
    import h5py

    found = []
    file.visititems(lambda name, item: found.append(name))
    sets = [name for name in found if isinstance(file[name], h5py.Dataset)]
    name = sets[rng.integers(len(sets))]
    values = file[name][()]
    groups = [name for name in found if name not in sets]
    group = groups[rng.integers(len(groups))]
    action = rng.integers(9)
    if action == 0:
        file[name][...] = np.where(rng.random(values.shape) < 0.5, values, rng.normal(0, 9))
    elif action == 1:
        file[name][...] = np.nan
    elif action == 2:
        file[f"{group}/again"] = file[groups[rng.integers(len(groups))]]
    elif action == 3:
        file[group].attrs["weight_names"] = rng.integers(0, 256, 8, dtype=np.uint8)
    elif action == 4:
        del file[group]
    else:
        del file[name]
        if action == 5:
            file[name] = h5py.ExternalLink("/etc/passwd", "/")
        elif action == 6:
            file.create_dataset(name, (2**20, 2**12), "f4")
        elif action == 7:
            file[name] = values.astype(("f2", ">f8", "i4", "c8", "S4")[rng.integers(5)])
        elif action == 8:
            file[name] = np.resize(values, values.size + 1)
