"""From the config in a ``.h5`` file to a model, without running code from it.

`checked_config` takes of a config, of Keras 2 or Keras 3, what
`kiqa.io.weights.allowed` lists, in canonical spelling, and refuses the rest;
`build_model` makes a fresh, uncompiled model of it, whose weights take memory
only when they have been compared with a file; `planned_model` one whose weights
never do, nor do those of whatever is built in `without_memory`.

Public names: `checked_config`, `build_model`, `planned_model`,
`without_memory`, `GRAPH_CLASSES`.
"""

import contextlib
import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from kiqa.io.weights.allowed import LAYERS, LONGEST_NAME, SettingError, is_number, setting

if TYPE_CHECKING:
    import keras

GRAPH_CLASSES = ("Functional", "Model", "Sequential")
_LARGEST_GRAPH = 20_000  # calls of layers
_DEEPEST_GRAPH = 16  # models within models
_LARGEST_INPUT = 1 << 28  # numbers
_SHOWN = 12
# The settings that draw most of a network's start.
_DRAWN = dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "Dense"), "kernel_initializer")
_DRAWN["DepthwiseConv2D"] = "depthwise_initializer"
_WAITING = "uninitialized_variables"  # Keras's name of its list, one for each thread
_CALL_SETTINGS = ("initial_state", "mask", "training")
_LAYER_MODULES = ("keras.layers",)
_GRAPH_MODULES = {
    "Functional": "keras.src.models.functional",
    "Model": "keras",
    "Sequential": "keras",
}
# Where graphs of layers have lived in the versions of Keras.
_GRAPH_HOMES = tuple(
    f"keras{part}"
    for part in (
        *("", ".models", ".src.models.functional", ".src.models.sequential", ".src.models.model"),
        *(".src.engine.functional", ".src.engine.sequential", ".engine.functional"),
    )
)


def checked_config(config: Any) -> dict[str, Any]:
    """Take from a config what a network of numbers needs.

    Args:
        config: ``{"class_name": ..., "config": ...}`` as Keras 2, Keras 3 or
            `kiqa.io.weights.dialect.keras2_config` wrote it.

    Returns:
        The same in canonical spelling, made of checked parts only.

    Raises:
        ValueError: If it is no graph of layers, holds anything that
            `kiqa.io.weights.allowed` does not list (the message names the
            layers), or is larger than any network.
    """
    if not isinstance(config, dict) or config.get("class_name") not in GRAPH_CLASSES:
        name = config.get("class_name") if isinstance(config, dict) else type(config).__name__
        raise ValueError(
            f"Expected a Functional or Sequential model. Received: {str(name)[:80]!r}. Save a "
            "model made of stock Keras layers."
        )
    reader = _Reader()
    try:
        graph, calls = reader.graph(config["class_name"], config.get("config"), 0)
    except RecursionError:
        reader.faults.append("a config that is nested too deeply")
        graph, calls = {}, 0
    if calls > _LARGEST_GRAPH:
        reader.faults.append(f"{calls} calls of layers, of {_LARGEST_GRAPH} at most")
    if reader.faults:
        found = list(dict.fromkeys(reader.faults))
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise ValueError(
            f"Expected stock Keras layers only, with numbers as their settings. Received: "
            f"{'; '.join(found[:_SHOWN])}{more}. Such a file can run its author's code, open other "
            "files or need other programs, and is not opened. Save it again with stock layers in "
            "its place (docs/reliability.md lists them)."
        )
    return {"class_name": config["class_name"], "config": graph}


def build_model(
    config: dict[str, Any], check: "Callable[[keras.Model], None] | None" = None
) -> "keras.Model":
    """Build a model from the config of an ``.h5`` file, whose weights are still to be set.

    Most of them are zeros: drawing them took a third of the time. The layers
    have the initializers of the config all the same.

    Args:
        config: As for `checked_config`.
        check: Looks at the weights' names and shapes before any of them takes
            memory; what it raises ends the building.

    Returns:
        Uncompiled ``keras.Model``.

    Raises:
        ValueError: As `checked_config`; or if it cannot be rebuilt.
    """
    checked = checked_config(config)
    with without_memory() as scope:
        model = _built(checked)
        if check:
            check(model)
        scope.initialize_variables = True
    return model


def planned_model(config: dict[str, Any]) -> "keras.Model":
    """Build a model whose weights have names and shapes, but no memory.

    Args:
        config: As for `checked_config`.

    Returns:
        Model to look at; it cannot be called.

    Raises:
        ValueError: As `build_model`.
    """
    checked = checked_config(config)
    with without_memory():
        return _built(checked)


