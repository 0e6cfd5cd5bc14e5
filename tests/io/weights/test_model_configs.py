"""Models of the configuration in a file."""

import copy
import json
import os

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.saving.serialization_lib import SafeModeScope, in_safe_mode

from kiqa.io.weights.model_configs import build_model, checked_config, planned_model


def _sequential(*entries):
    return {"class_name": "Sequential", "config": {"name": "model", "layers": list(entries)}}


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Lambda", "config": {"name": "x", "function": ["code", None, None]}},
        {"class_name": "TFSMLayer", "config": {"name": "x", "filepath": "model"}},
        {"class_name": "Thing", "module": "os", "config": {"name": "x"}},
        {"class_name": "Own", "registered_name": "theirs>Own", "config": {"name": "x"}},
    ],
    ids=["lambda", "saved model", "module", "registered"],
)
def test_building_refuses_foreign_code(config):
    """Configs that run or need code from outside Keras are refused before anything is built."""
    model = {"class_name": "Sequential", "config": {"name": "model", "layers": [config]}}
    with pytest.raises(ValueError, match="'x'"):
        build_model(model)


@pytest.mark.parametrize("config", [[], {}, {"class_name": "Dense", "config": {}}, "text"])
def test_building_refuses_what_is_no_model(config):
    """A config of anything else is named as such."""
    with pytest.raises(ValueError, match="Expected a Functional or Sequential model"):
        build_model(config)


@pytest.mark.parametrize(
    "changes",
    [
        {"class_name": "layers.Lambda", "module": "keras"},
        {"class_name": "Lambda", "module": "keras.layers"},
        {"class_name": "lambda", "module": "keras.layers"},
        {"class_name": "Dense", "module": "keras.src.layers.core.dense"},
        {"class_name": "Dense", "module": "keras"},
        {"class_name": "Dense", "module": "keras.layers", "registered_name": "theirs>Dense"},
        {"class_name": "StringLookup"},
        {"class_name": "TextVectorization"},
        {"class_name": "RandomFlip"},
        {"class_name": "Functional", "module": "os"},
    ],
    ids=lambda changes: f"{changes.get('module')} {changes['class_name']}",
)
def test_a_class_counts_by_its_one_spelling(changes):
    """Keras finds classes under many names; a file has to use the documented one."""
    entry = {"name": "x", "config": {"name": "x", "units": 1}, **changes}
    if changes["class_name"] == "Functional":
        ends = {"input_layers": [], "output_layers": []}
        entry["config"] = {"name": "x", "layers": [], **ends}
    with pytest.raises(ValueError, match=r"Expected stock Keras layers.*'x'.*Save it again"):
        build_model(_sequential(entry))


@pytest.mark.parametrize("name", ["secret", "pipe"])
def test_no_other_file_is_opened(tmp_path, name):
    """A vocabulary that is a path is refused at once; a pipe would wait for a writer."""
    path = tmp_path / name
    if name == "pipe":
        os.mkfifo(path)
    else:
        path.write_text("one\ntwo\n")
    lookup = {"class_name": "StringLookup", "config": {"name": "s", "vocabulary": str(path)}}
    with pytest.raises(ValueError, match=r"'s' \(StringLookup\)"):
        build_model(_sequential(lookup))
    hidden = {"class_name": "Dense", "config": {"name": "d", "units": 1, "vocabulary": str(path)}}
    with pytest.raises(ValueError, match=r"'d' \(Dense with vocabulary="):
        build_model(_sequential(hidden))


def test_functions_in_calls_and_wrappers_are_refused():
    """Nothing that a file says reaches Keras unread: keywords of calls, wrapped layers."""
    x = keras.Input((4, 3), name="x")
    model = keras.Model(x, layers.TimeDistributed(layers.Dense(2), name="each")(x))
    config = {"class_name": "Functional", "config": json.loads(json.dumps(model.get_config()))}
    assert build_model(copy.deepcopy(config)).output_shape == (None, 4, 2)
    wrapped = copy.deepcopy(config)
    wrapped["config"]["layers"][1]["config"]["layer"]["class_name"] = "Lambda"
    with pytest.raises(ValueError, match=r"'dense[^']*' \(Lambda\)"):
        build_model(wrapped)
    called = copy.deepcopy(config)
    function = {"class_name": "function", "module": "keras.ops", "config": "cond"}
    called["config"]["layers"][1]["inbound_nodes"][0]["kwargs"]["mask"] = function
    with pytest.raises(ValueError, match="'each'"):
        build_model(called)


def test_the_private_scope_of_safe_building_is_there(monkeypatch):
    """Keras 3.14 and 3.15 have it; what a program allows for its own files is set back after."""
    seen = []
    given = keras.Sequential.from_config
    monkeypatch.setattr(
        keras.Sequential,
        "from_config",
        lambda config, custom_objects: seen.append(in_safe_mode()) or given(config, custom_objects),
    )
    with SafeModeScope(False):
        build_model(_sequential({"class_name": "Identity", "config": {"name": "x"}}))
        assert in_safe_mode() is False
    assert seen == [True], keras.__version__


