"""Published .h5 files open in Keras 3 and tf_keras in a process that cannot import kiqa.

Every graph is exported once; one process opens all files in Keras 3, then in tf_keras (TensorFlow
imports Keras 3 in any case), and each test reads its own line of what that process reported.
"""

import json
import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from kiqa.io.weights import Details, export_h5, load_model
from kiqa.io.weights.dialect import keras2_config
from kiqa.io.weights.model_configs import without_memory
from kiqa.models import MODELS, builder

from .test_readme import WITHOUT_KIQA, python_blocks

SHIPPED = Path(__file__).parents[1] / "weights"
KERASES = ("keras", "tf_keras")
# These shipped files, opened below, have the very graph of the builder: each is opened once.
AS_SHIPPED = {
    "aggregator": "aggregator",
    "brisque": "brisque",
    "cnniqa": "cnniqa",
    "cornia": "cornia",
    "deepbiq": "deepbiq",
    "lite": "lite",
    "lite_local": "lite_local",
    "nima": "nima",
    "niqe": "niqe",
    "paq2piq_head": "paq2piq_rm_head",
    "patchnet": "patchnet",
    "resnet18": "paq2piq_rm",
    "rnn_biqa": "rnn_biqa",
    "wadiqam": "wadiqam_nr",
}
# Widths of shipped files, and fewer layers of one kind.
SETTINGS = {
    "brisque": {"vectors": 2716},
    "cornia": {"codewords": 1000},
    "efficientnet_lite": {"variant": "lite0"},
    "rnn_biqa": {"features": 1696},
}
ATOL = 1e-6  # float32, relative above 1: the same kernels, up to their order of additions


def _plain_sequential():
    return keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="hidden"), layers.BatchNormalization(name="norm")]
    )


def _equal_heads():
    """Two heads of equal shapes, as WaDIQaM has them, with named outputs."""
    x = keras.Input((6,), name="features")
    weight = layers.Dense(1, name="weight")(layers.Dense(4, name="weight_hidden")(x))
    quality = layers.Dense(1, name="quality")(layers.Dense(4, name="quality_hidden")(x))
    return keras.Model(x, {"weight": weight, "quality": quality})


def _siamese():
    """One layer called on two inputs, and three ways to join."""
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    shared = layers.Dense(4, name="shared")
    difference = layers.Subtract(name="difference")([shared(a), shared(b)])
    joined = layers.Concatenate(name="joined")([shared(a), shared(b), difference])
    return keras.Model([a, b], [layers.Dense(1, name="score")(joined), difference])


def _dense_block():
    """The layers of a flat DenseNet, one of them frozen."""
    x = inputs = keras.Input((None, None, 3), name="maps")
    x = layers.ZeroPadding2D(1, name="pad")(x)
    x = layers.Conv2D(4, 3, use_bias=False, name="conv")(x)
    y = layers.Activation("relu", name="relu")(layers.BatchNormalization(name="norm")(x))
    y = layers.Conv2D(4, 3, padding="same", name="grow")(y)
    x = layers.AveragePooling2D(2, name="pool")(layers.Concatenate(name="concat")([x, y]))
    x = layers.GlobalMaxPooling2D(name="max")(layers.Conv2D(1, 1, name="score")(x))
    model = keras.Model(inputs, x)
    model.get_layer("norm").trainable = False
    return model


def _scaled_input():
    """Both ways to scale the input: by settings, and by statistics that are weights."""
    x = inputs = keras.Input((8, 8, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=[-1.0, -0.9, -0.8], name="rescale")(x)
    x = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0], name="fixed")(x)
    adapted = layers.Normalization(name="adapted")
    adapted.adapt(np.random.default_rng(1).uniform(0, 9, (20, 8, 8, 3)))
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="mean")(adapted(x)))


def _recurrent():
    """Padded sequences through masking, GRU and a wrapper."""
    x = inputs = keras.Input((None, 4), name="features")
    x = layers.Masking(name="masking")(x)
    x = layers.GRU(3, return_sequences=True, name="gru")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    x = layers.Bidirectional(layers.GRU(3), name="both")(x)
    return keras.Model(inputs, layers.Dense(1, name="score")(x))


