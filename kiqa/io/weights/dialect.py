"""The model description inside a published ``.h5``, in the Keras 2 dialect.

Keras 3 reads the JSON that Keras 2 wrote, Keras 2 does not read that of
Keras 3. So `keras2_config` turns the config of a Keras 3 model into what both
understand, and refuses what a file without this package cannot hold: `Lambda`,
layers of one's own, operators between symbolic tensors.

What the rewrite changes: ``batch_shape`` becomes ``batch_input_shape``;
dtype policies become ``"float32"`` (a network trained in mixed precision is
published in full precision); every layer is trainable, which fixes the order
of the weights; class paths go, except inside wrappers such as
``Bidirectional``, where Keras 3 wants them; the operator nodes that
``Masking`` leaves behind go, the mask propagates by itself.

One thing is no rewrite but a detour: the two Kerases number the calls of a
Functional model inside a graph differently (from 0 and from 1). If other
layers follow such a sub-model, it is put into a Sequential of the same name,
behind an identity activation, whose calls both number from 0. Weights and
their order stay.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kiqa.io.weights.graph_configs import history, is_leaf, layers_without_masks, tensors
from kiqa.io.weights.model_configs import GRAPH_CLASSES, checked_config

if TYPE_CHECKING:
    import keras

_INITIALIZER_KEYS = ("input_axes", "output_axes")

# Settings that Keras 2 does not know, by class ("": any), with the value that changes nothing:
# dropped when they hold it, refused otherwise.
_KERAS_3_SETTINGS: dict[str, dict[str, Any]] = {
    "": {"optional": False, "quantization_config": None, "lora_rank": None, "lora_alpha": None},
    # Keras before 3.14 does not know them either.
    "BatchNormalization": {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99},
    "CenterCrop": {"data_format": "channels_last"},
    "LayerNormalization": {"rms_scaling": False},
    "LeakyReLU": {"negative_slope": None},  # Keras 2 calls it alpha
    "Resizing": {
        "antialias": False,
        "data_format": "channels_last",
        "fill_mode": "constant",
        "fill_value": 0.0,
        "pad_to_aspect_ratio": False,
    },
}


def keras2_config(model: "keras.Model") -> dict[str, Any]:
    """Describe a model so that Keras 3 and Keras 2 can both rebuild it.

    Args:
        model: Functional or Sequential ``keras.Model`` of stock layers,
            built; compiled or not.

    Returns:
        ``{"class_name": ..., "config": ...}``, ready for JSON.

    Raises:
        ValueError: If the model holds what only its own program can rebuild;
            the message names the layers.
    """
    custom = sorted(set(_custom_layers(model)))
    if custom:
        raise ValueError(
            f"Expected a Functional or Sequential model of stock Keras layers. Received: "
            f"{model.name!r} with {'; '.join(custom)}. Rebuild it of keras.layers only, or do "
            "that step outside the published graph."
        )
    if not model.built:
        raise ValueError(
            f"Expected a built model. Received: {model.name!r}, which has no weights yet. Give "
            "it an input shape with keras.Input."
        )
    class_name = type(model).__name__
    config = model.get_config()
    if class_name == "Sequential":
        result = {"class_name": "Sequential", "config": _sequential(config, nested=False)}
    else:
        result = {"class_name": "Functional", "config": _functional(config)}
    checked_config(result)  # a file is written that can be read
    return result


def _custom_layers(model: "keras.Model") -> Iterator[str]:
    """Yield "'name' (Class)" for the model and layers whose class is not Keras's own."""
    import keras

    if not type(model).__module__.startswith("keras."):
        yield f"{model.name!r} ({type(model).__name__}, a class of its own)"
        return
    for layer in model.layers:
        if not type(layer).__module__.startswith("keras."):
            yield f"{layer.name!r} ({type(layer).__name__}, a class of its own)"
        elif isinstance(layer, keras.Model):
            yield from _custom_layers(layer)


def _sequential(config: dict[str, Any], *, nested: bool) -> dict[str, Any]:
    """Rewrite a Sequential; a nested one is built by its first call, not by an input layer."""
    entries = config["layers"]
    if nested:
        entries = [entry for entry in entries if entry["class_name"] != "InputLayer"]
    result = {"name": config["name"], "layers": [_layer(entry) for entry in entries]}
    if not nested and config.get("build_input_shape"):
        result["build_input_shape"] = _plain(config["build_input_shape"])
    return result


