"""The Keras 2 dialect of a model's JSON: what is rewritten, what is refused."""

import json

import keras
import pytest
from keras import layers

from kiqa.io.weights.dialect import keras2_config
from kiqa.io.weights.model_configs import build_model


def _model(*stack, shape=(6,)):
    x = inputs = keras.Input(shape, name="input")
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, x, name="model")


def _keys(value):
    """All keys at any depth."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _keys(item)


def _layer(config, name):
    return next(entry for entry in config["config"]["layers"] if entry["name"] == name)


def test_keras_2_reads_no_key_it_does_not_know():
    """The keys that tf_keras or Keras before 3.14 rejects are gone, and class paths with them."""
    model = _model(layers.Dense(3, name="dense"), layers.BatchNormalization(name="norm"))
    unknown = {"batch_shape", "optional", "quantization_config", "module", "renorm"}
    assert unknown <= set(_keys(model.get_config()))
    unknown |= {"input_axes", "output_axes", "renorm_clipping", "renorm_momentum"}
    assert unknown & set(_keys(keras2_config(model))) == set()


def test_calls_and_ends_have_the_form_of_keras_2():
    """Calls are lists of [layer, call, tensor, keywords]; a single end is not wrapped."""
    config = keras2_config(_model(layers.BatchNormalization(name="norm")))
    assert _layer(config, "norm")["inbound_nodes"] == [[["input", 0, 0, {}]]]
    assert config["config"]["input_layers"] == ["input", 0, 0]
    assert config["config"]["output_layers"] == ["norm", 0, 0]
    assert _layer(config, "input")["config"]["batch_input_shape"] == [None, 6]


def test_named_outputs_keep_their_names():
    """A dict of outputs stays a dict."""
    x = keras.Input((6,), name="input")
    ends = {"weight": layers.Dense(1, name="w")(x), "quality": layers.Dense(1, name="q")(x)}
    config = keras2_config(keras.Model(x, ends))
    assert config["config"]["output_layers"] == {"weight": ["w", 0, 0], "quality": ["q", 0, 0]}


def test_keywords_of_a_call_are_kept():
    """training=False of a frozen call stays; empty keywords go."""
    x = keras.Input((6,), name="input")
    model = keras.Model(x, layers.BatchNormalization(name="norm")(x, training=False))
    node = _layer(keras2_config(model), "norm")["inbound_nodes"]
    assert node == [[["input", 0, 0, {"training": False}]]]


def test_layer_in_a_wrapper_keeps_its_class_path():
    """Keras 3 finds a wrapped layer by module and registered_name only."""
    model = _model(layers.Bidirectional(layers.GRU(2), name="both"), shape=(5, 3))
    wrapped = _layer(keras2_config(model), "both")["config"]["layer"]
    assert (wrapped["module"], wrapped["registered_name"]) == ("keras.layers", None)
    assert "build_config" not in wrapped


def test_masking_leaves_no_operators():
    """NotEqual and Any go with the mask that they hand on."""
    model = _model(layers.Masking(name="masking"), layers.GRU(2, name="gru"), shape=(None, 3))
    assert {"NotEqual", "Any"} <= {entry["class_name"] for entry in model.get_config()["layers"]}
    config = keras2_config(model)
    assert [entry["class_name"] for entry in config["config"]["layers"]] == [
        "InputLayer",
        "Masking",
        "GRU",
    ]
    [[(*tensor, keywords)]] = _layer(config, "gru")["inbound_nodes"]
    assert tensor == ["masking", 0, 0]
    assert "mask" not in keywords


def test_every_dtype_is_float32_and_every_layer_trainable():
    """Mixed precision and frozen layers are of the training, not of the published file."""
    dense = layers.Dense(2, dtype="mixed_float16", name="dense")
    model = _model(dense)
    dense.trainable = False
    settings = _layer(keras2_config(model), "dense")["config"]
    assert (settings["dtype"], settings["trainable"]) == ("float32", True)


def test_sub_model_that_layers_follow_moves_into_a_sequential():
    """The two Kerases number the calls of such a sub-model differently; of a Sequential not."""
    inner = _model(layers.Dense(3, name="dense"))
    x = keras.Input((6,), name="outer")
    followed = keras2_config(keras.Model(x, layers.Dense(1, name="end")(inner(x))))
    last = keras2_config(keras.Model(x, inner(x)))
    assert _layer(followed, "model")["class_name"] == "Sequential"
    assert _layer(followed, "end")["inbound_nodes"] == [[["model", 0, 0, {}]]]
    assert _layer(last, "model")["class_name"] == "Functional"


def test_config_survives_json_and_rebuilds():
    """What is written as JSON builds a model of the same weights in the same order."""
    model = _model(layers.Conv2D(2, 3, name="conv"), layers.Flatten(), shape=(8, 8, 1))
    twin = build_model(json.loads(json.dumps(keras2_config(model))))
    assert [w.shape for w in twin.weights] == [w.shape for w in model.weights]
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]


class Own(layers.Layer):
    """A layer that only this file knows."""

    def call(self, x):
        """Hand on."""
        return x

    def compute_output_shape(self, shape):
        """The same."""
        return shape


class OwnModel(keras.Model):
    """A subclassed model."""

    def call(self, x):
        """Hand on."""
        return x


def _with_operator():
    x = keras.Input((6,), name="input")
    return keras.Model(x, keras.ops.mean(x * 2.0, axis=1), name="model")


def _with_given_mask():
    x, mask = keras.Input((5, 3), name="x"), keras.Input((5,), dtype="bool", name="given")
    return keras.Model([x, mask], layers.GRU(2, name="gru")(x, mask=mask), name="model")


def _with_two_arguments():
    x = keras.Input((5, 4), name="x")
    attention = layers.MultiHeadAttention(1, 2, name="attention")
    return keras.Model(x, attention(x, x), name="model")


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (lambda: _model(layers.Lambda(lambda x: x, name="anything")), "'anything' (Lambda)"),
        (lambda: _model(Own(name="own")), "'own' (Own"),
        (lambda: _model(layers.TimeDistributed(Own(name="in")), shape=(2, 3)), "'in' (Own"),
        (lambda: _model(_model(Own(name="deep"))), "'deep' (Own"),
        (lambda: OwnModel(name="whole"), "'whole' (OwnModel"),
        (_with_operator, "(Mean); 'multiply"),
        (_with_given_mask, "'gru' called with the mask 'given'"),
        (_with_two_arguments, "'attention'"),
        (lambda: _model(layers.LeakyReLU(name="leaky")), "'leaky' with negative_slope"),
        (lambda: keras.Sequential([layers.Dense(1)], name="unbuilt"), "'unbuilt'"),
    ],
    ids=[
        *("lambda", "layer", "wrapped", "nested", "model", "operator", "mask", "arguments"),
        *("setting", "unbuilt"),
    ],
)
def test_refuses_what_cannot_open_elsewhere(build, named):
    """The message names the layer that stops the file from opening without this program."""
    with pytest.raises(ValueError, match="^Expected") as caught:
        keras2_config(build())
    assert named in str(caught.value)