def _nested():
    """Sub-models of both kinds, called twice, followed by layers and not."""
    x = keras.Input((4,), name="inner")
    y = layers.BatchNormalization(name="inner_norm")(layers.Dense(4, name="inner_dense")(x))
    inner = keras.Model(x, layers.Dense(4, name="inner_last")(y), name="inner_model")
    stack = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="stacked")], name="stack")
    x = keras.Input((4,), name="outer")
    y = layers.Dense(2, name="score")(inner(inner(x)))
    return keras.Model(x, {"score": y, "inner": inner(x), "stack": stack(x)})


def _mixed_precision():
    """Built under a half-precision policy, as training on a GPU does."""
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        x = keras.Input((6,), name="features")
        y = layers.Dense(1, dtype="float32", name="score")(layers.Dense(4, name="hidden")(x))
        return keras.Model(x, y)
    finally:
        keras.mixed_precision.set_dtype_policy(before)


GRAPHS = {
    "plain_sequential": _plain_sequential,
    "equal_heads": _equal_heads,
    "siamese": _siamese,
    "dense_block": _dense_block,
    "scaled_input": _scaled_input,
    "recurrent": _recurrent,
    "nested": _nested,
}

SCRIPT = textwrap.dedent(
    """
    import gc, importlib, json, logging, pathlib, sys, warnings

    gc.disable()  # of thousands of layers nothing is garbage

    class Blocked:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] == "kiqa":
                raise ImportError("kiqa is blocked")

    sys.meta_path.insert(0, Blocked())
    try:
        import kiqa
    except ImportError:
        pass
    else:
        sys.exit("kiqa could be imported")

    import numpy as np

    folder = pathlib.Path.cwd()
    said = []

    class Listener(logging.Handler):
        def emit(self, record):
            said.append(record.getMessage())

    for name in ("absl", "tensorflow"):
        logging.getLogger(name).addHandler(Listener(logging.WARNING))

    def flat(outputs):
        if isinstance(outputs, dict):
            outputs = [outputs[key] for key in sorted(outputs)]
        return [np.asarray(o) for o in (outputs if isinstance(outputs, list) else [outputs])]

    def difference(model, name):
        with np.load(folder / f"{name}.npz") as arrays:
            inputs = [arrays[f"in{i}"] for i in range(len(model.inputs))]
            expected = [arrays[key] for key in sorted(arrays) if key.startswith("out")]
        outputs = flat(model(inputs if len(inputs) > 1 else inputs[0]))
        assert [o.shape for o in outputs] == [e.shape for e in expected]
        off = [np.abs(o - e) / np.maximum(1, np.abs(e)) for o, e in zip(outputs, expected)]
        return max(float(np.max(part)) for part in off)

    def patchnet():
        stack = [layers.Input((64, 64, 3)), layers.Rescaling(1 / 255)]
        for widths in ((32, 32), (64, 64), (128, 128, 128)):
            stack += [layers.Conv2D(w, 3, activation="relu") for w in widths]
            stack.append(layers.MaxPooling2D())
        stack.append(layers.Flatten())
        stack += [layers.Dense(w, activation="relu") for w in (1024, 16, 8)]
        stack.append(layers.Dense(1, activation="sigmoid"))
        return keras.Sequential(stack)

    def heads(first, second):
        x = layers.Input((6,))
        out = {}
        for head in (first, second):
            hidden = layers.Dense(4, name=f"{head}_hidden")(x)
            out[head] = layers.Dense(1, name=head)(hidden)
        return keras.Model(x, out)

    def report_of(library, twice, examples):
        warnings.simplefilter("error")
        report = {"keras": keras.__version__, "whole": {}, "by_hand": {}}
        for file in sorted(set(folder.glob("*.h5")) - set(folder.glob("foreign_*"))):
            said.clear()
            model = keras.models.load_model(file)
            report["whole"][file.stem] = {
                "difference": difference(model, file.stem),
                "said": [text for text in said if "No training configuration" not in text],
                "compiled": bool(getattr(model, "optimizer", None)),
            }
            if file.stem not in twice:
                continue  # whole networks take long
            said.clear()
            keras.models.load_model(file, compile=False)
            report["whole"][file.stem]["said"] += said
        twin = patchnet()
        twin.load_weights(folder / "shipped_patchnet.h5")
        report["by_hand"]["sequential"] = difference(twin, "shipped_patchnet")
        twin = heads("weight", "quality")
        twin.load_weights(folder / "equal_heads.h5")
        report["by_hand"]["functional"] = difference(twin, "equal_heads")
        twin = heads("quality", "weight")
        twin.load_weights(str(folder / "equal_heads.h5"), by_name=True)
        report["by_hand"]["by_name"] = difference(twin, "equal_heads")

        warnings.simplefilter("ignore")  # both Kerases call their own .h5 writer legacy
        keras.utils.set_random_seed(4)
        x = layers.Input((12, 12, 3), name="pixels")
        y = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, name="conv")(x))
        foreign = keras.Model(x, layers.Dense(1, name="score")(layers.Flatten(name="flat")(y)))
        foreign.compile("adam", loss="mse")
        foreign.save(folder / f"foreign_{library}.h5")
        pixels = np.random.default_rng(3).uniform(0, 1, (2, 12, 12, 3)).astype("float32")
        out = np.asarray(foreign(pixels))
        np.savez(folder / f"foreign_{library}.npz", pixels=pixels, out=out)

        warnings.resetwarnings()
        names = {}
        exec(examples.replace("import keras ", f"import {library} as keras "), names)
        assert names["keras"] is keras
        ways = [names[way].predict(names["patches"], verbose=0) for way in ("model", "mine")]
        report["examples"] = float(np.abs(np.subtract(*ways)).max())
        return report

    for library, twice in json.loads(sys.argv[1]).items():
        keras = importlib.import_module(library)
        layers = keras.layers
        report = report_of(library, twice, sys.argv[2])
        (folder / f"{library}.json").write_text(json.dumps(report))
        gc.collect()  # the networks of this Keras
    """
)