@contextlib.contextmanager
def without_memory() -> "Iterator[keras.StatelessScope]":
    """Networks built in it have weights with names and shapes, but no memory: to look at.

    Yields:
        Keras's scope. Its ``initialize_variables`` set to true gives them memory
        at the end, by their initializers.
    """
    import keras

    # Private; no public way forgets them.
    from keras.src.backend.common import global_state

    # Keras would remember the weights, and give them memory at the end of any such scope.
    others = global_state.get_global_attribute(_WAITING) or []
    global_state.set_global_attribute(_WAITING, [])
    try:
        with keras.StatelessScope(initialize_variables=False) as scope:
            yield scope
    finally:
        global_state.set_global_attribute(_WAITING, others)


def _built(config):
    """A model of a checked config, its classes from our own list."""
    import keras

    # Private; a program's `keras.config.enable_unsafe_deserialization` outranks all public ways.
    from keras.src.saving.serialization_lib import SafeModeScope

    classes = {name: getattr(keras.layers, name) for name in LAYERS if hasattr(keras.layers, name)}
    kind = keras.Sequential if config["class_name"] == "Sequential" else keras.Model
    graph = copy.deepcopy(config["config"])  # Keras takes it apart
    for key in ("input_layers", "output_layers"):
        if key in graph and len(graph[key]) == 1 and isinstance(graph[key], list):
            graph[key] = graph[key][0]  # Keras 2's list of one makes every call in Keras 3 warn
    drawn = _undrawn(graph)
    try:
        with SafeModeScope(True):
            model = kind.from_config(graph, custom_objects=classes)
            for names, key, initializer in drawn:
                layer = model
                for name in names:
                    layer = layer.get_layer(name)
                setattr(layer, key, keras.initializers.get(initializer))
            return model
    except Exception as error:  # Keras raises whatever its layers raise
        raise ValueError(
            f"Expected a model that Keras {keras.__version__} can rebuild. Received: {error}. "
            "Load it with the Keras that saved it, and rebuild it with layers of keras.layers."
        ) from error


def _undrawn(graph, within=()):
    """Put zeros in place of initializers; the layers' names, keys and initializers."""
    found = []
    for entry in graph["layers"]:
        kind, config = entry["class_name"], entry["config"]
        names = (*within, config.get("name"))
        if kind in GRAPH_CLASSES:
            found += _undrawn(config, names)
        elif isinstance(config.get(key := _DRAWN.get(kind, "")), dict):
            found.append((names, key, config[key]))
            config[key] = {**config[key], "class_name": "Zeros", "config": {}}
    return found


