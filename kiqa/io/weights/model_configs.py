"""From the config in a ``.h5`` file to a model, without running code from it.

`build_model` makes a fresh, uncompiled model of a config of Keras 2 or
Keras 3; `foreign_parts` finds what such a config must not hold.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

GRAPH_CLASSES = ("Functional", "Model", "Sequential")
_UNSAFE_CLASSES = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")


def build_model(config: dict[str, Any]) -> "keras.Model":
    """Build a model, with fresh weights, from the config of an ``.h5`` file.

    Args:
        config: ``{"class_name": ..., "config": ...}`` as Keras 2, Keras 3 or
            `keras2_config` wrote it.

    Returns:
        Uncompiled ``keras.Model``.

    Raises:
        ValueError: If the config holds code (`Lambda`) or classes from
            outside Keras, or cannot be rebuilt.
    """
    import keras

    if not isinstance(config, dict) or config.get("class_name") not in GRAPH_CLASSES:
        name = config.get("class_name") if isinstance(config, dict) else type(config).__name__
        raise ValueError(
            f"Expected a Functional or Sequential model. Received: {name!r}. Save a model made "
            "of stock Keras layers."
        )
    refused = sorted(
        set(foreign_parts(config["config"], str(config["config"].get("name", "model"))))
    )
    if refused:
        raise ValueError(
            f"Expected stock Keras layers only. Received: {'; '.join(refused)}. Such a file "
            "can run its author's code or needs their classes, and is not opened. Save it again "
            "with stock layers in its place."
        )
    kind = keras.Sequential if config["class_name"] == "Sequential" else keras.Model
    graph = dict(config["config"])
    for key in ("input_layers", "output_layers"):
        if key in graph and len(graph[key]) == 1 and isinstance(graph[key], list):
            graph[key] = graph[key][0]  # Keras 2's list of one makes every call in Keras 3 warn
    try:
        return kind.from_config(graph)
    except Exception as error:  # Keras raises whatever its layers raise
        raise ValueError(
            f"Expected a model that Keras {keras.__version__} can rebuild. Received: {error}. "
            "Load it with the Keras that saved it, and rebuild it with layers of keras.layers."
        ) from error


def foreign_parts(value: Any, owner: str) -> Iterator[str]:
    """Yield "'owner' (why)" for everything in a config that holds or needs foreign code."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from foreign_parts(item, owner)
        return
    if not isinstance(value, dict):
        return
    class_name = value.get("class_name")
    inner = value.get("config")
    if isinstance(class_name, str) and "config" in value:
        if isinstance(inner, dict):
            owner = str(value.get("name") or inner.get("name") or owner)
        module = value.get("module")
        if class_name in _UNSAFE_CLASSES or class_name == "__lambda__":
            yield f"{owner!r} ({class_name})"
            return
        elif module and module.split(".")[0] != "keras":
            yield f"{owner!r} ({class_name} of {module})"
        elif ">" in str(value.get("registered_name") or ""):
            yield f"{owner!r} ({value['registered_name']})"
    for item in value.values():
        yield from foreign_parts(item, owner)