def _by_builder(name, **settings):
    return builder(name)(**SETTINGS.get(name, {}), **settings)


def _flat(outputs):
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    return [np.asarray(o) for o in (outputs if isinstance(outputs, list) else [outputs])]


def _record(model, path, rng):
    """Save random inputs of a model, and its outputs."""
    least = 32 if "aggregator" in path.stem else 12
    sizes = [[2, *(side or least for side in tensor.shape[1:])] for tensor in model.inputs]
    inputs = [rng.uniform(0, 1, size).astype(np.float32) for size in sizes]
    if path.stem == "recurrent":
        inputs[0][1, 5:] = 0  # padding, which the mask must hide
    if path.stem in ("shipped_rnn_biqa", "average_biqa"):
        inputs[0][1, 5:] = -1
    outputs = _flat(model(inputs if len(inputs) > 1 else inputs[0]))
    named = {f"in{i}": array for i, array in enumerate(inputs)}
    np.savez(path, **named, **{f"out{i}": array for i, array in enumerate(outputs)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory, built_once):
    """Folder with every graph as .h5, and inputs and outputs as .npz."""
    path = tmp_path_factory.mktemp("published")
    rng = np.random.default_rng(2)
    for name in [name for name in (*MODELS, *GRAPHS) if name not in AS_SHIPPED]:
        model = _by_builder(name, seed=1) if name in MODELS else GRAPHS[name]()
        for variable in model.weights:
            if name in GRAPHS and variable.name != "count":
                variable.assign(rng.uniform(0.1, 0.9, variable.shape))
            elif model.count_params() > 2_500_000:  # large files store float16
                variable.assign(np.asarray(variable).astype(np.float16))
        for layer in model.layers:
            if isinstance(layer, layers.Normalization):
                layer.finalize_state()
        target = path / f"{name}.h5"
        export_h5(
            model,
            target,
            Details(name=name, version="1", scale="0..1", higher_is_better=True, mode="test"),
        )
        _record(model, target.with_suffix(".npz"), rng)
    for file in sorted(SHIPPED.glob("*.h5")):
        target = path / f"shipped_{file.name}"
        target.symlink_to(file)
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr("kiqa.io.weights.h5._built", built_once)
            _record(load_model(file), target.with_suffix(".npz"), rng)
    return path


@pytest.fixture(scope="module")
def reports(folder):
    """What each Keras reported of all files, and of the examples, in a process without kiqa."""
    twice = {"keras": [*GRAPHS]}
    if find_spec("tf_keras"):
        twice["tf_keras"] = [name for name in GRAPHS if name != "recurrent"]  # it traces gradients
    blocks = [code for page in WITHOUT_KIQA for code in python_blocks(page, with_kiqa=False)]
    (folder / "weights").symlink_to(SHIPPED)  # which the examples open
    run = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, json.dumps(twice), "\n".join(blocks)],
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "KERAS_HOME": str(folder)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return {library: json.loads((folder / f"{library}.json").read_text()) for library in twice}