def test_unsafe_deserialisation_does_not_reach_it():
    """What a program allows for its own files is not allowed here."""
    with SafeModeScope(False), pytest.raises(ValueError, match="Lambda"):
        build_model(_sequential({"class_name": "Lambda", "config": {"name": "x"}}))


def test_work_is_counted_before_it_is_done():
    """Models within models that double their calls at each level, and nests without end."""

    def doubled(depth):
        name = f"level{depth}"
        inner = (
            {"class_name": "Identity", "config": {"name": "inner"}}
            if depth == 0
            else doubled(depth - 1)
        )
        calls = [[["in", 0, 0, {}]], [["inner", 1, 0, {}]]]
        start = {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 2]}}
        return {
            "class_name": "Functional",
            "config": {
                "name": name,
                "layers": [
                    {**start, "name": "in", "inbound_nodes": []},
                    {**inner, "name": "inner", "inbound_nodes": calls},
                ],
                "input_layers": [["in", 0, 0]],
                "output_layers": [["inner", 2, 0]],
            },
        }

    with pytest.raises(ValueError, match="calls of layers, of 20000 at most"):
        checked_config(doubled(14))
    with pytest.raises(ValueError, match="models within models"):
        checked_config(doubled(30))
    deep = {"name": "d", "units": 1, "kernel_size": []}
    for _ in range(5000):
        deep["kernel_size"] = [deep["kernel_size"]]
    with pytest.raises(ValueError, match="nested too deeply"):
        checked_config(_sequential({"class_name": "Dense", "config": deep}))


def _ten_gigabytes():
    return _sequential(
        {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 50_000]}},
        {"class_name": "Dense", "config": {"name": "wide", "units": 50_000}},
    )


def _nothing_waits():
    with keras.StatelessScope():
        pass  # would give memory to what the thread still knows


def test_a_planned_model_has_shapes_and_no_memory():
    """Ten gigabytes of weights are named in a moment, and nothing waits for them afterwards."""
    planned = planned_model(_ten_gigabytes())
    assert [tuple(weight.shape) for weight in planned.weights] == [(50_000, 50_000), (50_000,)]
    _nothing_waits()


def test_what_is_not_wanted_takes_no_memory():
    """The check sees names and shapes; after its error nothing waits for memory."""

    def check(model):
        raise ValueError(f"{model.count_params()} numbers")

    with pytest.raises(ValueError, match="^2500050000 numbers$"):
        build_model(_ten_gigabytes(), check)
    _nothing_waits()


def test_variables_of_others_wait_on():
    """What a program planned before is neither made nor forgotten (Keras 3.14 and 3.15)."""
    with keras.StatelessScope(initialize_variables=False):
        waiting = keras.Variable("zeros", shape=(3,))
    model = build_model(_sequential(
        {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 4]}},
        {"class_name": "Dense", "config": {"name": "wide", "units": 2}},
    ))  # fmt: skip
    assert model(np.ones((1, 4))).shape == (1, 2)
    with pytest.raises(AttributeError):
        waiting.assign(np.ones(3))
    _nothing_waits()
    assert waiting.numpy().tolist() == [0, 0, 0]


def test_settings_survive_being_checked():
    """A network of both dialects is the same after the check."""
    x = keras.Input((8, 8, 3), name="x")
    y = layers.Conv2D(4, 3, kernel_regularizer="l2", activation="relu", name="conv")(x)
    y = layers.ReLU(6.0, name="relu6")(layers.BatchNormalization(name="norm")(y))
    y = layers.Dense(1, kernel_initializer=keras.initializers.Orthogonal(2.0), name="score")(y)
    model = keras.Model(x, {"map": y}, name="net")
    config = {"class_name": "Functional", "config": json.loads(json.dumps(model.get_config()))}
    found = build_model(config).get_config()
    for mine, theirs in zip(found["layers"], model.get_config()["layers"], strict=True):
        assert mine["config"] == theirs["config"]


def test_nothing_is_drawn_and_the_initializers_stay():
    """Also in networks within networks."""
    start = keras.initializers.HeNormal(seed=3)
    inner = keras.Sequential([
        keras.Input((8, 8, 3)), layers.DepthwiseConv2D(3, depthwise_initializer=start, name="deep"),
        layers.Conv2D(4, 3, kernel_initializer=start, name="conv"),
    ], name="inner")  # fmt: skip
    outer = keras.Sequential([keras.Input((8, 8, 3)), inner, layers.Dense(2, name="score")])
    found = build_model({"class_name": "Sequential", "config": outer.get_config()})
    assert not any(weight.numpy().any() for weight in found.trainable_weights)
    score, inner = found.get_layer("score"), found.get_layer("inner")
    assert isinstance(score.kernel_initializer, keras.initializers.GlorotUniform)
    assert inner.get_layer("conv").kernel_initializer.get_config() == start.get_config()
    assert inner.get_layer("deep").depthwise_initializer.get_config() == start.get_config()