def _functional(config: dict[str, Any]) -> dict[str, Any]:
    """Rewrite a graph: its layers, its calls, its inputs and outputs."""
    entries = layers_without_masks(config)
    submodels = {entry["name"] for entry in entries if entry["class_name"] == "Functional"}
    followed = submodels & {
        name
        for entry in entries
        for node in entry["inbound_nodes"]
        for name, _, _ in tensors(node["args"])
    }
    layers = []
    for entry in entries:
        layer = _layer(entry)
        if entry["name"] in followed:
            layer = _in_sequential(layer)
        layer["name"] = entry["name"]
        layer["inbound_nodes"] = [_node(node, entry["name"]) for node in entry["inbound_nodes"]]
        layers.append(layer)
    return {
        "name": config["name"],
        "trainable": True,
        "layers": layers,
        "input_layers": _plain(config["input_layers"]),
        "output_layers": _outputs(config["output_layers"], followed),
    }


def _in_sequential(layer: dict[str, Any]) -> dict[str, Any]:
    """Put a rewritten Functional into a Sequential of its name, behind an identity."""
    name = layer["config"]["name"]
    identity = {"name": f"{name}_input", "dtype": "float32", "activation": "linear"}
    return {
        "class_name": "Sequential",
        "config": {
            "name": name,
            "layers": [{"class_name": "Activation", "config": identity}, layer],
        },
    }


def _outputs(outputs: Any, followed: set[str]) -> Any:
    """Rewrite the outputs: calls of sub-models put into a Sequential count from 0."""
    if is_leaf(outputs):
        name, node, tensor = outputs
        return [name, node - 1 if name in followed else node, tensor]
    if isinstance(outputs, dict):
        return {key: _outputs(value, followed) for key, value in outputs.items()}
    return [_outputs(value, followed) for value in outputs]


def _node(node: dict[str, Any], name: str) -> list[list[Any]]:
    """Rewrite one call of a layer: ``[[layer, call, tensor, keywords], ...]``."""
    keywords = {key: value for key, value in node["kwargs"].items() if value is not None}
    keywords.pop("mask", None)
    args = [value for value in node["args"] if value is not None]
    simple = len(args) == 1 and (
        history(args[0]) is not None
        or (isinstance(args[0], list | tuple) and all(history(item) for item in args[0]))
    )
    if not simple or any(True for _ in tensors(keywords)):
        raise ValueError(
            f"Expected every layer to be called on one tensor or one list of tensors. Received: "
            f"a call of {name!r} with {len(args)} positional arguments and the keywords "
            f"{sorted(keywords)}. Call it on one list, or do that step outside the graph."
        )
    return [[*tensor, _plain(keywords)] for tensor in tensors(args)]


def _layer(entry: dict[str, Any]) -> dict[str, Any]:
    """Rewrite the description of one layer or sub-model."""
    class_name, config = entry["class_name"], entry["config"]
    if class_name == "Functional":
        return {"class_name": "Functional", "config": _functional(config)}
    if class_name == "Sequential":
        return {"class_name": "Sequential", "config": _sequential(config, nested=True)}
    neutral = {**_KERAS_3_SETTINGS[""], **_KERAS_3_SETTINGS.get(class_name, {})}
    result = {}
    for key, value in config.items():
        if key in neutral:
            if value != neutral[key]:
                raise ValueError(
                    f"Expected settings that Keras 2 knows as well. Received: {class_name} "
                    f"{config['name']!r} with {key}={value!r}. Build the published graph "
                    "without it; ReLU(negative_slope=...) stands for LeakyReLU."
                )
        elif key == "batch_shape":
            result["batch_input_shape"] = _plain(value)
        elif key == "dtype":
            result["dtype"] = _dtype(value, config["name"])
        elif key == "trainable":
            result["trainable"] = True
        else:
            result[key] = _plain(value)
    return {"class_name": class_name, "config": result}


def _dtype(value: Any, name: str) -> str:
    """Return the plain dtype of a layer; half and mixed precision become float32."""
    if isinstance(value, dict):
        if value["class_name"] != "DTypePolicy":
            raise ValueError(
                f"Expected float weights. Received: layer {name!r} with {value['class_name']}. "
                "Export the network before quantising it."
            )
        value = value["config"]["name"]
    return "float32" if value.startswith("mixed_") or value in ("float16", "bfloat16") else value


def _plain(value: Any) -> Any:
    """Rewrite a setting: class paths go, layers inside wrappers keep theirs."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__numpy__":
        return value["config"]["value"]
    if value.get("class_name") in GRAPH_CLASSES and "config" in value:
        inner = _layer(value)
        if inner["class_name"] == "Functional":
            inner = _in_sequential(inner)
        return {**inner, "module": "keras", "registered_name": None}
    if str(value.get("module")).startswith("keras.layers"):
        return {**_layer(value), "module": "keras.layers", "registered_name": None}
    if "class_name" in value and "config" in value:
        config = {
            key: item for key, item in value["config"].items() if key not in _INITIALIZER_KEYS
        }
        return {"class_name": value["class_name"], "config": _plain(config)}
    return {key: _plain(item) for key, item in value.items()}