@pytest.fixture(params=KERASES)
def report(request, reports):
    """What one Keras reported."""
    pytest.importorskip(request.param)
    return reports[request.param]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*MODELS, *GRAPHS])
def test_file_opens_whole_and_silently(report, name):
    """Same outputs, uncompiled, and no warning but Keras's line on uncompiled files."""
    shipped = AS_SHIPPED.get(name)
    result = report["whole"][f"shipped_{shipped}" if shipped else name]
    assert result["difference"] < ATOL
    assert result["said"] == []
    assert not result["compiled"]


# Seeds differ, and the shipped files have settings that today's exports leave to their defaults.
OTHER = ("seed", "renorm", "renorm_clipping", "renorm_momentum")


def _compared(config):
    if isinstance(config, dict):
        return {key: _compared(part) for key, part in config.items() if key not in OTHER}
    return [_compared(part) for part in config] if isinstance(config, list) else config


@pytest.mark.slow
@pytest.mark.parametrize(("name", "shipped"), AS_SHIPPED.items())
def test_shipped_file_has_the_graph_of_the_builder(name, shipped):
    """What would be exported today, layer by layer, so that the file stands for it."""
    with without_memory():  # of whose weights nobody asks
        today = json.loads(json.dumps(keras2_config(_by_builder(name))))
    with h5py.File(SHIPPED / f"{shipped}.h5") as file:
        assert _compared(today) == _compared(json.loads(file.attrs["model_config"]))


@pytest.mark.slow
def test_shipped_files_open_whole(report):
    """Every shipped network gives kiqa's own output without kiqa."""
    shipped = {name: r for name, r in report["whole"].items() if name.startswith("shipped_")}
    assert len(shipped) == len(list(SHIPPED.glob("*.h5")))
    assert [name for name, r in shipped.items() if r["difference"] >= ATOL or r["said"]] == []


@pytest.mark.slow
@pytest.mark.parametrize("way", ["sequential", "functional", "by_name"])
def test_weights_load_into_a_hand_written_model(report, way):
    """load_weights fills a Sequential and a Functional by order, and swapped heads by name."""
    assert report["by_hand"][way] < ATOL


@pytest.mark.slow
def test_examples_of_the_pages_run(report):
    """The README's and the guide's open the shipped file, and both of their ways agree."""
    assert WITHOUT_KIQA == ["README.md", "keras.md"]
    assert report["examples"] < ATOL


@pytest.mark.slow
def test_compiled_foreign_file_loads_in_kiqa(report, folder):
    """A file compiled with loss="mse", by Keras 3 or Keras 2, gives the same outputs here."""
    name = "tf_keras" if report["keras"].startswith("2.") else "keras"
    with np.load(folder / f"foreign_{name}.npz") as arrays:
        model = load_model(folder / f"foreign_{name}.h5")
        np.testing.assert_allclose(np.asarray(model(arrays["pixels"])), arrays["out"], atol=ATOL)
        assert np.ptp(arrays["out"]) > 1000 * ATOL  # the two images are told apart


def test_half_precision_training_is_published_in_full_precision(tmp_path):
    """A mixed_float16 model comes back with float32 layers and its very weights."""
    model = _mixed_precision()
    path = tmp_path / "mixed.h5"
    export_h5(model, path, Details(name="mixed", version="1", scale="0..1", higher_is_better=True))
    loaded = load_model(path)
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    for variable, original in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), np.asarray(original))
