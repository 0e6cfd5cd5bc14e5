"""Which settings a model file may have."""

import keras
import pytest

from kiqa.io.weights.allowed import LAYERS, SettingError, setting

SHELL = {"class_name": "function", "module": "os", "config": "system", "registered_name": "system"}


def test_every_layer_is_one_of_keras():
    """The list has no name that Keras would have to look up elsewhere."""
    for name in LAYERS:
        found = getattr(keras.layers, name)
        assert issubclass(found, keras.layers.Layer) and found.__name__ == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("units", 3),
        ("kernel_size", [3, 3]),
        ("padding", "same"),
        ("padding", [[1, 1], [0, 2]]),
        ("max_value", None),
        ("activation", "relu"),
        ("seed", 4095039000),
        ("kernel_initializer", "glorot_uniform"),
        ("kernel_initializer", {"class_name": "Zeros", "config": {}}),
        ("kernel_regularizer", {"class_name": "L2", "config": {"l2": 1e-4}}),
        ("bias_constraint", None),
        ("stateful", False),
        ("batch_input_shape", [None, None, None, 3]),
    ],
)
def test_numbers_and_known_names_pass(name, value):
    """As Keras 2 and Keras 3 write them."""
    assert setting(name, value) == value


def test_spellings_of_two_kerases_become_one():
    """A policy becomes its name, NumPy's arrays lists; what Keras 2 does not know goes."""
    policy = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}}
    assert setting("dtype", policy) == "float32"
    array = {"class_name": "__numpy__", "config": {"value": [1.0, 2.0], "dtype": "float32"}}
    assert setting("mean", array) == [1.0, 2.0]
    found = {"class_name": "HeNormal", "config": {"seed": 1, "dtype": "float32"}}
    assert setting("kernel_initializer", found)["config"] == {"seed": 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vocabulary", "/etc/passwd"),
        ("units", "/etc/passwd"),
        ("function", SHELL),
        ("activation", SHELL),
        ("activation", "keras.ops.cond"),
        ("activation", "Lambda"),
        ("kernel_initializer", SHELL),
        ("kernel_initializer", "numpy.load"),
        ("kernel_initializer", {"class_name": "Zeros", "module": "os", "config": {}}),
        ("kernel_initializer", {"class_name": "Constant", "config": {"value": "file"}}),
        ("kernel_initializer", {"class_name": "Constant", "config": {"file": 1}}),
        ("kernel_regularizer", {"class_name": "Zeros", "config": {}}),
        ("dtype", "object"),
        ("dtype", {"class_name": "DTypePolicyMap", "config": {"name": "float32"}}),
        ("padding", "/etc/passwd"),
        ("rate", float("nan")),
        ("size", 10**6),
        ("stateful", True),
        ("unroll", True),
        ("quantization_config", {"class_name": "Thing", "config": {}}),
        ("name", "n" * 10_000),
        ("offset", {"a": 1}),
    ],
)
def test_paths_functions_and_unknown_names_are_refused(name, value):
    """Whatever is no number and no word of its setting; the message is short."""
    with pytest.raises(SettingError, match=name) as caught:
        setting(name, value)
    assert len(str(caught.value)) < 200