class _Reader:
    """Goes through a config, copies what is allowed and notes the rest in ``faults``."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def graph(self, class_name: str, config: Any, depth: int) -> tuple[dict[str, Any], int]:
        """Return a graph's checked config and how many calls of layers it takes."""
        if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
            kind = type(config).__name__
            raise ValueError(
                f"Expected the config of a {class_name} with its layers. Received: {kind!r}. Save "
                "the model again with a newer Keras."
            )
        name = _name(config, class_name)
        if depth > _DEEPEST_GRAPH:
            self.faults.append(f"{name!r} ({depth} models within models)")
            return {}, 0
        known = {"layers", "input_layers", "output_layers"}
        kept = self.settings(name, class_name, config, leave=known)
        if class_name != "Sequential":
            for key in ("input_layers", "output_layers"):
                kept[key] = config.get(key)
                if not _is_nest(kept[key]):
                    self.faults.append(f"{name!r} ({key})")
        calls, kept["layers"] = 0, []
        for entry in config["layers"]:
            layer, count = self.layer(entry, name, depth)
            calls += count
            kept["layers"].append(layer)
            if calls > _LARGEST_GRAPH or len(self.faults) > _SHOWN:
                break
        return kept, calls

    def layer(
        self, entry: Any, owner: str, depth: int, *, wrapped: bool = False
    ) -> tuple[dict[str, Any], int]:
        """Return one checked layer of a graph, or in a wrapper, and its calls."""
        if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
            self.faults.append(f"{owner!r} (a layer without config)")
            return {}, 1
        class_name, config = str(entry.get("class_name")), entry["config"]
        name = _name(entry, _name(config, owner))
        graph = class_name in GRAPH_CLASSES
        module = entry.get("module")
        homes = _GRAPH_HOMES if graph else _LAYER_MODULES
        if not graph and class_name not in LAYERS:
            self.faults.append(f"{name!r} ({class_name[:60]})")
            return {}, 1
        if module is not None and module not in homes:
            self.faults.append(f"{name!r} ({class_name} of {str(module)[:60]})")
        if entry.get("registered_name") not in (None, class_name):
            self.faults.append(f"{name!r} ({str(entry['registered_name'])[:60]})")
        result: dict[str, Any] = {"class_name": class_name}
        if graph:
            result["config"], calls = self.graph(class_name, config, depth + 1)
        else:
            result["config"], calls = self._of_layer(name, class_name, config, depth)
        if wrapped or module is not None and not graph:
            result["module"] = _GRAPH_MODULES[class_name] if graph else "keras.layers"
            result["registered_name"] = None
        if "name" in entry:
            result["name"] = name
        if "inbound_nodes" in entry:
            nodes = entry["inbound_nodes"]
            result["inbound_nodes"] = [self.node(node, name) for node in _listed(nodes)]
            calls *= (1 if graph else 0) + max(len(result["inbound_nodes"]), 1)
        return result, calls

    def _of_layer(self, name, class_name, config, depth):
        """Settings of a layer; those of wrappers are layers."""
        inner = {key for key in ("layer", "backward_layer") if config.get(key) is not None}
        if not inner:
            return self.settings(name, class_name, config), 1
        if class_name not in ("Bidirectional", "TimeDistributed"):
            self.faults.append(f"{name!r} ({class_name} with a layer in it)")
            return {}, 1
        kept, calls = self.settings(name, class_name, config, leave=inner), 1
        if depth > _DEEPEST_GRAPH:
            self.faults.append(f"{name!r} ({depth} layers within layers)")
            return kept, calls
        for key in inner:
            kept[key], count = self.layer(config[key], name, depth + 1, wrapped=True)
            calls += count
        return kept, calls

    def settings(self, name, class_name, config, *, leave=frozenset()):
        """Checked settings of a layer or graph."""
        kept = {}
        for key, value in config.items():
            if key in leave or key in ("layer", "backward_layer") and value is None:
                continue
            try:
                kept[key] = setting(key, value)
            except SettingError as error:
                self.faults.append(f"{name!r} ({class_name} with {error})")
        size = 1
        for side in _listed(kept.get("batch_shape", kept.get("batch_input_shape")) or []):
            size *= side if isinstance(side, int) else 1
        if size > _LARGEST_INPUT:
            self.faults.append(f"{name!r} (an input of {size} numbers)")
        return kept

    def node(self, node, name):
        """Return one checked call of a layer, in either dialect."""
        if isinstance(node, dict):
            args, keywords = node.get("args"), node.get("kwargs")
            if isinstance(args, list) and _is_argument(args) and self._keywords(keywords, name):
                return {"args": args, "kwargs": keywords}
        elif isinstance(node, list):
            if all(
                isinstance(tensor, list)
                and _is_tensor(tensor[:3])
                and len(tensor) <= 4
                and (len(tensor) == 3 or self._keywords(tensor[3], name))
                for tensor in node
            ):
                return node
        self.faults.append(f"{name!r} (a call that is no call on tensors)")
        return []

    def _keywords(self, keywords, name):
        if not isinstance(keywords, dict):
            return False
        wrong = [
            key
            for key, value in keywords.items()
            if key not in _CALL_SETTINGS or not _is_argument(value)
        ]
        self.faults.extend(f"{name!r} (called with {key[:60]})" for key in wrong)
        return True


def _name(config, otherwise):
    name = config.get("name")
    return name[:LONGEST_NAME] if isinstance(name, str) and name else otherwise


def _listed(value):
    return value if isinstance(value, list | tuple) else []


def _is_tensor(value):
    """Tell ``[layer, call, tensor]``."""
    return (
        isinstance(value, list | tuple)
        and len(value) == 3
        and isinstance(value[0], str)
        and all(type(number) is int and 0 <= number <= _LARGEST_GRAPH for number in value[1:])
    )


def _is_nest(value):
    """Tell ends of a graph: tensors, or lists or dicts of them."""
    if isinstance(value, dict):
        return all(_is_nest(item) for item in value.values())
    if _is_tensor(value):
        return True
    return isinstance(value, list | tuple) and all(_is_nest(item) for item in value)


def _is_argument(value):
    """Tell what a layer may be called on: tensors, numbers, and lists of these."""
    if isinstance(value, list | tuple):
        return all(_is_argument(item) for item in value)
    if not isinstance(value, dict):
        return is_number(value)
    settings = value.get("config")
    return (
        value.get("class_name") == "__keras_tensor__"
        and isinstance(settings, dict)
        and is_number(settings.get("shape"), 1 << 31)
        and isinstance(settings.get("dtype"), str)
        and _is_tensor(settings.get("keras_history"))
    )
